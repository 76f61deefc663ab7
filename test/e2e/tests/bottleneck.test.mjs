// A page behind a line that becomes thin: its voice stays, its picture becomes less, and is at its best again when the line is.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inside, narrow, runInside, whyNot } from '../harness/network.mjs'
import { enterBySdk } from '../harness/people.mjs'
import { scene } from '../harness/scene.mjs'
import { freePort } from '../harness/server.mjs'
import { pause, until } from '../harness/until.mjs'

const NAME =
  'a page whose line falls from 2 Mb/s to 300 kb/s keeps its voice, is sent less of a picture within 2 s, and all of it within 15 s of the line being back'
const WITHIN = 120_000
const WIDE = 2_000
const THIN = 300
// Two encodings, of about 500 and 150 kb/s: the larger alone is too much for the thin line.
const SIZE = { width: 640, height: 360, fps: 25 }
const PACKET = 20 // ms of voice

scene(NAME, { within: WITHIN, skip: inside ? undefined : whyNot() }, async (stage) => {
  if (!inside) return runInside(import.meta.url, { within: WITHIN })
  const admin = `127.0.0.1:${await freePort()}`
  const server = await stage.serve({ args: ['--admin', admin] })
  narrow(server.port, WIDE)
  const film = join(await stage.folder(), 'film.y4m')
  await writeFile(film, y4m(SIZE))
  const browser = await stage.chromium({ args: [`--use-file-for-fake-video-capture=${film}`] })
  const ada = await browser.tab('Ada', { probe: { video: SIZE } })
  const ben = await browser.tab('Ben')
  await enterBySdk(ada, server, { room: 'thin', autoSubscribe: false, video: true }, speak)
  await enterBySdk(ben, server, { room: 'thin' }, attach)
  await ben.evaluate(listen)
  const now = () => ben.evaluate(() => window.__reads.at(-1).at)
  const lately = async () => picture(await ben.evaluate(() => window.__reads.slice(-21)))
  const best = async () => {
    const { height, bits } = await lately()
    return height === SIZE.height && bits > 230_000
  }
  await until('all of the picture', best, { within: 10_000, every: 200, detail: lately })
  // What could not be kept for so long is not tried again soon, which is as it should be.
  const steady = () =>
    ben.evaluate((height) => {
      const last = window.__reads.at(-1).at
      return last - (window.__reads.findLast((read) => read.height !== height)?.at ?? 0) > 15_500
    }, SIZE.height)
  await until('it stays', steady, { within: 40_000, every: 500, detail: lately })

  const probes = async () => {
    const metrics = await (await fetch(`http://${admin}/metrics`)).text()
    return metrics.match(/^parlor_probes_total (\S+)$/m)[1]
  }
  const probed = await probes()
  const fell = await now()
  narrow(server.port, THIN)
  await pause(1_000)
  const asked = (await probes()) !== probed
  await pause(4_000)
  const rose = await now()
  narrow(server.port, WIDE)
  await until('all of the picture again', best, { within: 15_000, every: 200, detail: lately })

  const reads = await ben.evaluate(() => window.__reads)
  const span = (from, to) => reads.filter(({ at }) => at >= from && at < to)
  const before = picture(span(fell - 3_000, fell))
  const thin = picture(span(fell + 2_000, rose))
  const heard = voice(span(fell - 1_000, rose + 1_000))
  console.log(
    `before ${say(before)}; 2 s after the line fell ${say(thin)}; all of it ${Math.round(reads.at(-1).at - rose)} ms after it rose`,
  )
  console.log(`the voice: ${JSON.stringify(heard)}`)
  assert.ok(thin.bits < THIN * 1_000 && thin.bits < 0.7 * before.bits, `${say(thin)}, before it was ${say(before)}`)
  assert.ok(thin.height < before.height || thin.fps < 0.7 * before.fps, `${say(thin)}, before it was ${say(before)}`)
  assert.ok(heard.packets > 0.95 * heard.expected, `${heard.packets} of ${heard.expected} packets of the voice came`)
  // A burst that asks whether the line has more, at the moment in which it has less, is in the way of the voice for once.
  const most = asked ? 600 : 200
  assert.ok(heard.gap < most, `no packet of the voice came for ${heard.gap} ms`)
  assert.ok(heard.concealed < most, `${heard.concealed} ms of the voice in a row were made up`)
  assert.ok(heard.part < 0.2, `${heard.part} of the voice was made up`)
})

const say = ({ bits, fps, height }) =>
  `${Math.round(bits / 1_000)} kb/s, ${fps.toFixed(0)} pictures a second, ${height} high`

