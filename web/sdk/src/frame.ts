// Frames of the session protocol. Nothing from the network is used elsewhere before it passed through decodeFrame.

import type {
  Entry,
  Grant,
  Kind,
  Limits,
  LogFrame,
  ParticipantInfo,
  ServerMessage,
  SlotInfo,
  Source,
  TrackInfo,
} from './wire'

/** What came is not the protocol. The link it came on is not to be trusted any more. */
export class WireError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'WireError'
  }
}

const maxObjects = 256

/** Decodes one frame, in order. Objects of a kind that is not known here are left out: they are of a later version. */
export function decodeFrame(text: string): ServerMessage[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new WireError('a frame is not JSON')
  }
  const list = Array.isArray(value) ? (value as unknown[]) : [value]
  if (list.length > maxObjects) throw new WireError('too many objects in a frame')
  const messages: ServerMessage[] = []
  for (const item of list) {
    const message = decodeMessage(new Fields(item, 'a message'))
    if (message) messages.push(message)
  }
  return messages
}

/** Writes messages as frames. Each part is one object already encoded. */
export function encodeFrame(parts: readonly string[]): string {
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : `[${parts.join(',')}]`
}

function decodeMessage(f: Fields): ServerMessage | undefined {
  const t = f.string('t')
  switch (t) {
    case 'joined':
      return {
        t,
        room: f.string('room'),
        sid: f.id('sid'),
        rt: f.string('rt'),
        epoch: f.id('epoch'),
        position: f.count('position'),
        you: identity(f.object('you')),
        grant: grant(f.object('grant')),
        participants: f.objects('participants').map(participant),
        ...(f.has('answer') ? { answer: f.string('answer') } : {}),
        ...slotFields(f),
        iceServers: f.has('iceServers') ? f.objects('iceServers').map(iceServer) : [],
        ...(f.has('link') ? { link: f.string('link') } : {}),
        limits: limits(f.object('limits')),
      }
    case 'resumed':
      return {
        t,
        rt: f.string('rt'),
        peer: f.boolean('peer'),
        here: f.boolean('here'),
        ...(f.has('link') ? { link: f.string('link') } : {}),
        ...slotFields(f),
      }
    case 'answer':
      return {
        t,
        id: f.count('id'),
        sdp: f.string('sdp'),
        rev: f.count('rev'),
        slots: f.objects('slots').map(slot),
      }
    case 'slots':
      return { t, rev: f.count('rev'), slots: f.objects('slots').map(slot) }
    case 'log':
      return logFrame(f)
    case 'attached':
      return { t, gen: f.count('gen'), n: f.count('n') }
    case 'reset':
      return {
        t,
        gen: f.count('gen'),
        reason: f.string('reason'),
        epoch: f.id('epoch'),
        position: f.count('position'),
        n: f.count('n'),
        participants: f.objects('participants').map(participant),
      }
    case 'pong':
      return { t, id: f.count('id') }
    case 'beat':
      return { t }
    case 'closed':
      return { t, code: f.string('code'), message: f.text('message') }
    case 'error':
      return {
        t,
        re: f.text('re'),
        ...(f.has('id') ? { id: f.count('id') } : {}),
        code: f.string('code'),
        message: f.text('message'),
        ...(f.has('retryMs') ? { retryMs: f.count('retryMs') } : {}),
      }
    default:
      return undefined
  }
}

function logFrame(f: Fields): LogFrame {
  const after = f.count('after')
  const position = f.count('position')
  if (position < after) throw new WireError('a log frame goes backwards')
  let last = after
  const entries = f.objects('entries').map((e) => {
    const decoded = entry(e)
    if (decoded.o <= last || decoded.o > position) throw new WireError('log entries out of order')
    last = decoded.o
    return decoded
  })
  return { t: 'log', after, position, entries }
}

function entry(f: Fields): Entry {
  const o = f.count('o')
  if (f.has('ok')) return { o, is: 'ok', n: f.count('ok') }
  if (f.has('refused'))
    return { o, is: 'refused', n: f.count('refused'), code: f.string('code'), message: f.text('message') }
  if (!f.has('event')) {
    return {
      o,
      is: 'message',
      from: f.id('from'),
      type: f.string('type'),
      data: f.value('data') ?? null,
      at: f.count('at'),
      direct: f.has('direct') && f.boolean('direct'),
    }
  }
  const is = f.string('event')
  switch (is) {
    case 'joined':
      return { o, is, participant: participant(f.object('participant')) }
    case 'left':
      return { o, is, id: f.id('id'), reason: f.text('reason') }
    case 'published':
      return { o, is, id: f.id('id'), track: track(f.object('track')) }
    case 'unpublished':
      return { o, is, id: f.id('id'), track: f.id('track') }
    case 'muted':
      return { o, is, id: f.id('id'), track: f.id('track'), muted: f.boolean('muted') }
    default:
      return { o, is: 'unknown' }
  }
}

