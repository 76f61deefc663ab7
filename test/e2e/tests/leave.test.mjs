// Going: by the button, by a crash, and by a reload, which is no going at all.

import assert from 'node:assert/strict'
import { allReceiveAll, enter, inRoom, others, ownId, seesPeople, tiles } from '../harness/people.mjs'
import { scene } from '../harness/scene.mjs'
import { pause, until } from '../harness/until.mjs'

async function gone(tabs, id, within) {
  const start = performance.now()
  for (const tab of tabs) {
    await until(`${id} is gone from the grid of ${tab.label}`, async () => !(await others(tab)).includes(id), {
      within: Math.max(0, within - (performance.now() - start)),
      every: 50,
      detail: async () => ({ tiles: await tiles(tab), ...(await tab.account()) }),
    })
  }
  return performance.now() - start
}

scene(
  'a page that leaves by its button vanishes from the others’ grids within 2 s',
  { within: 90_000 },
  async (stage) => {
    const server = await stage.serve()
    const browser = await stage.chromium()
    const tabs = []
    for (const name of ['Ada', 'Ben', 'Cy']) {
      const tab = await browser.tab(name)
      await enter(tab, server, { room: 'leaving', name })
      tabs.push(tab)
    }
    for (const tab of tabs) await seesPeople(tab, 2)
    const id = await ownId(tabs[2])
    await tabs[2].click('leave')
    await gone(tabs.slice(0, 2), id, 2_000)
    await tabs[2].see('ended')
    assert.equal(await tabs[2].attribute('ended', 'data-reason'), 'left')
    assert.deepEqual(await others(tabs[0]), [await ownId(tabs[1])], 'who stayed is still there')
    // One click and back again.
    await tabs[2].click('rejoin')
    await inRoom(tabs[2])
    for (const tab of tabs) await seesPeople(tab, 2)
  },
)

scene('a closed tab vanishes from the others’ grids within 2 s', { within: 60_000 }, async (stage) => {
  const server = await stage.serve()
  const browser = await stage.chromium()
  const [ada, ben] = [await browser.tab('Ada'), await browser.tab('Ben')]
  await enter(ada, server, { room: 'closing', name: 'Ada' })
  await enter(ben, server, { room: 'closing', name: 'Ben' })
  await seesPeople(ada, 1)
  const id = await ownId(ben)
  await ben.page.close({ runBeforeUnload: false })
  await gone([ada], id, 2_000)
})

scene(
  'a page whose browser is killed vanishes from the others’ grids within 15 s',
  { within: 90_000 },
  async (stage) => {
    const server = await stage.serve()
    const [browser, doomed] = await Promise.all([stage.chromium(), stage.chromium()])
    const tabs = []
    for (const name of ['Ada', 'Ben']) {
      const tab = await browser.tab(name)
      await enter(tab, server, { room: 'killing', name })
      tabs.push(tab)
    }
    const victim = await doomed.tab('Cy')
    await enter(victim, server, { room: 'killing', name: 'Cy' })
    for (const tab of tabs) await seesPeople(tab, 2)
    await allReceiveAll([...tabs, victim])
    const id = await ownId(victim)
    await doomed.kill()
    await gone(tabs, id, 15_000)
    assert.deepEqual(await others(tabs[0]), [await ownId(tabs[1])], 'who stayed is still there')
  },
)

scene('a tab that is reloaded comes back as the same one person, never as two', { within: 120_000 }, async (stage) => {
  const server = await stage.serve()
  const browser = await stage.chromium()
  const tabs = []
  for (const name of ['Ada', 'Ben', 'Cy']) {
    const tab = await browser.tab(name)
    await enter(tab, server, { room: 'reloading', name })
    tabs.push(tab)
  }
  for (const tab of tabs) await seesPeople(tab, 2)
  const [ada, ben, cy] = tabs
  const id = await ownId(cy)
  await ada.evaluate(watchPeople, 'Cy')
  await ben.evaluate(watchPeople, 'Cy')
  for (let round = 1; round <= 2; round++) {
    await cy.reload()
    await inRoom(cy)
    assert.equal(await ownId(cy), id, `Cy has another id after reload ${round}`)
    for (const tab of [ada, ben]) {
      await until(`${tab.label} sees Cy again`, async () => (await others(tab)).includes(id), { within: 5_000 })
    }
    await allReceiveAll(tabs)
    // Whatever would come late, like a second Cy or the end of the first, has had the time to.
    await pause(2_000)
    for (const tab of [ada, ben]) {
      const most = await tab.evaluate(() => window.__people.most)
      assert.equal(most, 1, `${tab.label} saw ${most} of Cy at once`)
      assert.equal((await others(tab)).length, 2, `${tab.label} sees two others`)
    }
  }
  // Longer than a silent session is kept: the one before the reload must not take the new one along.
  await pause(14_000)
  for (const tab of [ada, ben]) assert.ok((await others(tab)).includes(id), `${tab.label} lost Cy after a while`)
})

// In the page: the most people of this name that there were at any one moment, in the grid or in the SDK's list.
function watchPeople(name) {
  window.__people = { most: 0 }
  const count = () => {
    const listed = [...window.parlor.participants.values()].filter((p) => p.name === name).length
    const shown = [...document.querySelectorAll('[data-testid="stage"] [data-participant]')].filter(
      (tile) => tile.dataset.kind !== 'screen' && tile.innerText.includes(name),
    ).length
    window.__people.most = Math.max(window.__people.most, listed, shown)
    requestAnimationFrame(count)
  }
  count()
}
