// What those can do who may moderate a room, and what it looks like for others: one room, from its opening to its end.

import assert from 'node:assert/strict'
import { enter, inRoom, openPreview, seesPeople } from '../../harness/people.mjs'
import { scene } from '../../harness/scene.mjs'
import { until } from '../../harness/until.mjs'

// What is in the menu of a host.
async function choose(tab, testid) {
  await tab.click('more')
  await tab.click(testid)
}

const announced = (tab, pattern) =>
  until(
    `a screen reader of ${tab.label} says ${pattern}`,
    () =>
      tab.evaluate(
        (source) =>
          [...document.querySelectorAll('[role="status"].unseen')].some((e) => new RegExp(source).test(e.textContent)),
        pattern.source,
      ),
    { within: 10_000, detail: () => tab.account() },
  )

const ended = async (tab, code) => {
  await tab.see('ended')
  assert.equal(await tab.attribute('ended', 'data-reason'), code, `how it ended for ${tab.label}`)
}

scene('who opens a room lets people in, removes, locks and ends it', { within: 90_000 }, async (stage) => {
  const server = await stage.serve()
  const browser = await stage.chromium({ devices: false })
  const [ada, ben] = [await browser.tab('Ada'), await browser.tab('Ben')]
  const room = 'moderated'
  const knock = async () => {
    await openPreview(ben, server, { room, name: 'Ben' })
    await ben.click('join')
  }
  await enter(ada, server, { room, name: 'Ada' })
  await choose(ada, 'lobby-switch')
  await until('the lobby is on', () => ada.evaluate(() => window.parlor.hasLobby), { within: 5_000 })

  await knock()
  await ben.see('waiting')
  assert.equal(await ben.attribute('waiting', 'data-attended'), 'true')
  await announced(ada, /Ben wants to come in/)
  assert.match(await ada.text('knocks'), /Ben/)
  await ada.click('admit')
  await inRoom(ben)
  await seesPeople(ada, 1)
  assert.equal(await ada.count('knocks'), 0, 'nobody waits any more')
  assert.equal(await ben.count('lock'), 0, 'a guest has no menu of a host')

  await choose(ada, 'lock')
  await ben.see('locked')
  await announced(ben, /Ada locked the room/)

  await ada.click('people-toggle')
  await ada.click('remove')
  await ada.see('confirm')
  await ada.press('Escape')
  assert.equal(await ada.count('confirm'), 0, 'Esc takes it back')
  await seesPeople(ada, 1)
  await ada.click('remove')
  await ada.click('yes')
  await ended(ben, 'removed')
  await seesPeople(ada, 0)

  await knock()
  await ended(ben, 'room_locked')
  await choose(ada, 'lock')
  await until('it is open', async () => (await ada.count('locked')) === 0, { within: 5_000 })
  await ben.click('rejoin')
  await ben.see('waiting')
  await ada.click('deny')
  await ended(ben, 'denied')

  await ben.click('rejoin')
  await ben.see('waiting')
  await choose(ada, 'end-for-all')
  await ada.click('yes')
  await ended(ada, 'ended')
  await ended(ben, 'room_closed')
})
