// Somebody in a room, seen as the network sees them: by which way their media goes, and when pictures came.

import { joinBySdk } from '../e2e/harness/people.mjs'
import { until } from '../e2e/harness/until.mjs'

/** Joins with camera and microphone, from an empty page of the server. */
export async function sit(tab, url, room) {
  await tab.goto(`${url}/healthz`)
  await tab.evaluate(watch)
  await joinBySdk(tab, { room, name: tab.label, audio: true, video: true }, (joined) => window.__seat.joined(joined))
}

/** Waits for the first picture, and gives how long after the beginning of the join it came. */
export async function firstPicture(tab, within = 20_000) {
  await until(`${tab.label} sees somebody`, () => tab.evaluate(() => window.__seat.frames.length > 0), {
    within,
    detail: () => account(tab),
  })
  return tab.evaluate(() => window.__seat.frames[0] - window.__seat.began)
}

/**
 * Waits until pictures flow after what happened `at` (Date.now()), and gives how long they were away: until the end of the
 * longest pause since then, 0 if none was longer than a moment.
 */
export async function recovered(tab, at, { watch: least = 4_000, within = 30_000 } = {}) {
  await until(
    `${tab.label} sees pictures again`,
    () =>
      tab.evaluate(
        ([since, ms]) => {
          const now = Date.now()
          return now >= since + ms && window.__seat.frames.filter((f) => f > now - 1_000).length >= 5
        },
        [at, least],
      ),
    { within, detail: () => account(tab) },
  )
  return tab.evaluate((since) => {
    const frames = window.__seat.frames
    let longest = { ms: 700, end: since }
    for (let i = 1; i < frames.length; i++) {
      const ms = frames[i] - frames[i - 1]
      if (frames[i] > since && ms > longest.ms) longest = { ms, end: frames[i] }
    }
    return longest.end - since
  }, at)
}

/** The way of media: `udp`, `tcp`, `turn/tls` and the like; undefined: none. */
export const way = (tab) => tab.evaluate(() => window.__seat.way())

/** Waits until media goes this way; `wanted` may be several with | between. */
export function goesBy(tab, wanted, within = 10_000) {
  return until(`media of ${tab.label} goes by ${wanted}`, async () => wanted.split('|').includes(await way(tab)), {
    within,
    detail: () => account(tab),
  })
}

export async function account(tab) {
  const seat = await tab.evaluate(async () => ({
    began: window.__seat.began,
    pauses: window.__seat.frames.flatMap((f, i, all) =>
      i > 0 && f - all[i - 1] > 500 ? [`${all[i - 1] - window.__seat.began} to ${f - window.__seat.began}`] : [],
    ),
    way: await window.__seat.way(),
    pairs: await window.__seat.pairs(),
    media: window.__seat.media,
    flows: (await window.__probe.flows()).map((f) =>
      [f.way, f.kind, f.rid, f.packets, f.frames, f.lost, f.pli, f.nack].join(' '),
    ),
    offers: window.parlor?.debug.offers,
    by: window.parlor?.transport,
  }))
  return { ...seat, ...(await tab.account()) }
}

// In the page.
function watch() {
  const seat = { began: Date.now(), frames: [], media: [] }
  window.__seat = seat
  const note = (state) => seat.media.push(`${Date.now() - seat.began} ${state}`)
  seat.joined = (room) => {
    note('joined')
    const pc = window.__probe.pcs.at(-1)
    pc.addEventListener('signalingstatechange', () => note(`signalling ${pc.signalingState}`))
    const ice = pc.sctp?.transport.iceTransport
    ice?.addEventListener?.('selectedcandidatepairchange', () => {
      const { local, remote } = ice.getSelectedCandidatePair()
      note(`sends from ${local.type}/${local.protocol} to ${remote.type}/${remote.protocol}`)
    })
    for (const event of ['trackPaused', 'trackResumed']) room.on(event, (track) => note(`${event} ${track.kind}`))
    room.on('transportChanged', note)
    room.on('mediaStateChanged', note)
    room.on('trackSubscribed', (track) => {
      if (track.kind !== 'video') return
      const video = Object.assign(document.createElement('video'), {
        muted: true,
        autoplay: true,
        width: 320,
        height: 180,
      })
      document.body.append(track.attach(video))
      const frame = () => {
        seat.frames.push(Date.now())
        video.requestVideoFrameCallback(frame)
      }
      video.requestVideoFrameCallback(frame)
    })
  }
  const stats = async () => {
    const pc = window.__probe.pcs.findLast((p) => p.connectionState !== 'closed')
    return (await pc?.getStats()) ?? new Map()
  }
  seat.way = async () => {
    const all = await stats()
    let pair
    all.forEach((s) => {
      if (s.type === 'transport') pair = all.get(s.selectedCandidatePairId)
    })
    // Firefox has no such thing as a transport there.
    all.forEach((s) => {
      if (s.type === 'candidate-pair' && s.selected) pair = s
    })
    const local = pair && all.get(pair.localCandidateId)
    if (!local || pair.state !== 'succeeded') return undefined
    if (local.candidateType === 'relay') return `turn/${local.relayProtocol ?? 'unknown'}`
    return local.protocol
  }
  seat.pairs = async () => {
    const all = await stats()
    const name = (c) => c && `${c.candidateType}/${c.relayProtocol ?? c.protocol} ${c.address}:${c.port}`
    const pairs = []
    all.forEach((s) => {
      if (s.type !== 'candidate-pair') return
      pairs.push(`${name(all.get(s.localCandidateId))} to ${name(all.get(s.remoteCandidateId))} ${s.state}`)
    })
    return pairs
  }
}
