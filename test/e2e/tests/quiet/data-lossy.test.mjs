// Lossy messages: the latest counts, there are not too many of them, and the last one arrives in the end.

import assert from 'node:assert/strict'
import { enterBySdk } from '../../harness/people.mjs'
import { scene } from '../../harness/scene.mjs'
import { carriedBy } from '../../harness/talk.mjs'
import { until } from '../../harness/until.mjs'

const MOVES = 120
const PER_SECOND = 60

scene(
  'a pointer that moves 60 times a second reaches others at most 30 times a second with its last place, newcomers too, and is gone with its owner',
  { within: 60_000 },
  async (stage) => {
    const server = await stage.serve()
    const browser = await stage.chromium()
    const readers = []
    for (const kind of ['webrtc', 'websocket', 'sse', 'poll']) readers.push(await come(browser, server, kind))
    const ada = await browser.tab('Ada')
    await enterBySdk(ada, server, { room: 'pointer' })
    await carriedBy(ada, 'webrtc')
    const took = await ada.evaluate(move, { moves: MOVES, perSecond: PER_SECOND })
    for (const reader of readers) await sees(reader, MOVES)
    for (const reader of readers) {
      const { count, ms, highest, sorted } = await reader.evaluate(() => {
        const seen = window.__pointer
        const sorted = seen.every(({ x }, i) => i === 0 || x >= seen[i - 1].x)
        return {
          count: seen.length,
          ms: seen.at(-1).at - seen[0].at,
          highest: Math.max(...seen.map(({ x }) => x)),
          sorted,
        }
      })
      assert.equal(highest, MOVES, `${reader.label} ended with the last place`)
      assert.ok(sorted, `${reader.label} saw the pointer jump back`)
      // One that was held up and one that went at once may stand at the ends.
      const most = (30 * Math.max(ms, took)) / 1_000 + 3
      assert.ok(count <= most, `${reader.label} got ${count} in ${ms} ms`)
      if (!reader.label.startsWith('poll')) assert.ok(count >= MOVES / 6, `${reader.label} got only ${count}`)
    }

    const late = [await come(browser, server, 'webrtc', 'late'), await come(browser, server, 'websocket', 'late')]
    for (const reader of late) await sees(reader, MOVES)

    await ada.close()
    await until('Ada is gone', () =>
      readers[0].evaluate(() => ![...window.parlor.participants.values()].some((p) => p.name.startsWith('Ada'))),
    )
    const last = await come(browser, server, 'websocket', 'last')
    await readers[0].evaluate(() => window.parlor.sendMessage('after'))
    await until('the last one heard something', () => last.evaluate(() => window.__after), { within: 5_000 })
    assert.deepEqual(await last.evaluate(() => window.__pointer), [], 'a pointer outlived its owner')
  },
)

async function come(browser, server, kind, name = kind) {
  const tab = await browser.tab(name, { probe: { noWebRTC: kind !== 'webrtc' } })
  await enterBySdk(tab, server, { room: 'pointer', transports: [kind] }, (room) => {
    window.__pointer = []
    room.on('message', (type, data, from, meta) => {
      if (type === 'pointer' && meta.lossy) window.__pointer.push({ x: data.x, at: performance.now() })
      if (type === 'after') window.__after = true
    })
  })
  await carriedBy(tab, kind)
  return tab
}

const sees = (reader, x) =>
  until(
    `${reader.label} sees the pointer at ${x}`,
    () => reader.evaluate((place) => window.__pointer.at(-1)?.x === place, x),
    { within: 10_000, detail: () => reader.evaluate(() => window.__pointer) },
  )

// In the page: gives how many ms it took.
function move({ moves, perSecond }) {
  return new Promise((done) => {
    const since = performance.now()
    let x = 0
    const timer = setInterval(() => {
      window.parlor.sendMessage('pointer', { x: ++x }, { lossy: true, key: 'pen' })
      if (x < moves) return
      clearInterval(timer)
      done(performance.now() - since)
    }, 1_000 / perSecond)
  })
}