function identity(f: Fields): { id: string; identity: string; name: string; metadata: string } {
  return { id: f.id('id'), identity: f.text('identity'), name: f.text('name'), metadata: f.text('metadata') }
}

function participant(f: Fields): ParticipantInfo {
  return { ...identity(f), tracks: f.has('tracks') ? f.objects('tracks').map(track) : [] }
}

function track(f: Fields): TrackInfo {
  return {
    id: f.id('id'),
    kind: kind(f),
    source: source(f),
    muted: f.has('muted') && f.boolean('muted'),
  }
}

function slot(f: Fields): SlotInfo {
  return {
    mid: f.id('mid'),
    kind: kind(f),
    ...(f.has('track') ? { track: f.id('track') } : {}),
    ...(f.has('participant') ? { participant: f.id('participant') } : {}),
    ...(f.has('after') ? { after: f.count('after') } : {}),
  }
}

function slotFields(f: Fields): { rev?: number; slots?: SlotInfo[] } {
  return f.has('slots') ? { rev: f.count('rev'), slots: f.objects('slots').map(slot) } : {}
}

function kind(f: Fields): Kind {
  const k = f.string('kind')
  if (k !== 'audio' && k !== 'video') throw new WireError('a track is neither audio nor video')
  return k
}

function source(f: Fields): Source {
  const s = f.text('source')
  return s === 'microphone' || s === 'camera' || s === 'screen' || s === 'screen_audio' ? s : 'other'
}

function grant(f: Fields): Grant {
  return {
    publish: f.boolean('publish'),
    subscribe: f.boolean('subscribe'),
    data: f.boolean('data'),
    admin: f.boolean('admin'),
  }
}

function limits(f: Fields): Limits {
  return {
    messageBytes: f.count('messageBytes'),
    messagesPerSecond: f.count('messagesPerSecond'),
    messageBurst: f.count('messageBurst'),
    bytesPerSecond: f.count('bytesPerSecond'),
    byteBurst: f.count('byteBurst'),
    mediaLines: f.count('mediaLines'),
  }
}

function iceServer(f: Fields): RTCIceServer {
  const urls = f.value('urls')
  const list = Array.isArray(urls) ? (urls as unknown[]) : [urls]
  return {
    urls: list.map((u) => {
      if (typeof u !== 'string') throw new WireError('an ICE server without address')
      return u
    }),
    ...(f.has('username') ? { username: f.text('username') } : {}),
    ...(f.has('credential') ? { credential: f.text('credential') } : {}),
  }
}

/** The members of one object, each read as what it has to be. */
class Fields {
  readonly #object: Readonly<Record<string, unknown>>
  readonly #what: string

  constructor(value: unknown, what: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new WireError(`${what} is not an object`)
    this.#object = value as Record<string, unknown>
    this.#what = what
  }

  value(name: string): unknown {
    return Object.hasOwn(this.#object, name) ? this.#object[name] : undefined
  }

  has(name: string): boolean {
    const v = this.value(name)
    return v !== undefined && v !== null
  }

  /** A string that says something. */
  string(name: string): string {
    const v = this.value(name)
    return typeof v === 'string' && v !== '' ? v : this.#wrong(name)
  }

  /** A string that may be empty or missing. */
  text(name: string): string {
    const v = this.value(name) ?? ''
    return typeof v === 'string' ? v : this.#wrong(name)
  }

  id(name: string): string {
    const v = this.string(name)
    return v.length <= 64 ? v : this.#wrong(name)
  }

  /** A whole number from 0. */
  count(name: string): number {
    const v = this.value(name)
    return typeof v === 'number' && Number.isSafeInteger(v) && v >= 0 ? v : this.#wrong(name)
  }

  boolean(name: string): boolean {
    const v = this.value(name)
    return typeof v === 'boolean' ? v : this.#wrong(name)
  }

  object(name: string): Fields {
    return new Fields(this.value(name), name)
  }

  /** A list of objects; missing is empty, as Go encodes a nil slice as null. */
  objects(name: string): Fields[] {
    const v = this.value(name) ?? []
    return Array.isArray(v) ? (v as unknown[]).map((item) => new Fields(item, name)) : this.#wrong(name)
  }

  #wrong(name: string): never {
    throw new WireError(`${name} is missing or of a wrong type in ${this.#what}`)
  }
}
