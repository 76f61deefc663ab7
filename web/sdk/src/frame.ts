// Frames of the session protocol. Nothing from the network is used elsewhere before it passed through decodeFrame.

import { Bytes, Fields, WireError } from './fields'
import type {
  Attached,
  Cell,
  Entry,
  Grant,
  Joined,
  Kept,
  Kind,
  Limits,
  LogFrame,
  Op,
  ParticipantInfo,
  Quality,
  ServerMessage,
  Settings,
  SlotInfo,
  Source,
  TrackInfo,
  Waiting,
} from './wire'

export { WireError } from './fields'

const maxObjects = 256

const noBytes = new Uint8Array()

/**
 * Decodes one frame, in order. Objects of a kind that is not known here are left out: they are of a later version.
 * `raw` is what stands behind the JSON in a frame with bytes: every object that says it has some takes its own.
 */
export function decodeFrame(text: string, raw: Uint8Array = noBytes): ServerMessage[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new WireError('a frame is not JSON')
  }
  const list = Array.isArray(value) ? (value as unknown[]) : [value]
  if (list.length > maxObjects) throw new WireError('too many objects in a frame')
  const messages: ServerMessage[] = []
  const bytes = new Bytes(raw)
  for (const item of list) {
    const message = decodeMessage(new Fields(item, 'a message'), bytes)
    if (message) messages.push(message)
  }
  if (bytes.left > 0) throw new WireError('bytes that belong to nothing')
  return messages
}

/** Writes messages as frames. Each part is one object already encoded. */
export function encodeFrame(parts: readonly string[]): string {
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : `[${parts.join(',')}]`
}

function decodeMessage(f: Fields, bytes: Bytes): ServerMessage | undefined {
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
        settings: f.has('settings') ? settings(f.object('settings')) : { locked: false, lobby: false },
        ...(f.has('answer') ? { answer: f.string('answer') } : {}),
        ...slotFields(f),
        iceServers: f.has('iceServers') ? f.objects('iceServers').map(iceServer) : [],
        state: f.countOr('state', 0),
        history: f.strings('history'),
        ...(f.has('link') ? { link: f.string('link') } : {}),
        fileKey: f.text('fileKey'),
        limits: limits(f.object('limits')),
      }
    case 'wait':
      return { t, attempt: f.string('attempt'), attended: f.boolean('attended'), decided: f.flag('decided') }
    case 'resumed':
      return {
        t,
        rt: f.string('rt'),
        peer: f.boolean('peer'),
        here: f.boolean('here'),
        ...slotFields(f),
        ...(f.has('iceServers') ? { iceServers: f.objects('iceServers').map(iceServer) } : {}),
        ...(f.has('link') ? { link: f.string('link') } : {}),
      }
    case 'answer':
      return {
        t,
        id: f.count('id'),
        sdp: f.string('sdp'),
        rev: f.count('rev'),
        slots: f.objects('slots').map(slot),
        ...(f.has('iceServers') ? { iceServers: f.objects('iceServers').map(iceServer) } : {}),
      }
    case 'slots':
      return { t, rev: f.count('rev'), slots: f.objects('slots').map(slot) }
    case 'layers':
      return { t, mid: f.id('mid'), rids: f.strings('rids') }
    case 'speakers':
      return { t, ids: f.strings('ids') }
    case 'quality':
      return { t, of: new Map(f.texts('of').map(([id, how]) => [id, quality(how)])) }
    case 'knocks':
      return { t, knocks: f.objects('knocks').map(waiting) }
    case 'log':
      return logFrame(f, bytes)
    case 'attached':
      return attached(f)
    case 'state':
      return {
        t,
        position: f.count('position'),
        at: f.count('at'),
        of: f.count('of'),
        cells: f.objects('cells').map(cell),
      }
    case 'e':
      return { t, from: f.id('from'), type: f.string('type'), key: f.text('key'), data: data(f, bytes) }
    case 'history':
      return {
        t,
        id: f.count('id'),
        entries: f.objects('entries').map((e) => kept(e, bytes)),
        more: f.flag('more'),
      }
    case 'beat':
      return { t }
    case 'reset':
      return {
        t,
        gen: f.count('gen'),
        reason: f.string('reason'),
        epoch: f.id('epoch'),
        position: f.count('position'),
        n: f.count('n'),
        state: f.countOr('state', 0),
        since: f.flag('since'),
        participants: f.objects('participants').map(participant),
        ...(f.has('settings') ? { settings: settings(f.object('settings')) } : {}),
        ...(f.has('grant') ? { grant: grant(f.object('grant')) } : {}),
      }
    case 'pong':
      return { t, id: f.count('id') }
    case 'closed':
      return { t, code: f.string('code'), message: f.text('message') }
    case 'error':
      return {
        t,
        re: f.text('re'),
        ...(f.has('id') ? { id: f.count('id') } : {}),
        ...(f.has('mid') ? { mid: f.id('mid') } : {}),
        code: f.string('code'),
        message: f.text('message'),
        ...(f.has('retryMs') ? { retryMs: f.count('retryMs') } : {}),
      }
    default:
      skipBytes(f, bytes)
      return undefined
  }
}

function attached(f: Fields): Attached {
  return {
    t: 'attached',
    gen: f.count('gen'),
    n: f.count('n'),
    ...(f.has('epoch') ? { epoch: f.id('epoch') } : {}),
  }
}

