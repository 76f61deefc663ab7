// Proxies that know no WebSockets, or hold every response until it is whole: messages find another way, and lose nothing on it.

import assert from 'node:assert/strict'
import { enterBySdk, ownId } from '../../harness/people.mjs'
import { scene } from '../../harness/scene.mjs'
import { carriedBy, chatter, exchange, heardOf, hush, received, transport } from '../../harness/talk.mjs'
import { until } from '../../harness/until.mjs'

const EACH = 1000
const OLD = { probe: { noWebRTC: true } }

scene(
  '1,000 messages from each of five pages, on a data channel, a WebSocket, events and polls, arrive complete and in one same order',
  { within: 150_000 },
  async (stage) => {
    const server = await stage.serve()
    const refusing = await stage.proxy(server, { webSockets: 'refuse' })
    const holding = await stage.proxy(server, { webSockets: 'strip', responses: 'whole' })
    const browser = await stage.chromium()
    const people = [
      ['Ada', server, {}, 'webrtc'],
      ['Ben', server, OLD, 'websocket'],
      ['Cy', refusing, OLD, 'sse'],
      ['Dot', holding, OLD, 'poll'],
      // Only signalling goes by the proxy: the data channel has its own way.
      ['Eve', holding, {}, 'webrtc'],
    ]
    const tabs = []
    for (const [name, place, options, kind] of people) {
      const tab = await browser.tab(name, options)
      await enterBySdk(tab, place, { room: 'proxies' })
      await carriedBy(tab, kind, { within: 15_000 })
      tabs.push(tab)
    }
    await exchange(tabs, { each: EACH })
    for (const [i, tab] of tabs.entries()) {
      assert.equal(await transport(tab), people[i][3], `${tab.label} is carried by something else afterwards`)
      assert.deepEqual((await heardOf(tab)).transports, [], `${tab.label} changed on the way`)
    }
  },
)

scene(
  'a proxy that begins to refuse WebSockets and then to hold responses, while everyone sends, costs no message; when it lets them pass again, they are climbed back to',
  { within: 150_000 },
  async (stage) => {
    const server = await stage.serve()
    const proxy = await stage.proxy(server)
    const browser = await stage.chromium()
    const ada = await browser.tab('Ada')
    const old = await browser.tab('Old', OLD)
    const ben = await browser.tab('Ben')
    const cy = await browser.tab('Cy', OLD)
    await enterBySdk(ada, proxy, { room: 'switching' })
    await enterBySdk(old, proxy, { room: 'switching' })
    await enterBySdk(ben, server, { room: 'switching' })
    await enterBySdk(cy, server, { room: 'switching' })
    await carriedBy(ada, 'webrtc')
    await carriedBy(ben, 'webrtc')
    const tabs = [ada, old, ben, cy]
    // All the time, so that every change is one in mid-burst.
    await chatter(tabs, 50)
    await received(old, 200)
    proxy.become({ webSockets: 'refuse' })
    await carriedBy(old, 'sse')
    // On a busy machine Ada's own stream may not be up yet: then her channel is back before she needed it.
    await until(
      'Ada fell to the stream',
      async () => {
        if ((await heardOf(ada)).transports.includes('webrtc to sse')) return true
        return ada.evaluate(() => {
          if (window.parlor.transport === 'webrtc') window.parlor.debug.dropDataChannel()
          return false
        })
      },
      { within: 30_000, every: 500 },
    )
    await received(old, 600)
    proxy.become({ webSockets: 'refuse', responses: 'whole' })
    await carriedBy(old, 'poll')
    await received(old, 1_000)
    proxy.become({})
    await carriedBy(ada, 'webrtc', { within: 45_000 })
    await carriedBy(old, 'websocket', { within: 45_000 })
    await hush(tabs)
    const { transports } = await heardOf(old)
    assert.equal(transports[0], 'websocket to sse')
    assert.ok(transports.includes('sse to poll'), `Old went ${transports}`)
    for (const tab of [ben, cy]) assert.deepEqual((await heardOf(tab)).transports, [], `${tab.label} noticed nothing`)
    for (const tab of tabs) assert.deepEqual((await heardOf(tab)).left, [], `${tab.label} saw somebody leave`)
  },
)

scene('transports says what may carry messages, and nothing else does', { within: 60_000 }, async (stage) => {
  const server = await stage.serve()
  const browser = await stage.chromium()
  const tabs = []
  for (const kind of ['poll', 'sse', 'websocket', 'webrtc']) {
    const tab = await browser.tab(kind)
    await enterBySdk(tab, server, { room: 'chosen', transports: [kind] })
    await carriedBy(tab, kind)
    tabs.push(tab)
  }
  await exchange(tabs, { each: 100 })
  for (const tab of tabs) assert.deepEqual((await heardOf(tab)).transports, [], `${tab.label} left what it may use`)

  // Something that could go by none of what it may use does not go at all.
  const proxy = await stage.proxy(server, { webSockets: 'refuse' })
  const stubborn = await browser.tab('stubborn')
  await assert.rejects(enterBySdk(stubborn, proxy, { room: 'chosen', transports: ['websocket'] }), /unreachable|reach/)
  const old = await browser.tab('old', OLD)
  await assert.rejects(enterBySdk(old, server, { room: 'chosen', transports: ['webrtc'] }), /WebRTC/)
  const ids = await Promise.all(tabs.map(ownId))
  await until(
    'nobody else was let in',
    async () => (await tabs[0].evaluate(() => window.parlor.participants.size)) === ids.length - 1,
  )
})
