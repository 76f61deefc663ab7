import { ParlorError } from './errors'
import type { Link } from './link'
import { frameOf, type Part } from './message'
import { Pacer } from './pacer'
import { split, wholeBytes } from './pieces'
import type { Limits } from './wire'

/** A message whose fate is not known: it may have been delivered, or not. */
export interface UnconfirmedMessage {
  type: string
  data: unknown
  to: readonly string[] | undefined
}

/** Something that goes into the room's order: a message, or a change of its state. */
export interface Outgoing {
  t: 'm' | 's'
  /** Its members but for kind and number. */
  members: string
  raw: Uint8Array | undefined
  bytes: number
  /** The message as it was given; a change of state has none. */
  message?: UnconfirmedMessage
  /** Told once, one or the other. */
  done(offset: number): void
  failed(err: ParlorError): void
}

interface Pending extends Outgoing {
  n: number
}

const windowMessages = 1024
const windowBytes = 1 << 20
const heldMessages = 1 << 16
const heldBytes = 16 << 20
const frameParts = 64
const frameBytes = 15_000
const linkBytes = 64 << 10
const lowBytes = 64 << 10
const headBytes = 32
const busyMs = 20

/**
 * What is on its way into the room's order, numbered, until the server says what became of it. It sends what the window and
 * the rates allow, as few frames as possible, large ones in pieces, and on another link again what the server lacks.
 */
export class Outbox {
  #limits: Limits
  #pacer: Pacer
  readonly #drained: () => void

  #nextN = 1
  /** Not confirmed yet, by n. The first #sent of them are with the server or on their way on this link. */
  readonly #pending: Pending[] = []
  #sent = 0
  #bytes = 0
  #sentBytes = 0
  #ended: ParlorError | undefined

