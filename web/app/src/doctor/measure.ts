// Measures what this browser reaches of its server, every way apart and most of them at once.

import { candidatesOf, hidden } from './answer'
import { attempt, type Tried, type Way } from './attempt'
import { Entrance, type Joined, Refused } from './entrance'
import { untried, type Answered, type Attempt, type Candidate, type Facts, type Relay } from './facts'

const REQUEST_MS = 6_000
const MOST_RELAYS = 6

export const measure = async (token: string | undefined): Promise<Facts> => {
  const [clock, webSocket, stream, media] = await Promise.all([
    clockOf(),
    trySocket(),
    tryStream(),
    tryMedia(token),
  ])
  return {
    origin: location.origin,
    host: location.hostname.replace(/^\[|\]$/gu, ''),
    secure: isSecureContext,
    webrtc: hasWebRTC(),
    browser: browserOf(navigator.userAgent),
    token: token !== undefined,
    clock,
    webSocket,
    stream,
    ...media,
  }
}

export const browserOf = (userAgent: string): Facts['browser'] =>
  userAgent.includes('Chrom') ? 'chromium' : userAgent.includes('Firefox') ? 'firefox' : 'other'

const hasWebRTC = () => typeof RTCPeerConnection === 'function'

// The server's clock, by the time of a response, which has no parts of seconds.
const clockOf = async (): Promise<number | undefined> => {
  try {
    const before = Date.now()
    const response = await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(REQUEST_MS) })
    const at = Date.parse(response.headers.get('date') ?? '')
    return Number.isNaN(at) ? undefined : at + 500 - (before + Date.now()) / 2
  } catch {
    return undefined
  }
}

// A ping is answered to anybody.
const trySocket = (): Promise<Attempt> =>
  new Promise((done) => {
    const start = performance.now()
    const end = (outcome: Attempt['outcome']) => {
      clearTimeout(timer)
      socket.onclose = null
      socket.close()
      done({ outcome, ms: performance.now() - start })
    }
    const socket = new WebSocket(`${location.origin.replace(/^http/u, 'ws')}/v1/ws`)
    const timer = setTimeout(() => end('silent'), REQUEST_MS)
    socket.onopen = () => socket.send('{"t":"ping","id":1}')
    socket.onmessage = () => end('works')
    socket.onclose = () => end('refused')
  })

const tryStream = async (): Promise<Attempt & { gap: number }> => {
  const start = performance.now()
  const end = (outcome: Attempt['outcome'], gap = 0) => ({ outcome, ms: performance.now() - start, gap })
  try {
    const response = await fetch('/v1/sessions/probe', {
      cache: 'no-store',
      credentials: 'omit',
      signal: AbortSignal.timeout(REQUEST_MS),
    })
    if (!response.ok || response.body === null) return end('refused')
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    let first = 0
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return end('refused')
      text += value
      const beats = text.split('"beat"').length - 1
      if (beats > 0 && first === 0) first = performance.now()
      if (beats > 1) return end('works', performance.now() - first)
    }
  } catch {
    return end('silent')
  }
}

type Media = Pick<Facts, 'post' | 'refused' | 'candidates' | 'udp' | 'tcp' | 'elsewhere' | 'relays'>

const tryMedia = async (token: string | undefined): Promise<Media> => {
  const door = new Entrance(token)
  const media: Media = {
    post: untried,
    refused: undefined,
    candidates: [],
    udp: untried,
    tcp: untried,
    elsewhere: undefined,
    relays: [],
  }
  const start = performance.now()
  if (!hasWebRTC()) return { ...media, post: await withoutMedia(door) }
  try {
    // UDP is tried first: its answer says what else there is.
    let answered: (j: Joined) => void = () => undefined
    const first = new Promise<Joined>((done) => (answered = done))
    const udp = attempt(door, { may: (c) => c.protocol === 'udp' && !hidden(c.address) }, (j) => {
      media.post = { outcome: 'works', ms: performance.now() - start }
      media.candidates = candidatesOf(j.answer)
      answered(j)
    })
    const joined = await Promise.race([first, udp.then(() => first)])
    const [byUdp, byTcp, relays] = await Promise.all([
      udp,
      later(door, { may: (c) => c.protocol === 'tcp' }),
      tryRelays(door, joined, media.candidates),
    ])
    media.udp = bare(byUdp)
    media.tcp = bare(byTcp)
    media.relays = relays
    media.elsewhere = await tryElsewhere(door, media)
    return media
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return { ...media, post: error.answered, refused: error.answered.code }
  }
}

