import { ParlorError } from './errors'
import { encodeFrame } from './frame'
import type { Link } from './link'
import { Pacer } from './pacer'
import type { Entry, Limits, LogFrame, ParticipantInfo, Refusal, Reset } from './wire'

/** A message whose fate is not known: it may have been delivered, or not. */
export interface UnconfirmedMessage {
  type: string
  data: unknown
  to: readonly string[] | undefined
}

export interface SessionEvents {
  /** The next entry of the log: everything in order, each once. */
  entry(entry: Entry): void
  /** The log could not be gone on with: here is the room as it is now. */
  reset(reason: string, unconfirmed: UnconfirmedMessage[], participants: ParticipantInfo[]): void
  /** The link that carries messages from now on; undefined: none does. */
  carried(link: Link | undefined): void
  /** The link did not answer, or what came on it makes no sense. */
  suspect(link: Link): void
}

interface Pending extends UnconfirmedMessage {
  n: number
  /** The message as JSON but for its head, which has the number. */
  rest: string
  bytes: number
  resolve(receipt: { offset: number }): void
  reject(err: ParlorError): void
}

const windowMessages = 1024
const windowBytes = 1 << 20
const heldMessages = 1 << 16
const heldBytes = 16 << 20
const frameParts = 64
const frameBytes = 15_000
const linkBytes = 256 << 10
const headBytes = 32
const ackEntries = 64
const ackMs = 250
const answerMs = 4_000
const maxDepth = 32

/**
 * Our place in the room's log, and our messages on their way into it. It outlives links: it goes on at any of them from
 * where it was, sends again what the server did not get, and skips what came twice. It knows no sockets and no media.
 */
export class Session {
  readonly #events: SessionEvents
  #limits: Limits
  #pacer: Pacer

  #epoch = ''
  #position = 0
  #gen = 0
  #link: Link | undefined
  #ready = false

  #nextN = 1
  /** Not confirmed yet, by n. The first #sent of them are with the server or on their way on this link. */
  readonly #outbox: Pending[] = []
  #sent = 0
  #bytes = 0
  #sentBytes = 0
  #ended: ParlorError | undefined

  #unacked = 0
  #ackTimer: ReturnType<typeof setTimeout> | undefined
  #pumpTimer: ReturnType<typeof setTimeout> | undefined
  #pumpQueued = false
  #answerTimer: ReturnType<typeof setTimeout> | undefined

  constructor(limits: Limits, events: SessionEvents) {
    this.#events = events
    this.#limits = limits
    this.#pacer = new Pacer(limits, performance.now())
  }

  /** Bytes of messages that are not confirmed yet. */
  get bufferedBytes(): number {
    return this.#bytes
  }

  /** The link that carries messages, or is being asked to. */
  get link(): Link | undefined {
    return this.#link
  }

  get position(): number {
    return this.#position
  }

  /**
   * A session begins, with this link as its data link. Messages of a former session that were on their way get lost
   * from sight: they are returned. Those that never left are sent in this one.
   */
  begin(at: { epoch: string; position: number; limits: Limits }, link: Link): UnconfirmedMessage[] {
    this.#epoch = at.epoch
    this.#position = at.position
    this.#limits = at.limits
    this.#pacer = new Pacer(at.limits, performance.now())
    this.#gen = 1
    const unconfirmed = this.#giveUp(this.#sent)
    this.#renumber(1)
    this.#carry(link)
    return unconfirmed
  }

