// What one can do with the tiles: make one large, turn pages, do without pictures, mute somebody.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { allReceiveAll, enter, ownId, seesPeople, tiles } from '../harness/people.mjs'
import { scene } from '../harness/scene.mjs'
import { until } from '../harness/until.mjs'

const SECRET = 'only for tests and read by everybody'

// Ada may do everything, Ben what everybody may.
async function two(stage) {
  const server = await stage.serve({ args: ['--keys', `test:${SECRET}`] })
  const browser = await stage.chromium()
  const [ada, ben] = [await browser.tab('Ada'), await browser.tab('Ben')]
  const grants = ['--room', 'tiles', '--identity', 'ada', '--grant', 'publish,subscribe,data,admin']
  const token = execFileSync(server.binary, ['token', '--key', 'test', '--secret', SECRET, ...grants])
  await enter(ada, server, { room: 'tiles', name: 'Ada', query: `#token=${String(token).trim()}` })
  await enter(ben, server, { room: 'tiles', name: 'Ben' })
  await seesPeople(ada, 1)
  await allReceiveAll([ada, ben])
  return { ada, ben, adaId: await ownId(ada), benId: await ownId(ben) }
}

const layout = (tab) => tab.attribute('stage', 'data-layout')
const tileOf = (id) => `[data-testid="stage"] [data-participant="${id}"]`
const inTile = (id, testid) => `${tileOf(id)} [data-testid="${testid}"]`

const pictures = async (tab) =>
  (await tab.evaluate(() => window.__probe.flows()))
    .filter((f) => f.way === 'in' && f.kind === 'video')
    .reduce((sum, f) => sum + f.packets, 0)

scene('a double click makes a tile large, and the keyboard makes it small again', { within: 90_000 }, async (stage) => {
  const { ada, benId } = await two(stage)
  assert.equal(await layout(ada), 'grid')
  await ada.page.dblclick(tileOf(benId))
  await until('Ben is large', async () => (await layout(ada)) === 'spotlight', { within: 3_000 })
  assert.equal(await ada.evaluate((id) => window.parlor.participants.get(id).getTrack('camera').pinned, benId), true)

  await ada.page.focus(inTile(benId, 'pin'))
  await until(
    'the focused button can be seen',
    () =>
      ada.evaluate(
        (s) => getComputedStyle(document.querySelector(s).parentElement).opacity === '1',
        inTile(benId, 'pin'),
      ),
    { within: 3_000 },
  )
  await ada.press('Enter')
  await until('Ben is as large as others', async () => (await layout(ada)) === 'grid', { within: 3_000 })
  assert.equal(await ada.evaluate((id) => window.parlor.participants.get(id).getTrack('camera').pinned, benId), false)
})

scene('with sound only no pictures of others come, and they come again', { within: 90_000 }, async (stage) => {
  const { ada, benId } = await two(stage)
  const shown = async () => (await tiles(ada)).find((t) => t.id === benId)?.video
  await ada.click('network')
  await ada.click('audio-only')
  await until('Ben’s picture is gone', async () => (await shown()) === 'off', { within: 3_000 })
  let last
  await until(
    'no more packets of pictures come',
    async () => {
      const before = last
      last = await pictures(ada)
      return last === before
    },
    { within: 10_000, every: 1_000 },
  )
  assert.match((await ada.text('banner')) ?? '', /sound only/i)
  await ada.click('audio-only')
  await until('Ben’s picture is back', async () => (await shown()) === 'on' && (await pictures(ada)) > last, {
    within: 5_000,
  })
})

scene('who may mutes somebody, who is told by whom and can unmute', { within: 90_000 }, async (stage) => {
  const { ada, ben, adaId, benId } = await two(stage)
  assert.equal(await ben.evaluate((s) => document.querySelectorAll(s).length, inTile(adaId, 'mute')), 0)
  await ada.page.hover(tileOf(benId))
  await ada.page.click(inTile(benId, 'mute'))
  await until('Ben’s microphone is off', async () => (await ben.attribute('microphone', 'aria-pressed')) === 'false', {
    within: 5_000,
  })
  await ben.seeText('notice', 'Ada muted your microphone', { within: 3_000 })
  await until(
    'Ada cannot mute him again',
    () => ada.evaluate((s) => document.querySelector(s) === null, inTile(benId, 'mute')),
    { within: 3_000 },
  )
  await ben.click('microphone')
  await until(
    'Ada is told that he speaks again',
    () => ada.evaluate((id) => window.parlor.participants.get(id).getTrack('microphone').muted === false, benId),
    { within: 5_000 },
  )
})

scene('more than 25 people are on pages', { within: 90_000 }, async (stage) => {
  const server = await stage.serve()
  const browser = await stage.chromium()
  const ada = await browser.tab('Ada', { viewport: { width: 1440, height: 900 } })
  await enter(ada, server, { room: 'many', name: 'Ada' })
  const crowd = await browser.tab('crowd', { probe: { noWebRTC: true } })
  await crowd.goto(`${server.url}/healthz`)
  await crowd.evaluate(async (count) => {
    const { joinRoom } = await import('/sdk/parlor.js')
    window.__crowd = []
    for (let i = 0; i < count; i++) window.__crowd.push(await joinRoom({ room: 'many', name: `Guest ${i}` }))
  }, 30)
  await ada.seeText('people-count', '31')
  const page = async () => [await ada.attribute('pages', 'data-page'), await ada.attribute('pages', 'data-of')]
  await until('there are two pages', async () => (await page()).join() === '1,2', { within: 5_000, detail: page })
  const first = (await tiles(ada)).map((t) => t.id)
  assert.equal(first.length, 25)
  assert.ok(first.includes(await ownId(ada)), 'oneself is on the first page')
  await ada.click('next-page')
  await until('the second is shown', async () => (await page())[0] === '2', { within: 3_000 })
  const second = (await tiles(ada)).map((t) => t.id)
  assert.equal(second.length, 6)
  assert.ok(
    second.every((id) => !first.includes(id)),
    'nobody is on both',
  )
  // The second page is no more when those on it have left.
  await crowd.evaluate(() => window.__crowd.slice(-8).forEach((room) => room.leave()))
  await until('all fit on one page', async () => (await ada.count('pages')) === 0, { within: 5_000, detail: page })
  assert.equal((await tiles(ada)).length, 23)
})