// An attempt whose join may be refused, as one too many: then it is one that was not made.
const later = async (door: Entrance, way: Way): Promise<Tried> => {
  try {
    return await attempt(door, way)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return { outcome: 'untried', ms: 0, reason: error.message, joined: undefined, relayed: false, errors: [] }
  }
}

const bare = ({ outcome, ms, reason }: Tried): Attempt =>
  reason === undefined ? { outcome, ms } : { outcome, ms, reason }

// Whether POST gets through, where there is no media to ask for: a join without a word is refused by the server.
const withoutMedia = async (door: Entrance): Promise<Answered> => {
  try {
    door.leave(await door.join(''))
    return { outcome: 'works', ms: 0 }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return error.answered
  }
}

const tryRelays = (door: Entrance, joined: Joined, candidates: readonly Candidate[]): Promise<Relay[]> => {
  const all = joined.iceServers.flatMap((s) => s.urls.map((url) => ({ ...s, url })))
  return Promise.all(
    all.slice(0, MOST_RELAYS).map(async ({ url, username, credential }) => {
      const tried = await later(door, {
        may: (c) => c.protocol === 'udp',
        relay: { urls: url, username, credential },
      })
      const relay: Relay = {
        url,
        transport: url.startsWith('turns:') ? 'tls' : url.endsWith('transport=tcp') ? 'tcp' : 'udp',
        own: isOwn(url, candidates),
        stage: stageOf(tried),
        ms: tried.ms,
      }
      const code = tried.errors.find((c) => c !== 701)
      return code === undefined || relay.stage === 'works' ? relay : { ...relay, reason: String(code) }
    }),
  )
}

const stageOf = (t: Tried): Relay['stage'] => {
  if (t.outcome === 'works' || t.outcome === 'untried') return t.outcome
  if (t.relayed) return 'denied'
  // Of those below 700 the TURN server itself said them.
  return t.errors.some((code) => code >= 400 && code < 700) ? 'refused' : 'unreached'
}

// Whether a TURN server stands where the server itself does.
const isOwn = (url: string, candidates: readonly Candidate[]): boolean => {
  const [, host, port] = /^turns?:(.+):(\d+)\?transport=tcp$/u.exec(url) ?? []
  if (host === undefined) return false
  const here = location.port === '' ? (location.protocol === 'https:' ? '443' : '80') : location.port
  if (host === location.hostname && port === here) return true
  return candidates.some(
    (c) =>
      c.protocol === 'tcp' &&
      String(c.port) === port &&
      (host.replace(/^\[|\]$/gu, '') === c.address || host === location.hostname),
  )
}

// Where nothing announced answers, perhaps the address of the page does.
const tryElsewhere = async (door: Entrance, media: Media): Promise<string | undefined> => {
  const host = location.hostname.replace(/^\[|\]$/gu, '')
  const literal = /^[\d.]+$/u.test(host) || host.includes(':')
  const known = media.candidates.some((c) => c.address === host)
  if (!literal || known || media.udp.outcome === 'works' || media.tcp.outcome === 'works') return undefined
  let first = true
  const one = (c: Candidate) => {
    const take = first && c.protocol === 'udp' && !hidden(c.address)
    if (take) first = false
    return take
  }
  const tried = await later(door, { may: one, at: host })
  return tried.outcome === 'works' ? host : undefined
}
