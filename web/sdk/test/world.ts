// A server of the message protocol and links to it, all in memory and in fake time: for tests of what the SDK does when
// links die, cross and come back.
import { decodeLength, decodeText, encodeBytes, encodeText } from '../src/bytes'
import type { Link, LinkKind } from '../src/link'
import { Assembler, split } from '../src/pieces'
import { FrameReader } from '../src/reader'
import type { Limits, LogFrame, ServerMessage } from '../src/wire'

type Handler = (link: Link, message: ServerMessage) => void

export const limits: Limits = {
  messageBytes: 1 << 20,
  frameBytes: (1 << 20) + (1 << 16),
  lossyBytes: 1000,
  keyBytes: 256,
  valueBytes: 262_144,
  messagesPerSecond: 200,
  messageBurst: 400,
  bytesPerSecond: 262_144,
  byteBurst: 1 << 20,
  mediaLines: 64,
  fileBytes: 1000,
}

/** mulberry32: the same seed gives the same course of events. */
export function random(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = a
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

interface LogEntry {
  o: number
  session: ServerSession
  n: number
  type: string
  data: unknown
  ops?: ServerOp[] | undefined
  /** Why it was refused. */
  code?: string | undefined
}

interface ServerOp {
  k: string
  v?: unknown
  del?: boolean
  base?: number
}

interface ServerCell {
  k: string
  v?: unknown
  del?: boolean
  o: number
}

export class Server {
  readonly log: LogEntry[] = []
  readonly sessions: ServerSession[] = []
  /** The state, deleted keys among it. */
  readonly cells = new Map<string, ServerCell>()
  epoch = 'e1'
  tail = 0
  /** Cells in a frame of a snapshot. */
  page = 100

  wake(): void {
    for (const s of this.sessions) s.flush()
  }

  /** Last writer wins, and what was deleted stays deleted. */
  change(ops: readonly ServerOp[], o: number): string | undefined {
    for (const { k, base } of ops) {
      const cell = this.cells.get(k)
      if (base && (!cell || cell.del)) return 'conflict'
    }
    for (const { k, v, del } of ops) this.cells.set(k, del ? { k, del, o } : { k, v, o })
    return undefined
  }
}

/** The server's end of a link. */
export interface End {
  /** `raw` are the bytes that objects in the message own. */
  toClient(message: unknown, raw?: Uint8Array[]): void
}

/** The server's end of a session. */
export class ServerSession {
  readonly server: Server
  readonly from: string
  n = 0
  gen = 1
  position = 0
  link: End | undefined
  acked = 0
  /** What attach frames said of the state. */
  readonly asked: unknown[] = []
  #cells: ServerCell[] = []
  #at = 0

  constructor(server: Server, from: string) {
    this.server = server
    this.from = from
    this.position = server.log.length
    server.sessions.push(this)
  }

  /** The whole state goes behind `joined`. */
  welcome(): number {
    this.#cells = [...this.server.cells.values()].filter((c) => !c.del)
    this.#at = 0
    return this.#cells.length
  }

  receive(link: End, json: string, raw: Uint8Array = new Uint8Array()): void {
    const value = JSON.parse(json) as Record<string, unknown> | Record<string, unknown>[]
    let at = 0
    for (const m of Array.isArray(value) ? value : [value]) {
      if (typeof m.bytes === 'number') m.data = raw.slice(at, (at += m.bytes))
      this.#one(link, m)
    }
    if (at !== raw.length) throw new Error('bytes that belong to nothing')
  }

  #one(link: End, m: Record<string, unknown>): void {
    switch (m.t) {
      case 'ping':
        link.toClient({ t: 'pong', id: m.id })
        break
      case 'attach': {
        const gen = m.gen as number
        if (gen <= this.gen) {
          link.toClient({ t: 'error', re: 'attach', code: 'bad_message', message: 'another link won' })
          return
        }
        this.gen = gen
        this.link = link
        const position = m.position as number
        const { server } = this
        const reason =
          m.epoch !== server.epoch
            ? 'epoch'
            : position < server.tail
              ? 'trimmed'
              : position > server.log.length
                ? 'ahead'
                : undefined
        this.asked.push(m.state)
        if (reason) {
          const since = reason === 'trimmed' && m.state === undefined
          this.#cells = [...server.cells.values()].filter((c) => (since ? c.o > position : !c.del))
          this.#at = 0
          this.position = server.log.length
          link.toClient({
            t: 'reset',
            gen,
            reason,
            epoch: server.epoch,
            position: this.position,
            n: this.n,
            state: this.#cells.length,
            since,
            participants: null,
          })
        } else {
          this.position = position
          this.#at = typeof m.state === 'number' ? m.state : this.#cells.length
          link.toClient({ t: 'attached', gen, n: this.n, epoch: server.epoch })
        }
        this.flush()
        break
      }
      case 'm':
      case 's': {
        if (link !== this.link) return
        const n = m.n as number
        if (n <= this.n) return
        if (n !== this.n + 1) {
          link.toClient({ t: 'error', re: m.t, code: 'gap', message: '' })
          return
        }
        this.n = n
        const o = this.server.log.length + 1
        const ops = m.ops as ServerOp[] | undefined
        const code = ops && this.server.change(ops, o)
        this.server.log.push({ o, session: this, n, type: m.type as string, data: m.data, ops, code })
        this.server.wake()
        break
      }
      case 'ack':
        this.acked = m.position as number
    }
  }

  flush(): void {
    const { log, page } = this.server
    if (!this.link) return
    while (this.#at < this.#cells.length) {
      const cells = this.#cells.slice(this.#at, this.#at + page)
      const { position } = this
      this.link.toClient({ t: 'state', position, at: this.#at, of: this.#cells.length, cells })
      this.#at += cells.length
    }
    if (this.position >= log.length) return
    const raw: Uint8Array[] = []
    const entries = log.slice(this.position).flatMap((e) => {
      const { o, ops, code } = e
      const own = e.session === this
      const done = { from: e.session.from, ops: ops?.map(({ k, v, del }) => ({ k, v, del })), at: 0 }
      if (code !== undefined) return own ? { o, refused: e.n, code } : []
      if (ops) return own ? { o, ok: e.n, ...done } : { o, ...done }
      if (own) return { o, ok: e.n }
      const head = { o, from: e.session.from, type: e.type, at: 0 }
      if (!(e.data instanceof Uint8Array)) return { ...head, data: e.data }
      raw.push(e.data)
      return { ...head, bytes: e.data.length }
    })
    const frame = { t: 'log', after: this.position, position: log.length, entries }
    this.position = log.length
    this.link.toClient(frame, raw)
  }
}

/** A link in both directions, in order, with delays; what is under way when it is cut is lost. */
export class Pipe implements Link, End {
  readonly kind: LinkKind
  readonly pieceBytes: number
  open = true
  buffered = 0
  /** Nothing goes through any more, and nobody notices. */
  silent = false
  readonly #session: ServerSession
  readonly #receive: Handler
  readonly #ended: (link: Link) => void
  readonly #delay: () => number
  readonly #reader = new FrameReader()
  readonly #assembler = new Assembler()
  #upAt = 0
  #downAt = 0

  constructor(
    kind: LinkKind,
    session: ServerSession,
    receive: Handler,
    ended: (link: Link) => void,
    delay: () => number,
  ) {
    this.kind = kind
    this.pieceBytes = kind === 'webrtc' ? 16_000 : 65_536
    this.#session = session
    this.#receive = receive
    this.#ended = ended
    this.#delay = delay
  }

  send(frame: string | Uint8Array): void {
    if (!this.open) return
    this.#upAt = Math.max(this.#upAt, Date.now() + this.#delay())
    setTimeout(() => {
      if (this.open && !this.silent) this.#arrive(frame)
    }, this.#upAt - Date.now())
  }

  #arrive(frame: string | Uint8Array): void {
    const size = typeof frame === 'string' ? encodeText(frame).length : frame.length
    if (size > 65_536) throw new Error(`a frame of ${size} bytes`)
    if (typeof frame === 'string') {
      this.#session.receive(this, frame)
      return
    }
    let whole: { frame: Uint8Array; binary: boolean } | undefined = { frame, binary: true }
    if (frame[0] === 2) whole = this.#assembler.add(frame, 1_114_112)
    if (!whole) return
    if (!whole.binary) this.#session.receive(this, decodeText(whole.frame))
    else {
      const [length, at] = decodeLength(whole.frame, 1)
      const raw = whole.frame.subarray(at + length)
      this.#session.receive(this, decodeText(whole.frame.subarray(at, at + length)), raw)
    }
  }

  toClient(message: unknown, raw: Uint8Array[] = []): void {
    const json = JSON.stringify(message)
    const frame = raw.length > 0 ? encodeBytes([json], raw) : json
    const frames = frame.length > 65_536 ? [...split(frame, this.pieceBytes)] : [frame]
    for (const part of frames) {
      this.#downAt = Math.max(this.#downAt, Date.now() + this.#delay())
      setTimeout(() => {
        if (!this.open || this.silent) return
        for (const m of this.#reader.read(part)) this.#receive(this, m)
      }, this.#downAt - Date.now())
    }
  }

  /** Frames that were on their way to the client still arrive, after the cut, on the dead link. */
  late(frame: LogFrame): void {
    this.#receive(this, frame)
  }

  close(): void {
    if (!this.open) return
    this.open = false
    if (this.#session.link === this) this.#session.link = undefined
    this.#ended(this)
  }
}
