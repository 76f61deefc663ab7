// A data channel that dies in mid-burst, without saying so: messages go on by another link, and come back to it.

import assert from 'node:assert/strict'
import { enterBySdk } from '../../harness/people.mjs'
import { dropUdp, inside, runInside, whyNot } from '../../harness/network.mjs'
import { scene } from '../../harness/scene.mjs'
import { carriedBy, chatter, heardOf, hush, longestSilence, received } from '../../harness/talk.mjs'
import { until } from '../../harness/until.mjs'

const RATE = 60

async function threeTalking(stage) {
  const server = await stage.serve()
  const browser = await stage.chromium()
  const ada = await browser.tab('Ada')
  const ben = await browser.tab('Ben')
  const old = await browser.tab('Old', { probe: { noWebRTC: true } })
  const tabs = [ada, ben, old]
  for (const tab of tabs) await enterBySdk(tab, server, { room: 'channel' })
  for (const tab of [ada, ben]) await carriedBy(tab, 'webrtc')
  await chatter(tabs, RATE)
  for (const tab of tabs) await received(tab, 3 * RATE)
  return tabs
}

if (!inside) {
  scene(
    'a data channel that is taken for dead in mid-burst costs no message, and is come back to',
    { within: 60_000 },
    async (stage) => {
      const tabs = await threeTalking(stage)
      const [ada, ben, old] = tabs
      await ada.evaluate(() => window.parlor.debug.dropDataChannel())
      await carriedBy(ada, 'websocket', { within: 2_000 })
      await carriedBy(ada, 'webrtc')
      assert.deepEqual((await heardOf(ada)).transports, ['webrtc to websocket', 'websocket to webrtc'])
      await hush(tabs)
      for (const tab of [ben, old]) assert.deepEqual((await heardOf(tab)).transports, [])
      for (const tab of tabs) assert.ok((await longestSilence(tab)) < 1_500, `${tab.label} heard nothing for a while`)
    },
  )
}

// Case 43 of the data plane: no browser says that a data channel whose packets get lost is dead.
const NAME =
  'a data channel whose packets a firewall begins to drop in mid-burst is left within 5 s without a loss, and come back to'
const skip = inside ? undefined : whyNot()

scene(NAME, { within: 100_000, skip }, async (stage) => {
  if (!inside) return runInside(import.meta.url, { within: 100_000 })
  const tabs = await threeTalking(stage)
  const [ada, ben, old] = tabs
  const open = dropUdp()
  await Promise.all([ada, ben].map((tab) => carriedBy(tab, 'websocket', { within: 5_500 })))
  for (const tab of tabs) {
    const { heard } = await tab.evaluate(() => ({ heard: window.__talk.heard.length }))
    await received(tab, heard + 2 * RATE, 5_000)
  }
  // Lossy messages find the other way too.
  for (const [from, to] of [
    [old, ada],
    [ada, old],
  ]) {
    await to.evaluate(() => window.parlor.on('message', (type, x) => type === 'pointer' && (window.__pointer = x)))
    await from.evaluate(() => {
      for (let x = 1; x <= 10; x++) window.parlor.sendMessage('pointer', x, { lossy: true })
    })
    await until(`${to.label} sees the pointer of ${from.label}`, () => to.evaluate(() => window.__pointer === 10), {
      within: 3_000,
    })
  }
  open()
  for (const tab of [ada, ben]) await carriedBy(tab, 'webrtc', { within: 40_000 })
  await hush(tabs)
  for (const tab of tabs) {
    assert.deepEqual((await heardOf(tab)).left, [], `${tab.label} saw somebody leave`)
  }
  assert.deepEqual((await heardOf(old)).transports, [], 'who has no data channel noticed nothing')
})
