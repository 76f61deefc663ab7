// A server that is killed under people who talk all the time, and started again on the same port.

import assert from 'node:assert/strict'
import { enterBySdk } from '../../harness/people.mjs'
import { picturesMove, showPictures } from '../../harness/pictures.mjs'
import { scene } from '../../harness/scene.mjs'
import { carriedBy, chatter, exchange, heardOf, hush, received, stop } from '../../harness/talk.mjs'
import { pause, until } from '../../harness/until.mjs'

const TINY = { probe: { video: { width: 160, height: 90, fps: 10 } } }
const OLD = { probe: { noWebRTC: true } }

/**
 * One with all transports, two who may use but one, and two without WebRTC who may use any other: they are on the best that they
 * can have, and would go down if a server that is away looked like a network that lets nothing through. `video`: the first three
 * show themselves.
 */
async function people(stage, server, { video }) {
  const refusing = await stage.proxy(server, { webSockets: 'refuse' })
  const browser = await stage.chromium()
  const all = []
  for (const [name, kind, place, probe, options] of [
    ['webrtc', 'webrtc', server, TINY, { video }],
    // Who may not use the data channel still has media.
    ['websocket', 'websocket', server, TINY, { video, transports: ['websocket'] }],
    ['sse', 'sse', server, TINY, { video, transports: ['sse'] }],
    ['old', 'websocket', server, OLD, {}],
    ['proxied', 'sse', refusing, OLD, {}],
  ]) {
    const tab = await browser.tab(name, probe)
    await enterBySdk(tab, place, { room: 'crash', ...options }, showPictures)
    all.push({ tab, kind })
  }
  for (const { tab, kind } of all) await carriedBy(tab, kind)
  const tabs = all.map(({ tab }) => tab)
  return { all, tabs, shown: tabs.slice(0, 3) }
}

/** The server is away, and everyone has looked for it more than once: so a page decides what to think of it. */
async function awayFor(all) {
  for (const { tab, kind } of all) {
    if (kind === 'webrtc') continue
    await until(
      `${tab.label} misses the server`,
      () => tab.evaluate(() => window.parlor.connectionState === 'reconnecting'),
      { detail: () => tab.account() },
    )
  }
  await pause(1_500)
}

/** Everyone is carried by what carried them before, and none but the data channel was ever left. */
async function demotedNobody(all) {
  for (const { tab, kind } of all) {
    await carriedBy(tab, kind, { within: 30_000 })
    if (kind !== 'webrtc') assert.deepEqual((await heardOf(tab)).transports, [], `${tab.label} was demoted`)
  }
}

scene(
  'a server with a data-dir that is killed and started again under people who talk costs nothing that was resolved, nobody is seen leaving, and nobody is demoted',
  { within: 120_000 },
  async (stage) => {
    const args = ['--data-dir', await stage.folder()]
    const server = await stage.serve({ args })
    const { all, tabs, shown } = await people(stage, server, { video: true })
    for (const tab of shown) await picturesMove(tab, 2)
    await chatter(tabs, 40)
    for (const tab of tabs) await received(tab, 100)
    await server.kill()
    await awayFor(all)
    await stage.serve({ args, port: server.port })
    const heard = await Promise.all(tabs.map((tab) => tab.evaluate(() => window.__talk.heard.length)))
    for (const [i, tab] of tabs.entries()) await received(tab, heard[i] + 100, 15_000)
    for (const tab of shown) await picturesMove(tab, 2)
    await demotedNobody(all)
    await hush(tabs)
    for (const tab of tabs) {
      const { left, resets } = await heardOf(tab)
      assert.deepEqual({ left, resets }, { left: [], resets: [] }, `${tab.label} saw the crash`)
    }
  },
)

scene(
  'after a server without a data-dir was killed and started again, people are back in the room by themselves, told so by a reset, and nobody is demoted',
  { within: 90_000 },
  async (stage) => {
    const server = await stage.serve()
    const { all, tabs } = await people(stage, server, { video: false })
    await chatter(tabs, 40)
    for (const tab of tabs) await received(tab, 100)
    // What is on its way now, nobody will ever answer.
    server.freeze()
    for (const tab of tabs) {
      await until(`messages of ${tab.label} are on their way`, () =>
        tab.evaluate(() => window.__talk.said - window.__talk.sent.length >= 5),
      )
    }
    await server.kill()
    await awayFor(all)
    await stage.serve({ port: server.port })
    for (const tab of tabs) {
      await until(
        `${tab.label} is back among all`,
        () =>
          tab.evaluate(
            (others) =>
              window.__talk.resets.length > 0 &&
              window.parlor.connectionState === 'connected' &&
              window.parlor.participants.size === others,
            tabs.length - 1,
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
      assert.ok(failed.length > 0, `nothing of ${tab.label} was on its way`)
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
    await demotedNobody(all)
    await exchange(tabs, { each: 100 })
  },
)
