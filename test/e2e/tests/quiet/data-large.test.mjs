// Messages as large as they may be, text and bytes, on each of the four transports, while others go on talking.

import assert from 'node:assert/strict'
import { enterBySdk, ownId } from '../../harness/people.mjs'
import { scene } from '../../harness/scene.mjs'
import { carriedBy, chatter, hush, longestSilence } from '../../harness/talk.mjs'
import { until } from '../../harness/until.mjs'

const MIB = 1 << 20
const KINDS = ['webrtc', 'websocket', 'sse', 'poll']

scene(
  'a text and bytes of 1 MiB arrive as they were at all others from each of the four transports, and small messages pass meanwhile',
  { within: 120_000 },
  async (stage) => {
    const server = await stage.serve()
    const browser = await stage.chromium()
    const tabs = []
    // Who sends more than its rate waits with all it has to say. So there are two who send nothing large.
    for (const kind of [...KINDS, 'talker', 'other talker']) {
      const tab = await browser.tab(kind)
      const transports = KINDS.includes(kind) ? [kind] : undefined
      await enterBySdk(tab, server, { room: 'large', transports }, keepSums)
      tabs.push(tab)
    }
    const large = tabs.slice(0, KINDS.length)
    for (const [i, tab] of large.entries()) await carriedBy(tab, KINDS[i])
    await chatter(tabs, 10)
    const ids = await Promise.all(large.map(ownId))
    const sums = await Promise.all(large.map((tab, i) => tab.evaluate(sendLarge, { length: MIB, seed: i + 1 })))
    const expected = {}
    ids.forEach((id, i) => sums[i].forEach(({ type, sum }) => (expected[`${id} ${type}`] = sum)))
    for (const [i, tab] of tabs.entries()) {
      const due = Object.fromEntries(Object.entries(expected).filter(([key]) => !key.startsWith(`${ids[i]} `)))
      const count = Object.keys(due).length
      const got = await until(
        `${tab.label} has ${count} large messages`,
        async () => {
          const sums = await tab.evaluate(() => window.__sums)
          return Object.keys(sums).length >= count ? sums : undefined
        },
        { within: 60_000, detail: () => tab.evaluate(() => window.__sums) },
      )
      assert.deepEqual(got, due, `${tab.label} got something else than was sent`)
    }
    await hush(tabs)
    for (const tab of tabs) {
      const silence = await longestSilence(tab)
      assert.ok(silence < 3_000, `${tab.label} heard no small message for ${silence} ms`)
    }
    // One byte more is refused, and by nobody but the one who tries.
    for (const [i, tab] of large.entries()) {
      const refusal = await tab.evaluate(
        (length) => window.parlor.sendMessage('bytes', new Uint8Array(length)).then(String, (error) => error.code),
        MIB + 1,
      )
      assert.equal(refusal, 'too_large', `${KINDS[i]} takes more than a message may have`)
    }
  },
)

// In the page: what came of each sender and type, as a sum that nothing else has.
function keepSums(room) {
  window.__hash = async (data) => {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
    return `${data.constructor.name} ${bytes.length} ${hex}`
  }
  window.__sums = {}
  room.on('message', async (type, data, from) => {
    if (type === 'count') return
    const key = `${from.id} ${type}`
    window.__sums[window.__sums[key] === undefined ? key : `${key} again`] = await window.__hash(data)
  })
}

// In the page: 1 MiB of noise as bytes, and as much text of which no two parts are alike. It gives what the others should get.
async function sendLarge({ length, seed }) {
  let state = seed * 2654435761
  const noise = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
  const bytes = Uint8Array.from({ length }, () => noise() & 255)
  let text = ''
  // As JSON it has two bytes more; some letters take two or four bytes.
  let left = length - 2
  while (left > 4) {
    const [letter, size] = [
      ['ä', 2],
      ['🎈', 4],
      [String.fromCharCode(97 + (noise() % 26)), 1],
    ][Math.min(noise() % 40, 2)]
    text += letter
    left -= size
  }
  text += 'z'.repeat(left)
  const sums = [
    { type: 'bytes', sum: await window.__hash(bytes) },
    { type: 'text', sum: await window.__hash(text) },
  ]
  await Promise.all([window.parlor.sendMessage('bytes', bytes), window.parlor.sendMessage('text', text)])
  return sums
}
