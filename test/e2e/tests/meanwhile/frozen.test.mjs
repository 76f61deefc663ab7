// A page that stands still for longer than the server waits for anybody. It takes its time and nothing else, so it runs while
// the other tests do.

import assert from 'node:assert/strict'
import { enterBySdk, ownId } from '../../harness/people.mjs'
import { scene } from '../../harness/scene.mjs'
import { carriedBy, chatter, heardOf, hush, longestSilence, received } from '../../harness/talk.mjs'
import { until, pause } from '../../harness/until.mjs'

const people = (tab) => tab.evaluate(() => [...window.parlor.participants.keys()])

// Somebody who has no time may freeze for less; it must be longer than the server takes to give people up for lost.
const FROZEN = 1000 * Number(process.env.E2E_FROZEN_SECONDS ?? 90)

// Case 42 of the data plane.
scene(
  `a page that was frozen for ${FROZEN / 1000} s is the same person when it thaws, and gets everything that was said meanwhile`,
  { within: 90_000 + FROZEN },
  async (stage) => {
    const server = await stage.serve()
    const [browser, sleeper] = await Promise.all([stage.chromium(), stage.chromium()])
    const [ada, ben] = [await browser.tab('Ada'), await browser.tab('Ben', { probe: { noWebRTC: true } })]
    const frozen = [await sleeper.tab('Fay'), await sleeper.tab('Fred', { probe: { noWebRTC: true } })]
    const tabs = [ada, ben, ...frozen]
    for (const tab of tabs) await enterBySdk(tab, server, { room: 'frozen' })
    for (const tab of [ada, frozen[0]]) await carriedBy(tab, 'webrtc')
    const ids = await Promise.all(frozen.map(ownId))
    await chatter(tabs, 20)
    for (const tab of tabs) await received(tab, 60)

    await sleeper.freeze()
    const before = await ada.evaluate(() => window.__talk.heard.length)
    await pause(FROZEN)
    assert.ok((await ada.evaluate(() => window.__talk.heard.length)) > before + FROZEN / 75, 'the others went on')
    sleeper.thaw()

    for (const tab of [ada, ben]) {
      await until(
        `${tab.label} has those who were frozen back`,
        async () => (await people(tab)).filter((id) => ids.includes(id)).length === 2,
        { within: 10_000, detail: async () => ({ ids, sees: await people(tab), heard: await heardOf(tab) }) },
      )
    }
    await hush(tabs)
    for (const tab of frozen) {
      const stood = await longestSilence(tab)
      assert.ok(stood > FROZEN - 5_000, `${tab.label} was not frozen: it heard something after ${stood} ms`)
      assert.deepEqual((await heardOf(tab)).resets, [], `${tab.label} lost what was said meanwhile`)
      assert.ok(ids.includes(await ownId(tab)), `${tab.label} is somebody else now`)
    }
    await carriedBy(frozen[0], 'webrtc', { within: 30_000 })
  },
)
