// Slots: what they show changes without SDP, and nobody's picture is ever under another's name. Everyone here has a camera
// of one colour, and is called like it.

import assert from 'node:assert/strict'
import { COLOURS, watch, welcomeGuests } from '../harness/colours.mjs'
import { allReceiveAll, enter, sdpCount, seesPeople } from '../harness/people.mjs'
import { scene } from '../harness/scene.mjs'
import { pause, until } from '../harness/until.mjs'

const camera = (name) => ({ colour: COLOURS[name], video: { width: 160, height: 90, fps: 10 } })

async function three(stage) {
  const server = await stage.serve()
  const browser = await stage.chromium()
  const tabs = []
  for (const name of ['red', 'green', 'blue']) {
    const tab = await browser.tab(name, { probe: camera(name) })
    await enter(tab, server, { room: 'slots', name })
    tabs.push(tab)
  }
  for (const tab of tabs) await seesPeople(tab, 2)
  await allReceiveAll(tabs)
  return { server, browser, tabs }
}

// The pool of slots may still be growing for those who came last: that is SDP, but not the fourth person's.
function quietSdp(tabs) {
  let before
  let since = performance.now()
  return until(
    'no SDP is exchanged for 2 s',
    async () => {
      const now = JSON.stringify(await Promise.all(tabs.map(sdpCount)))
      if (now !== before) since = performance.now()
      before = now
      return performance.now() - since > 2_000
    },
    { within: 20_000, detail: async () => Promise.all(tabs.map(sdpCount)) },
  )
}

scene(
  'with three people in a room a fourth joins and leaves, and the three exchange no SDP at all',
  { within: 120_000 },
  async (stage) => {
    const { server, browser, tabs } = await three(stage)
    await quietSdp(tabs)
    const before = await Promise.all(tabs.map(sdpCount))

    const fourth = await browser.tab('yellow', { probe: camera('yellow') })
    await enter(fourth, server, { room: 'slots', name: 'yellow' })
    await allReceiveAll([...tabs, fourth])
    await fourth.click('leave')
    for (const tab of tabs) await seesPeople(tab, 2, { within: 5_000 })
    // Whatever would be negotiated because of it has had the time to be.
    await pause(3_000)

    const after = await Promise.all(tabs.map(sdpCount))
    assert.deepEqual(after, before, 'SDP was set at one of the three though only a fourth came and went')
    assert.ok(
      before.every(({ local, remote }) => local >= 1 && remote >= 1),
      'the probe counts SDP',
    )
  },
)

scene(
  'nobody’s picture is shown under another’s name, in any frame of 20 comings and goings that rebind slots',
  { within: 200_000 },
  async (stage) => {
    const { server, browser, tabs } = await three(stage)
    for (const tab of tabs) await tab.evaluate(watch, COLOURS)

    // Guests share one page, so that twenty of them cost no more than the slots they are shown in.
    const host = await browser.tab('guests')
    await host.goto(`${server.url}/`)
    await host.evaluate(welcomeGuests)
    const colours = ['yellow', 'cyan', 'magenta']
    const here = []
    for (let step = 0; step < 20; step++) {
      // The oldest leaves first: its slot then goes to one of another colour.
      if (here.length >= 2) await host.evaluate((name) => window.__guests.leave(name), here.shift())
      const name = colours[step % colours.length]
      for (const tab of tabs) await tab.evaluate((n) => (window.__watch.shown[n] = 0), name)
      await host.evaluate(([n, rgb]) => window.__guests.join('slots', n, rgb), [name, COLOURS[name]])
      here.push(name)
      for (const tab of tabs) {
        await until(
          `${tab.label} sees the colour of ${name} (step ${step})`,
          () => tab.evaluate((n) => window.__watch.shown[n] >= 3, name),
          {
            within: 15_000,
            detail: async () => ({ watch: await tab.evaluate(() => window.__watch), ...(await tab.account()) }),
          },
        )
      }
    }
    for (const tab of tabs) {
      const seen = await tab.evaluate(() => window.__watch)
      assert.deepEqual(seen.wrong, [], `${tab.label} showed one person’s picture under another’s name`)
      assert.deepEqual(seen.odd, [], `${tab.label} showed a picture that is nobody’s`)
      assert.ok(seen.looks > 200, `${tab.label} was looked at ${seen.looks} times only`)
      const rebound = Object.values(seen.slots).filter((names) => names.length > 1)
      assert.ok(rebound.length > 0, `no slot of ${tab.label} ever changed its owner: ${JSON.stringify(seen.slots)}`)
      for (const name of colours) assert.ok(seen.shown[name] > 0, `${tab.label} never showed ${name}`)
    }
  },
)
