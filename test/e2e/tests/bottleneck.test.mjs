// A page behind a line that becomes thin: its voice stays, its picture becomes small, and comes back when the line does.

import assert from 'node:assert/strict'
import { inside, narrow, runInside, whyNot } from '../harness/network.mjs'
import { allReceiveAll, enter, heardAndSeen, ownId } from '../harness/people.mjs'
import { scene } from '../harness/scene.mjs'
import { pause, until } from '../harness/until.mjs'

const NAME = 'a page whose line falls to 300 kb/s keeps its voice, is sent a smaller picture, and the best again when the line is back'
const WITHIN = 180_000

scene(NAME, { within: WITHIN, skip: inside ? undefined : whyNot() }, async (stage) => {
  if (!inside) return runInside(import.meta.url, { within: WITHIN })
  const server = await stage.serve()
  const browser = await stage.chromium()
  const video = { width: 1280, height: 720, fps: 24 }
  const ada = await browser.tab('Ada', { probe: { video } })
  const ben = await browser.tab('Ben', { probe: { video: { width: 160, height: 90, fps: 5 } } })
  for (const tab of [ada, ben]) await enter(tab, server, { room: 'thin', name: tab.label })
  await allReceiveAll([ada, ben])
  const id = await ownId(ada)
  const port = await portOf(ben)
  narrow(port, 3_000)
  const best = await until('the best picture', async () => {
    const { height } = await pictureOf(ben, id)
    return height >= 540 && height
  }, { within: 40_000, every: 250, detail: () => pictureOf(ben, id) })

  await listen(ben, id)
  narrow(port, 300)
  const start = performance.now()
  await until('a smaller picture', async () => (await pictureOf(ben, id)).height < best, {
    within: 15_000, every: 100, detail: () => pictureOf(ben, id),
  })
  const fell = performance.now() - start
  await pause(10_000)
  const thin = await heard(ben)
  const small = await pictureOf(ben, id)

  narrow(port, 3_000)
  const again = performance.now()
  await until('the best picture again', async () => (await pictureOf(ben, id)).height >= best, {
    within: 30_000, every: 250, detail: () => pictureOf(ben, id),
  })
  console.log(`fell to ${small.height} after ${Math.round(fell)} ms, back at ${best} after ${Math.round(performance.now() - again)} ms; ` +
    `longest time without a packet of the voice ${Math.round(thin.longest)} ms, concealed ${(100 * thin.concealed).toFixed(1)} %`)
  assert.ok(thin.longest < 400, `there was no packet of the voice for ${thin.longest} ms`)
  assert.ok(thin.packets > 8 * 40, `${thin.packets} packets of the voice in 10 s`)
})

/** The UDP port that the page's PeerConnection receives at. */
const portOf = (tab) =>
  tab.evaluate(async () => {
    const pc = window.__probe.pcs.find((p) => p.connectionState === 'connected')
    const stats = await pc.getStats()
    let port
    stats.forEach((s) => {
      if (s.type === 'candidate-pair' && s.nominated && s.state === 'succeeded') port = stats.get(s.localCandidateId).port
    })
    return port
  })

/** The picture that a page is sent of somebody's camera. */
async function pictureOf(tab, id) {
  const flows = await tab.evaluate(() => window.__probe.flows())
  const [{ width, height, frames, packets, pli } = { height: 0 }] = flows
    .filter((f) => f.way === 'in' && f.kind === 'video' && f.packets > 0)
    .sort((a, b) => b.packets - a.packets)
  return { id, width, height, frames, packets, pli }
}

/** Watches from now on when packets of the voice come. */
const listen = (tab) =>
  tab.evaluate(async () => {
    const pc = window.__probe.pcs.find((p) => p.connectionState === 'connected')
    const receivers = pc.getReceivers().filter((r) => r.track.kind === 'audio')
    const read = async () => {
      let sum = { packets: 0, concealed: 0, samples: 0 }
      for (const receiver of receivers) {
        ;(await receiver.getStats()).forEach((s) => {
          if (s.type !== 'inbound-rtp') return
          sum.packets += s.packetsReceived
          sum.concealed += s.concealedSamples ?? 0
          sum.samples += s.totalSamplesReceived ?? 0
        })
      }
      return sum
    }
    const first = await read()
    const book = (window.__voice = { longest: 0, packets: 0, concealed: 0 })
    let packets = first.packets
    let at = performance.now()
    const watch = async () => {
      const sum = await read()
      const now = performance.now()
      if (sum.packets > packets) {
        packets = sum.packets
        at = now
      }
      book.longest = Math.max(book.longest, now - at)
      book.packets = sum.packets - first.packets
      book.concealed = (sum.concealed - first.concealed) / Math.max(1, sum.samples - first.samples)
      setTimeout(watch, 20)
    }
    void watch()
  })

const heard = (tab) => tab.evaluate(() => ({ ...window.__voice }))