function logFrame(f: Fields, bytes: Bytes): LogFrame {
  const after = f.count('after')
  const position = f.count('position')
  if (position < after) throw new WireError('a log frame goes backwards')
  let last = after
  let before: Message | undefined
  const entries = f.objects('entries').map((e) => {
    const decoded = entry(e, bytes, last, before)
    if (decoded.o <= last || decoded.o > position) throw new WireError('log entries out of order')
    last = decoded.o
    if (decoded.is === 'message') before = decoded
    return decoded
  })
  return { t: 'log', after, position, entries }
}

type Message = Extract<Entry, { is: 'message' }>

/** An entry may leave out what can be told from the offset before it and from the message before it in its frame. */
function entry(f: Fields, bytes: Bytes, last: number, before: Message | undefined): Entry {
  const o = f.countOr('o', last + 1)
  if (f.has('ok'))
    return { o, is: 'ok', n: f.count('ok'), from: f.text('from'), ops: f.objects('ops').map(op) }
  if (f.has('refused'))
    return { o, is: 'refused', n: f.count('refused'), code: f.string('code'), message: f.text('message') }
  if (f.has('ops'))
    return { o, is: 'ops', from: f.text('from'), ops: f.objects('ops').map(op), at: f.count('at') }
  if (!f.has('event')) {
    return {
      o,
      is: 'message',
      from: before && !f.has('from') ? before.from : f.id('from'),
      type: before && !f.has('type') ? before.type : f.string('type'),
      data: data(f, bytes),
      at: before && !f.has('at') ? before.at + f.countOr('ms', 0) : f.count('at'),
      direct: f.flag('direct'),
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
      return {
        o,
        is,
        id: f.id('id'),
        track: f.id('track'),
        muted: f.boolean('muted'),
        ...(f.has('by') ? { by: f.id('by') } : {}),
      }
    case 'settings':
      return { o, is, ...settings(f), ...(f.has('by') ? { by: f.id('by') } : {}) }
    case 'appointed':
      return { o, is, id: f.id('id') }
    case 'restarted':
      return { o, is }
    default:
      skipBytes(f, bytes)
      return { o, is: 'unknown' }
  }
}

/** The data of a message: a JSON value, or bytes of its own. */
function data(f: Fields, bytes: Bytes): unknown {
  if (!f.has('bytes')) return f.value('data') ?? null
  if (f.has('data')) throw new WireError('data that is both JSON and bytes')
  return bytes.take(f.count('bytes'))
}

/** Whatever it is, what it says is its own is not the next one's. */
function skipBytes(f: Fields, bytes: Bytes): void {
  if (f.has('bytes')) bytes.take(f.count('bytes'))
}

function op(f: Fields): Op {
  const key = f.string('k')
  return f.flag('del') ? { key, del: true } : { key, del: false, value: f.value('v') ?? null }
}

function cell(f: Fields): Cell {
  return { ...op(f), o: f.count('o'), by: f.text('by') }
}

function kept(f: Fields, bytes: Bytes): Kept {
  return {
    o: f.count('o'),
    from: f.id('from'),
    name: f.text('name'),
    type: f.string('type'),
    data: data(f, bytes),
    at: f.count('at'),
  }
}

function settings(f: Fields): Settings {
  return { locked: f.flag('locked'), lobby: f.flag('lobby') }
}

function waiting(f: Fields): Waiting {
  return { id: f.id('id'), identity: f.text('identity'), name: f.text('name') }
}

function identity(f: Fields): Joined['you'] {
  const more = { metadata: f.text('metadata'), admin: f.flag('admin') }
  return { ...waiting(f), ...more, ...(f.flag('watching') ? { watching: true } : {}) }
}

function participant(f: Fields): ParticipantInfo {
  return { ...identity(f), tracks: f.has('tracks') ? f.objects('tracks').map(track) : [] }
}

function track(f: Fields): TrackInfo {
  return {
    id: f.id('id'),
    kind: kind(f),
    source: source(f),
    muted: f.flag('muted'),
  }
}

function slot(f: Fields): SlotInfo {
  return {
    mid: f.id('mid'),
    kind: kind(f),
    ...(f.has('track') ? { track: f.id('track') } : {}),
    ...(f.has('participant') ? { participant: f.id('participant') } : {}),
    ...(f.has('after') ? { after: f.count('after') } : {}),
    ...(f.flag('paused') ? { paused: true } : {}),
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
  return sourceOf(f.text('source'))
}

function sourceOf(s: string): Source {
  return s === 'microphone' || s === 'camera' || s === 'screen' || s === 'screen_audio' ? s : 'other'
}

function quality(how: string): Quality {
  return how === 'good' || how === 'poor' || how === 'lost' ? how : 'unknown'
}

function grant(f: Fields): Grant {
  return {
    publish: f.boolean('publish'),
    subscribe: f.boolean('subscribe'),
    data: f.boolean('data'),
    admin: f.boolean('admin'),
    ...(f.has('sources') ? { sources: f.strings('sources').map(sourceOf) } : {}),
    ...(f.has('sendTypes') ? { sendTypes: f.strings('sendTypes') } : {}),
    ...(f.has('writeState') ? { writeState: f.strings('writeState') } : {}),
  }
}

function limits(f: Fields): Limits {
  return {
    messageBytes: f.count('messageBytes'),
    frameBytes: f.countOr('frameBytes', 1_114_112),
    lossyBytes: f.countOr('lossyBytes', 1_000),
    keyBytes: f.countOr('keyBytes', 256),
    valueBytes: f.countOr('valueBytes', 262_144),
    messagesPerSecond: f.count('messagesPerSecond'),
    messageBurst: f.count('messageBurst'),
    bytesPerSecond: f.count('bytesPerSecond'),
    byteBurst: f.count('byteBurst'),
    mediaLines: f.count('mediaLines'),
    fileBytes: f.countOr('fileBytes', 0),
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