/** What came of the picture in a span of reads. */
function picture(reads) {
  const [first, last] = [reads[0], reads.at(-1)]
  const seconds = Math.max(last.at - first.at, 1) / 1_000
  return {
    bits: (8 * (last.bytes - first.bytes)) / seconds,
    fps: (last.frames - first.frames) / seconds,
    height: last.height,
  }
}

/**
 * What was heard. The longest time without a packet is what passed between the last ones of two reads, but for those between
 * them: a page that a busy machine kept from reading for a moment notes nothing that was not, and for a long one, nothing. What
 * had to be played and was not there is made up, also to stretch what there is while a queue grows; a gap is where nothing else was
 * played.
 */
function voice(reads) {
  const [first, last] = [reads[0], reads.at(-1)]
  let gap = 0
  let concealed = 0
  let row = 0
  for (const [i, read] of reads.slice(1).entries()) {
    const before = reads[i]
    const packets = read.packets - before.packets
    if (packets > 0 && read.at - before.at < 200) gap = Math.max(gap, read.last - before.last - (packets - 1) * PACKET)
    const made = read.concealed - before.concealed
    row = made > 0.9 * (read.samples - before.samples) ? row + made : 0
    concealed = Math.max(concealed, row)
  }
  return {
    packets: last.packets - first.packets,
    expected: Math.round((last.at - first.at) / PACKET),
    gap: Math.round(gap),
    concealed: Math.round(concealed / 48),
    part: (last.concealed - first.concealed) / Math.max(last.samples - first.samples, 1),
  }
}

/** A film that is never cheap: noise comes up everywhere, but no more than an encoder can write in time. */
function y4m({ width, height, fps }) {
  const parts = [Buffer.from(`YUV4MPEG2 W${width} H${height} F${fps}:1 Ip A1:1 C420mpeg2\n`)]
  const frame = Buffer.alloc((width * height * 3) / 2, 128)
  const edge = 32
  for (let n = 0; n < 2 * fps; n++) {
    for (let block = 0; block < 3; block++) {
      const [left, top] = [width, height].map((size) => Math.floor(Math.random() * (size - edge)))
      for (let y = top; y < top + edge; y++)
        for (let x = left; x < left + edge; x++) frame[y * width + x] = 104 + Math.random() * 48
    }
    parts.push(Buffer.from('FRAME\n'), Buffer.from(frame))
  }
  return Buffer.concat(parts)
}

// In the page, with its Room: a tone; and a picture that stays as large as it is though the machine be short of time.
async function speak(room) {
  for (const sender of window.__probe.pcs.flatMap((pc) => pc.getSenders())) {
    if (sender.track?.kind !== 'video') continue
    const parameters = sender.getParameters()
    await sender.setParameters(Object.assign(parameters, { degradationPreference: 'maintain-resolution' }))
  }
  const context = new AudioContext()
  const tone = new OscillatorNode(context, { frequency: 330 })
  const out = new MediaStreamAudioDestinationNode(context)
  tone.connect(out)
  tone.start()
  await room.localParticipant.publishTrack(out.stream.getAudioTracks()[0], { source: 'microphone' })
}

// In the page, with its Room: everything that is published is shown, larger than it is.
function attach(room) {
  const show = (track) => {
    const element = document.body.appendChild(document.createElement(track.kind))
    element.style.width = '960px'
    track.attach(element)
  }
  room.on('trackPublished', show)
  for (const participant of room.participants.values()) for (const track of participant.tracks.values()) show(track)
}

// In the page: reads every 50 ms what came.
function listen() {
  window.__reads = []
  const [pc] = window.__probe.pcs
  const read = async () => {
    const sum = { at: performance.now(), bytes: 0, frames: 0, height: 0, packets: 0, last: 0, concealed: 0, samples: 0 }
    ;(await pc.getStats()).forEach((s) => {
      if (s.type !== 'inbound-rtp' || !s.packetsReceived) return
      if (s.kind === 'video') {
        sum.bytes += s.bytesReceived
        sum.frames += s.framesDecoded
        sum.height = Math.max(sum.height, s.frameHeight ?? 0)
      } else {
        sum.packets += s.packetsReceived
        sum.last = Math.max(sum.last, s.lastPacketReceivedTimestamp ?? 0)
        sum.concealed += s.concealedSamples - (s.silentConcealedSamples ?? 0)
        sum.samples += s.totalSamplesReceived
      }
    })
    window.__reads.push(sum)
    setTimeout(read, 50)
  }
  return read()
}