  /** Where to send; undefined: nothing carries messages now. */
  #link: Link | undefined
  /** What is still to go, by link, of a frame that goes in pieces. The last one goes even if another link carries messages. */
  readonly #pieces = new Map<Link, Iterator<Uint8Array<ArrayBuffer>, void>>()
  #queued = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(limits: Limits, drained: () => void) {
    this.#limits = limits
    this.#pacer = new Pacer(limits, performance.now())
    this.#drained = drained
  }

  get limits(): Limits {
    return this.#limits
  }

  /** Bytes that are not confirmed yet. */
  get bytes(): number {
    return this.#bytes
  }

  /** Takes it, or throws if it is over or too much waits already. */
  post(outgoing: Outgoing): void {
    if (this.#ended) throw this.#ended
    const bytes = outgoing.bytes + headBytes
    if (this.#pending.length >= heldMessages || this.#bytes + bytes > heldBytes)
      throw new ParlorError('buffer_full', 'too many messages wait to be sent')
    this.#pending.push({ ...outgoing, n: this.#nextN++, bytes })
    this.#bytes += bytes
    this.#queue()
  }

  /** A new session begins. What was sent in the former one is lost from sight and returned; the rest goes in this one. */
  begin(limits: Limits): UnconfirmedMessage[] {
    this.close()
    this.#limits = limits
    this.#pacer = new Pacer(limits, performance.now())
    const lost = this.#giveUp(this.#sent)
    this.#renumber(1)
    return lost
  }

  /** The server has everything up to n; of that, what is not confirmed yet will be. */
  has(n: number): void {
    this.#sent = this.#upTo(n)
    this.#sentBytes = this.#pending.slice(0, this.#sent).reduce((sum, p) => sum + p.bytes, 0)
    this.#renumber(n + 1)
  }

  /** The server has everything up to n, but what became of it cannot be known any more. */
  lost(n: number): UnconfirmedMessage[] {
    const lost = this.#giveUp(this.#upTo(n))
    this.#renumber(n + 1)
    return lost
  }

  /** This link carries messages from now on. */
  open(link: Link): void {
    this.#link = link
    this.#queue()
  }

  /** Nothing carries messages. */
  close(): void {
    this.#link = undefined
    this.#queue()
  }

  /** What the server says of n: its offset, or why it was refused. */
  settle(n: number, outcome: number | ParlorError): void {
    while (this.#pending[0] !== undefined && this.#pending[0].n <= n) {
      const pending = this.#remove()
      if (pending.n < n) pending.failed(unconfirmed())
      else if (typeof outcome === 'number') pending.done(outcome)
      else pending.failed(outcome)
    }
    this.#queue()
  }

  /** It is over: nothing more is sent, and what was not confirmed will not be. */
  end(err: ParlorError): void {
    if (this.#ended) return
    this.#ended = err
    this.#link = undefined
    this.#pieces.clear()
    clearTimeout(this.#timer)
    const pending = this.#pending.splice(0)
    this.#bytes = this.#sentBytes = this.#sent = 0
    for (const p of pending) p.failed(err)
  }

  #upTo(n: number): number {
    const beyond = this.#pending.findIndex((p) => p.n > n)
    return beyond < 0 ? this.#pending.length : beyond
  }

  #remove(): Pending {
    const pending = this.#pending.shift()
    if (!pending) throw new Error('nothing to remove')
    const before = this.#bytes
    this.#bytes -= pending.bytes
    if (this.#sent > 0) {
      this.#sent--
      this.#sentBytes -= pending.bytes
    }
    if (this.#bytes === 0 || (before > lowBytes && this.#bytes <= lowBytes)) this.#drained()
    return pending
  }

  #giveUp(count: number): UnconfirmedMessage[] {
    const lost: UnconfirmedMessage[] = []
    for (; count > 0; count--) {
      const pending = this.#remove()
      if (pending.message) lost.push(pending.message)
      pending.failed(unconfirmed())
    }
    this.#sent = this.#sentBytes = 0
    return lost
  }

  /** What the server has not got is numbered on from where it stands. This changes something only if it forgot. */
  #renumber(from: number): void {
    for (const pending of this.#pending.slice(this.#sent)) pending.n = from++
    this.#nextN = from
  }

  #queue(): void {
    if (this.#queued) return
    this.#queued = true
    queueMicrotask(() => {
      this.#queued = false
      this.#pump()
    })
  }

  /** Sends what may be sent now. What is written in one go travels in few frames. */
  #pump(): void {
    clearTimeout(this.#timer)
    const link = this.#link
    let waitMs = Infinity
    for (const old of this.#pieces.keys()) if (old !== link && !this.#finish(old)) waitMs = busyMs
    if (link) waitMs = Math.min(waitMs, this.#fill(link))
    if (waitMs < Infinity) this.#timer = setTimeout(() => this.#pump(), waitMs)
  }

  /** Sends what is to go on this link; returns after how many milliseconds there may be more. */
  #fill(link: Link): number {
    let parts: Part[] = []
    let size = 0
    const flush = () => {
      if (parts.length > 0) this.#frame(link, parts, size)
      parts = []
      size = 0
    }
    try {
      while (link === this.#link) {
        if (link.buffered > linkBytes || !this.#finish(link)) return busyMs
        const next = this.#pending[this.#sent]
        if (!next || !this.#fits(next)) break
        const wait = this.#pacer.take(next.bytes, performance.now())
        if (wait > 0) return wait
        if (parts.length >= frameParts || size + next.bytes > frameBytes) flush()
        if (link !== this.#link) break
        parts.push({ json: `{"t":"${next.t}","n":${next.n},${next.members}}`, raw: next.raw })
        size += next.bytes
        this.#sent++
        this.#sentBytes += next.bytes
        // Nothing may come between the pieces of a frame that is its own.
        if (size > frameBytes) flush()
      }
      return Infinity
    } finally {
      flush()
    }
  }

  /** Sends the pieces of the frame that was begun on this link. False: the link is busy with them. */
  #finish(link: Link): boolean {
    const pieces = this.#pieces.get(link)
    while (pieces && link.open) {
      if (link.buffered > linkBytes) return false
      const piece = pieces.next()
      if (!piece.value) break
      link.send(piece.value)
    }
    this.#pieces.delete(link)
    return true
  }

  /**
   * Whether it is within the window. What waits unread at a server that slows us down delays our pings as well, so it is
   * never more than what a second lets through; one that is larger goes alone.
   */
  #fits(next: Pending): boolean {
    const { messagesPerSecond, bytesPerSecond } = this.#limits
    return (
      this.#sent === 0 ||
      (this.#sent < Math.min(windowMessages, messagesPerSecond) &&
        this.#sentBytes + next.bytes <= Math.min(windowBytes, bytesPerSecond))
    )
  }

  #frame(link: Link, parts: readonly Part[], size: number): void {
    const frame = frameOf(parts)
    if ((typeof frame === 'string' ? size : frame.length) > wholeBytes)
      this.#pieces.set(link, split(frame, link.pieceBytes))
    else link.send(frame)
  }
}

function unconfirmed(): ParlorError {
  return new ParlorError('unconfirmed', 'whether the message was delivered is not known')
}
