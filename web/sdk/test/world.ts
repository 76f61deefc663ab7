// A server of the message protocol and links to it, all in memory and in fake time: for tests of what the SDK does when
// links die, cross and come back.
import type { Link, LinkKind } from '../src/link'
import { decodeFrame } from '../src/frame'
import type { LogFrame, ServerMessage } from '../src/wire'

type Handler = (link: Link, message: ServerMessage) => void

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
}

export class Server {
  readonly log: LogEntry[] = []
  readonly sessions: ServerSession[] = []
  epoch = 'e1'
  tail = 0

  wake(): void {
    for (const s of this.sessions) s.flush()
  }
}

/** The server's end of a link. */
export interface End {
  toClient(message: unknown): void
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

  constructor(server: Server, from: string) {
    this.server = server
    this.from = from
    this.position = server.log.length
    server.sessions.push(this)
  }

  receive(link: End, text: string): void {
    const value = JSON.parse(text) as Record<string, unknown> | Record<string, unknown>[]
    for (const m of Array.isArray(value) ? value : [value]) this.#one(link, m)
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
        this.position = reason ? server.log.length : position
        link.toClient(
          reason
            ? {
                t: 'reset',
                gen,
                reason,
                epoch: server.epoch,
                position: this.position,
                n: this.n,
                participants: null,
              }
            : { t: 'attached', gen, n: this.n },
        )
        this.flush()
        break
      }
      case 'm': {
        if (link !== this.link) return
        const n = m.n as number
        if (n <= this.n) return
        if (n !== this.n + 1) {
          link.toClient({ t: 'error', re: 'm', code: 'gap', message: '' })
          return
        }
        this.n = n
        this.server.log.push({
          o: this.server.log.length + 1,
          session: this,
          n,
          type: m.type as string,
          data: m.data,
        })
        this.server.wake()
        break
      }
      case 'ack':
        this.acked = m.position as number
    }
  }

  flush(): void {
    const { log } = this.server
    if (!this.link || this.position >= log.length) return
    const entries = log
      .slice(this.position)
      .map((e) =>
        e.session === this
          ? { o: e.o, ok: e.n }
          : { o: e.o, from: e.session.from, type: e.type, data: e.data, at: 0 },
      )
    const frame = { t: 'log', after: this.position, position: log.length, entries }
    this.position = log.length
    this.link.toClient(frame)
  }
}

/** A link in both directions, in order, with delays; what is under way when it is cut is lost. */
export class Pipe implements Link {
  readonly kind: LinkKind
  readonly pieceBytes = 16_000
  open = true
  buffered = 0
  /** Nothing goes through any more, and nobody notices. */
  silent = false
  readonly #session: ServerSession
  readonly #receive: Handler
  readonly #ended: (link: Link) => void
  readonly #delay: () => number
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
    this.#session = session
    this.#receive = receive
    this.#ended = ended
    this.#delay = delay
  }

  send(frame: string): void {
    if (!this.open) return
    this.#upAt = Math.max(this.#upAt, Date.now() + this.#delay())
    setTimeout(() => {
      if (this.open && !this.silent) this.#session.receive(this, frame)
    }, this.#upAt - Date.now())
  }

  toClient(message: unknown): void {
    const text = JSON.stringify(message)
    this.#downAt = Math.max(this.#downAt, Date.now() + this.#delay())
    setTimeout(() => {
      if (!this.open || this.silent) return
      for (const m of decodeFrame(text)) this.#receive(this, m)
    }, this.#downAt - Date.now())
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
