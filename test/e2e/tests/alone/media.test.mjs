// Picture and sound, through the page's own controls: everyone decodes frames of everyone else and hears them.

import assert from 'node:assert/strict'
import { allReceiveAll, enter, enterByLobby, heardAndSeen, seesPeople, sumOf } from '../../harness/people.mjs'
import { scene } from '../../harness/scene.mjs'
import { PATIENCE, pause } from '../../harness/until.mjs'

const SECONDS = 10

scene(
  'three Chromium pages that joined by lobby and preview decode each other’s frames, rising every second for 10 s, and hear each other',
  { within: 120_000 },
  async (stage) => {
    const server = await stage.serve()
    const browser = await stage.chromium()
    const tabs = []
    for (const name of ['Ada', 'Ben', 'Cy']) {
      const tab = await browser.tab(name)
      await enterByLobby(tab, server, { room: 'media', name })
      tabs.push(tab)
    }
    for (const tab of tabs) await seesPeople(tab, 2)
    await receiveWithoutStop(tabs)
    for (const tab of tabs) assert.deepEqual(tab.errors, [], `${tab.label} threw`)
  },
)

scene(
  'a Firefox page and three Chromium pages in one room decode each other’s frames, rising every second for 10 s, and hear each other',
  { within: 180_000 },
  async (stage) => {
    const server = await stage.serve()
    const [chromium, firefox] = await Promise.all([stage.chromium(), stage.firefox()])
    const tabs = [await firefox.tab('Fay')]
    await enterByLobby(tabs[0], server, { room: 'media', name: 'Fay', within: 30_000 })
    for (const name of ['Ada', 'Ben', 'Cy']) {
      const tab = await chromium.tab(name)
      await enter(tab, server, { room: 'media', name })
      tabs.push(tab)
    }
    for (const tab of tabs) await seesPeople(tab, 3)
    await receiveWithoutStop(tabs)
    for (const tab of tabs) assert.deepEqual(tab.errors, [], `${tab.label} threw`)
  },
)

// Frames of each other one rise in every second, and the sound that came has energy in it. The devices' fake microphone
// beeps once a second or so: energy is compared over the whole time, the samples in every second.
async function receiveWithoutStop(tabs) {
  const ids = await allReceiveAll(tabs)
  const series = tabs.map(() => [])
  const start = performance.now()
  for (let second = 0; second <= SECONDS; second++) {
    await pause(Math.max(0, start + second * 1000 * PATIENCE - performance.now()))
    const now = await Promise.all(tabs.map(heardAndSeen))
    now.forEach((people, i) => series[i].push(people))
  }
  for (const [i, tab] of tabs.entries()) {
    for (const [j, id] of ids.entries()) {
      if (i === j) continue
      const seen = series[i].map((people) => sumOf(people[id]))
      const what = `${tab.label} of ${tabs[j].label}: ${JSON.stringify(seen)}`
      for (let second = 1; second < seen.length; second++) {
        const before = seen[second - 1]
        const now = seen[second]
        assert.ok(now.frames > before.frames, `no frame was decoded in second ${second} by ${what}`)
        assert.ok(now.samples > before.samples, `no sound came in second ${second} to ${what}`)
      }
      assert.ok(seen.at(-1).energy - seen[0].energy > 1e-5, `nothing but silence came in ${SECONDS} s to ${what}`)
    }
  }
}