  send(type: string, data: unknown, to: readonly string[] | undefined): Promise<{ offset: number }> {
    return new Promise((resolve, reject) => {
      if (this.#ended) throw this.#ended
      const rest = encodeMessage(type, data, to, this.#limits.messageBytes)
      const bytes = utf8Length(rest) + headBytes
      if (this.#outbox.length >= heldMessages || this.#bytes + bytes > heldBytes)
        throw new ParlorError('buffer_full', 'too many messages wait to be sent')
      this.#outbox.push({ n: this.#nextN++, rest, bytes, type, data, to, resolve, reject })
      this.#bytes += bytes
      this.#queuePump()
    })
  }

  /** Makes this the data link: asks the server to go on here. */
  attach(link: Link): void {
    this.#link = link
    this.#ready = false
    this.#stopAcking()
    clearTimeout(this.#answerTimer)
    this.#answerTimer = setTimeout(() => this.#events.suspect(link), answerMs)
    this.#gen++
    link.send(JSON.stringify({ t: 'attach', gen: this.#gen, epoch: this.#epoch, position: this.#position }))
  }

  /** This link is no more. */
  detach(link: Link): void {
    if (link !== this.#link) return
    this.#link = undefined
    this.#ready = false
    this.#stopAcking()
    clearTimeout(this.#answerTimer)
    clearTimeout(this.#pumpTimer)
    this.#events.carried(undefined)
  }

  /** The session is over: nothing more is sent, and what was not confirmed will not be. */
  end(err: ParlorError): void {
    if (this.#ended) return
    this.#ended = err
    if (this.#link) this.detach(this.#link)
    for (const pending of this.#outbox.splice(0)) pending.reject(err)
    this.#bytes = this.#sentBytes = this.#sent = 0
  }

  attached(link: Link, gen: number, n: number): void {
    if (link !== this.#link || gen !== this.#gen || this.#ready) return
    const had = this.#outbox.findIndex((p) => p.n > n)
    this.#sent = had < 0 ? this.#outbox.length : had
    this.#sentBytes = sum(this.#outbox.slice(0, this.#sent))
    this.#renumber(n + 1)
    this.#carry(link)
  }

  reset(link: Link, reset: Reset): void {
    if (link !== this.#link || reset.gen !== this.#gen) return
    this.#epoch = reset.epoch
    this.#position = reset.position
    const beyond = this.#outbox.findIndex((p) => p.n > reset.n)
    const unconfirmed = this.#giveUp(beyond < 0 ? this.#outbox.length : beyond)
    this.#renumber(reset.n + 1)
    this.#events.reset(reset.reason, unconfirmed, reset.participants)
    if (link === this.#link) this.#carry(link)
  }

  /** The log as it comes on a link. Only the data link's counts: an older one is behind. */
  log(link: Link, frame: LogFrame): void {
    if (link !== this.#link || !this.#ready) return
    if (frame.after > this.#position) {
      this.attach(link)
      return
    }
    for (const entry of frame.entries) {
      if (entry.o <= this.#position) continue
      this.#position = entry.o
      this.#unacked++
      this.#take(entry)
      if (this.#ended) return
    }
    if (frame.position > this.#position) {
      this.#position = frame.position
      this.#unacked++
    }
    if (this.#link !== link || !this.#ready || this.#unacked === 0) return
    if (this.#unacked >= ackEntries) this.#ack()
    else this.#ackTimer ??= setTimeout(() => this.#ack(), ackMs)
  }

  /** The server would not take what we sent on this link as it was. */
  refused(link: Link, refusal: Refusal): void {
    if (link !== this.#link) return
    if (refusal.code === 'gap' && this.#ready) this.attach(link)
    else this.#events.suspect(link)
  }

  #take(entry: Entry): void {
    if (entry.is !== 'ok' && entry.is !== 'refused') {
      this.#events.entry(entry)
      return
    }
    while (this.#outbox[0] !== undefined && this.#outbox[0].n <= entry.n) {
      const pending = this.#remove()
      if (pending.n < entry.n) pending.reject(unconfirmedError())
      else if (entry.is === 'ok') pending.resolve({ offset: entry.o })
      else pending.reject(new ParlorError(entry.code, entry.message))
    }
    this.#queuePump()
  }

  #carry(link: Link): void {
    clearTimeout(this.#answerTimer)
    this.#link = link
    this.#ready = true
    this.#unacked = 0
    this.#events.carried(link)
    this.#queuePump()
  }

  #remove(): Pending {
    const pending = this.#outbox.shift()
    if (!pending) throw new Error('nothing to remove')
    this.#bytes -= pending.bytes
    if (this.#sent > 0) {
      this.#sent--
      this.#sentBytes -= pending.bytes
    }
    return pending
  }

  #giveUp(count: number): UnconfirmedMessage[] {
    const lost: UnconfirmedMessage[] = []
    for (; count > 0; count--) {
      const pending = this.#remove()
      lost.push({ type: pending.type, data: pending.data, to: pending.to })
      pending.reject(unconfirmedError())
    }
    this.#sent = this.#sentBytes = 0
    return lost
  }

  /** What the server has not got is numbered on from where it stands. This changes something only if it forgot. */
  #renumber(from: number): void {
    for (const pending of this.#outbox.slice(this.#sent)) pending.n = from++
    this.#nextN = from
  }

  #queuePump(): void {
    if (this.#pumpQueued) return
    this.#pumpQueued = true
    queueMicrotask(() => {
      this.#pumpQueued = false
      this.#pump()
    })
  }

  /** Sends what may be sent now. What is written in one go travels in few frames. */
  #pump(): void {
    clearTimeout(this.#pumpTimer)
    const link = this.#link
    if (!link || !this.#ready) return
    const now = performance.now()
    let parts: string[] = []
    let size = 0
    const flush = () => {
      if (parts.length > 0) link.send(encodeFrame(parts))
      parts = []
      size = 0
    }
    for (;;) {
      const next = this.#outbox[this.#sent]
      if (!next) break
      if (this.#sent >= windowMessages || (this.#sent > 0 && this.#sentBytes + next.bytes > windowBytes))
        break
      if (link.buffered > linkBytes) {
        this.#pumpTimer = setTimeout(() => this.#pump(), 20)
        break
      }
      const wait = this.#pacer.take(next.bytes, now)
      if (wait > 0) {
        this.#pumpTimer = setTimeout(() => this.#pump(), wait)
        break
      }
      if (parts.length >= frameParts || size + next.bytes > frameBytes) flush()
      if (link !== this.#link) return
      parts.push(`{"t":"m","n":${next.n},${next.rest}`)
      size += next.bytes
      this.#sent++
      this.#sentBytes += next.bytes
    }
    flush()
  }

  #ack(): void {
    this.#stopAcking()
    this.#link?.send(JSON.stringify({ t: 'ack', position: this.#position }))
  }

  #stopAcking(): void {
    clearTimeout(this.#ackTimer)
    this.#ackTimer = undefined
    this.#unacked = 0
  }
}

function sum(list: readonly Pending[]): number {
  return list.reduce((bytes, pending) => bytes + pending.bytes, 0)
}

function unconfirmedError(): ParlorError {
  return new ParlorError('unconfirmed', 'whether the message was delivered is not known')
}

function encodeMessage(type: string, data: unknown, to: readonly string[] | undefined, most: number): string {
  const typeBytes = utf8Length(type)
  if (typeBytes < 1 || typeBytes > 128) throw new ParlorError('bad_message', 'a type has 1 to 128 bytes')
  if (to && (to.length === 0 || to.length > 100))
    throw new ParlorError('bad_message', 'a message goes to 1 to 100 participants')
  let json: string | undefined
  try {
    json = JSON.stringify(data === undefined ? null : data) as string | undefined
  } catch {
    // Circular, or a BigInt.
  }
  if (json === undefined) throw new ParlorError('bad_message', 'data has to be a JSON value')
  if (utf8Length(json) > most)
    throw new ParlorError('too_large', `the data of a message may have ${most} bytes`)
  if (depth(json) > maxDepth) throw new ParlorError('bad_message', 'data is nested too deeply')
  return `"type":${JSON.stringify(type)},"data":${json}${to ? `,"to":${JSON.stringify(to)}` : ''}}`
}

/** How deeply a JSON text is nested. */
export function depth(json: string): number {
  let deepest = 0
  let now = 0
  let quoted = false
  for (let i = 0; i < json.length; i++) {
    const c = json.charCodeAt(i)
    if (quoted) {
      if (c === 0x5c) i++
      else if (c === 0x22) quoted = false
    } else if (c === 0x22) quoted = true
    else if (c === 0x7b || c === 0x5b) deepest = Math.max(deepest, ++now)
    else if (c === 0x7d || c === 0x5d) now--
  }
  return deepest
}

/** Bytes of a string as UTF-8. */
export function utf8Length(s: string): number {
  let bytes = s.length
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i)
    // Half of a pair counts two: four bytes for two units.
    if (c > 0x7f) bytes += c > 0x7ff && (c < 0xd800 || c > 0xdfff) ? 2 : 1
  }
  return bytes
}
