// A server that is killed under people who talk all the time, and started again on the same port.

import assert from 'node:assert/strict'
import { enterBySdk } from '../harness/people.mjs'
import { picturesMove, showPictures } from '../harness/pictures.mjs'
import { scene } from '../harness/scene.mjs'
import { carriedBy, chatter, exchange, heardOf, hush, received, stop } from '../harness/talk.mjs'
import { until } from '../harness/until.mjs'

const KINDS = ['webrtc', 'websocket', 'sse']
const TINY = { probe: { video: { width: 160, height: 90, fps: 10 } } }

async function threePeople(stage, server, { video }) {
  const browser = await stage.chromium()
  const tabs = []
  for (const kind of KINDS) {
    const tab = await browser.tab(kind, TINY)
    // Who may not use the data channel still has media.
    const transports = kind === 'webrtc' ? undefined : [kind]
    await enterBySdk(tab, server, { room: 'crash', transports, video }, showPictures)
    tabs.push(tab)
  }
  for (const [i, tab] of tabs.entries()) await carriedBy(tab, KINDS[i])
  return tabs
}

scene(
  'a server with a data-dir that is killed and started again under three people who talk costs nothing that was resolved, and nobody is seen leaving',
  { within: 120_000 },
  async (stage) => {
    const args = ['--data-dir', await stage.folder()]
    const server = await stage.serve({ args })
    const tabs = await threePeople(stage, server, { video: true })
    for (const tab of tabs) await picturesMove(tab, 2)
    await chatter(tabs, 40)
    for (const tab of tabs) await received(tab, 100)
    await server.kill()
    await stage.serve({ args, port: server.port })
    const heard = await Promise.all(tabs.map((tab) => tab.evaluate(() => window.__talk.heard.length)))
    for (const [i, tab] of tabs.entries()) await received(tab, heard[i] + 100, 15_000)
    for (const tab of tabs) await picturesMove(tab, 2)
    for (const [i, tab] of tabs.entries()) await carriedBy(tab, KINDS[i], { within: 30_000 })
    await hush(tabs)
    for (const tab of tabs) {
      const { left, resets } = await heardOf(tab)
      assert.deepEqual({ left, resets }, { left: [], resets: [] }, `${tab.label} saw the crash`)
    }
  },
)

scene(
  'after a server without a data-dir was killed and started again, people are back in the room by themselves, told so by a reset',
  { within: 90_000 },
  async (stage) => {
    const server = await stage.serve()
    const tabs = await threePeople(stage, server, { video: false })
    await chatter(tabs, 40)
    for (const tab of tabs) await received(tab, 100)
    await server.kill()
    await stage.serve({ port: server.port })
    for (const tab of tabs) {
      await until(
        `${tab.label} is back among three`,
        () =>
          tab.evaluate(
            () =>
              window.__talk.resets.length > 0 &&
              window.parlor.connectionState === 'connected' &&
              window.parlor.participants.size === 2,
          ),
        { within: 10_000, detail: () => tab.account() },
      )
    }
    await stop(tabs)
    for (const tab of tabs) {
      const { resets } = await heardOf(tab)
      assert.deepEqual(
        resets.map(({ reason }) => reason),
        ['session_not_found'],
      )
      const failed = await tab.evaluate(() => window.__talk.failed)
      assert.equal(
        failed.length,
        resets[0].unconfirmed,
        `reset told ${tab.label} of others than those whose promises failed`,
      )
      assert.ok(
        failed.every((what) => /unconfirmed/.test(what)),
        `${tab.label}: ${failed}`,
      )
    }
    await exchange(tabs, { each: 100 })
    for (const [i, tab] of tabs.entries()) await carriedBy(tab, KINDS[i], { within: 30_000 })
  },
)
