// WebKitGTK has no WebRTC at all. It chats and draws in the same room as the others.

import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { board } from '../../harness/board.mjs'
import { enterByLobby, enterBySdk, enter, ownId, seesPeople } from '../../harness/people.mjs'
import { scene } from '../../harness/scene.mjs'
import { carriedBy, exchange, transport } from '../../harness/talk.mjs'
import { until } from '../../harness/until.mjs'

const OUT = new URL('../../out/', import.meta.url)

scene(
  'a person in WebKit chats with one in Chromium, and a newcomer reads what they wrote',
  { within: 90_000 },
  async (stage) => {
    const server = await stage.serve()
    const [chromium, webkit] = await Promise.all([stage.chromium(), stage.webkit()])
    const ada = await chromium.tab('Ada')
    await enter(ada, server, { room: 'webkit', name: 'Ada' })
    const wil = await webkit.tab('Wil')
    await enterByLobby(wil, server, { room: 'webkit', name: 'Wil' })
    assert.equal(await transport(wil), 'websocket')
    for (const tab of [ada, wil]) {
      await seesPeople(tab, 1)
      await openChat(tab)
    }
    await say(wil, 'hello from WebKit')
    await ada.seeText('messages', 'hello from WebKit', { within: 5_000 })
    await say(ada, 'hello from Chromium')
    await wil.seeText('messages', 'hello from Chromium', { within: 5_000 })

    // Who comes later reads it too, in the order in which it was said.
    const cy = await chromium.tab('Cy')
    await enter(cy, server, { room: 'webkit', name: 'Cy' })
    await openChat(cy)
    const said = await cy.seeText('messages', /hello from WebKit[^]*hello from Chromium/, { within: 5_000 })
    assert.match(said, /Wil[^]*hello from WebKit[^]*Ada[^]*hello from Chromium/, 'Cy does not read who said it')
    await say(cy, 'hello, late')
    await wil.seeText('messages', 'hello, late', { within: 5_000 })
    await mkdir(OUT, { recursive: true })
    await wil.screenshot(new URL('webkit-chat.png', OUT).pathname)
    await cy.screenshot(new URL('webkit-chat-newcomer.png', OUT).pathname)
  },
)

for (const kind of ['websocket', 'sse']) {
  scene(
    `a page in WebKit, carried by ${kind}, draws and talks with one in Chromium`,
    { within: 90_000 },
    async (stage) => {
      const server = await stage.serve()
      const place = kind === 'sse' ? await stage.proxy(server, { webSockets: 'refuse' }) : server
      const [chromium, webkit] = await Promise.all([stage.chromium(), stage.webkit()])
      const ada = await chromium.tab('Ada')
      const wil = await webkit.tab('Wil')
      await enterBySdk(ada, server, { room: 'board' }, board)
      await enterBySdk(wil, place, { room: 'board' }, board)
      await carriedBy(ada, 'webrtc')
      await carriedBy(wil, kind)
      await Promise.all([draw(ada, 60), draw(wil, 180)])
      const strokes = await until(
        'both have the same two strokes',
        async () => {
          const [one, other] = await Promise.all([ada, wil].map(strokesOf))
          return one.length === 2 && JSON.stringify(one) === JSON.stringify(other) ? one : undefined
        },
        { within: 10_000, detail: () => Promise.all([ada, wil].map(strokesOf)) },
      )
      for (const [, { points }] of strokes)
        assert.deepEqual(points.at(-1).map(Math.round)[0], 300, 'a stroke lacks its end')
      for (const tab of [ada, wil]) {
        for (const y of [60, 180]) {
          assert.ok(await tab.evaluate(painted, [150, y]), `${tab.label} does not show the stroke at ${y}`)
        }
      }
      const [adaId, wilId] = [await ownId(ada), await ownId(wil)]
      await until('each sees where the other points', async () => {
        const seen = await Promise.all([
          ada.evaluate((id) => window.__board.pointers.get(id), wilId),
          wil.evaluate((id) => window.__board.pointers.get(id), adaId),
        ])
        return (
          JSON.stringify(seen) ===
          JSON.stringify([
            [300, 180],
            [300, 60],
          ])
        )
      })
      await exchange([ada, wil], { each: 300 })
      assert.equal(await transport(wil), kind)
    },
  )
}

const strokesOf = (tab) => tab.evaluate(() => window.parlor.state.entries('strokes/'))

async function draw(tab, y) {
  const { mouse } = tab.page
  await mouse.move(100, y)
  await mouse.down()
  for (let x = 110; x <= 300; x += 10) await mouse.move(x, y)
  await mouse.up()
}

// In the page.
function painted([x, y]) {
  const [, , , alpha] = window.__board.canvas.getContext('2d').getImageData(x, y, 1, 1).data
  return alpha > 200
}

async function openChat(tab) {
  if (!(await tab.count('chat'))) await tab.click('chat-toggle')
  await tab.see('chat')
}

async function say(tab, text) {
  await tab.fill('chat-input', text)
  await tab.click('chat-send')
}
