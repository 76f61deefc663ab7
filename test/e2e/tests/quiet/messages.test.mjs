// Messages: complete, each once, in one same order at everyone, also while the links they come on change.

import assert from 'node:assert/strict'
import { enter, seesPeople } from '../../harness/people.mjs'
import { scene } from '../../harness/scene.mjs'
import { carriedBy, exchange, received, transport } from '../../harness/talk.mjs'

const EACH = 1000
const NAMES = ['Ada', 'Ben', 'Cy']

scene(
  '1,000 numbered messages from each of three Chromium pages and a Firefox page arrive at all others, complete and in one same order',
  { within: 180_000 },
  async (stage) => {
    const tabs = await fourPeople(stage)
    await exchange(tabs, { each: EACH })
  },
)

scene(
  '1,000 numbered messages from each of four pages arrive complete and in one same order though every page’s links are cut on the way',
  { within: 240_000 },
  async (stage) => {
    const tabs = await fourPeople(stage)
    const before = await Promise.all(tabs.map(transport))
    assert.deepEqual(
      before,
      Array(4).fill('webrtc'),
      'messages should have gone over to the data channel before the cut',
    )
    const cuts = [['channel'], ['socket'], ['socket', 'channel'], ['channel']]
    const meanwhile = async () => {
      for (const [i, tab] of tabs.entries()) {
        await received(tab, 200 * (i + 1))
        const cut = await tab.evaluate(cutLinks, cuts[i])
        assert.ok(cut >= cuts[i].length, `${tab.label} had nothing to cut of ${cuts[i]}`)
      }
    }
    await exchange(tabs, { each: EACH, meanwhile })
    for (const tab of tabs) await carriedBy(tab, 'webrtc', { within: 30_000 })
  },
)

async function fourPeople(stage) {
  const server = await stage.serve()
  const [chromium, firefox] = await Promise.all([stage.chromium(), stage.firefox()])
  // Pictures are there, as in any room, but they are not what is looked at.
  const probe = { video: { width: 160, height: 90, fps: 5 } }
  const tabs = [await firefox.tab('Fay', { probe })]
  for (const name of NAMES) tabs.push(await chromium.tab(name, { probe }))
  for (const [i, tab] of tabs.entries()) {
    await enter(tab, server, { room: 'messages', name: ['Fay', ...NAMES][i], within: 30_000 })
  }
  for (const tab of tabs) {
    await seesPeople(tab, tabs.length - 1)
    await carriedBy(tab, 'webrtc')
  }
  return tabs
}

// As a network would: without the SDK’s knowing beforehand.
function cutLinks(which) {
  let cut = 0
  if (which.includes('channel')) {
    for (const channel of window.__probe.channels) {
      if (channel.label !== 'lossy' && channel.readyState === 'open') {
        channel.close()
        cut++
      }
    }
  }
  if (which.includes('socket')) {
    for (const socket of window.__probe.sockets) {
      if (socket.readyState === WebSocket.OPEN) {
        socket.close(4999)
        cut++
      }
    }
  }
  return cut
}
