import { ParlorError } from './errors'
import type { Link } from './link'
import { encodeMessage } from './message'
import { Outbox, type Outgoing, type UnconfirmedMessage } from './outbox'
import type { Attached, Cell, Entry, Limits, LogFrame, Op, Refusal, Reset, StateFrame } from './wire'

export type { UnconfirmedMessage } from './outbox'

export interface SessionEvents {
  /** The next entry of the log: everything in order, each once. */
  entry(entry: Entry): void
  /** The next change of the room's state, others' and our own, at its place in the log. */
  ops(ops: readonly Op[], from: string, offset: number): void
  /**
   * The whole state as it is in the log of this epoch at our position. With `since` only what changed after the position
   * we were at before, deletions among it.
   */
  snapshot(cells: readonly Cell[], since: boolean, epoch: string): void
  /** The log could not be gone on with: here is the room as it is now. */
  reset(reset: Reset, unconfirmed: UnconfirmedMessage[]): void
  /** The link that carries messages from now on; undefined: none does. */
  carried(link: Link | undefined): void
  /** So much was confirmed that there is room for more. */
  drained(): void
  /** The link did not answer, or what came on it makes no sense. */
  suspect(link: Link): void
}

/** Where a session begins. */
export interface Beginning {
  epoch: string
  position: number
  /** How many cells of the state follow. */
  state: number
  limits: Limits
}

// Nothing waits for it, and each costs what a message costs.
const ackEntries = 1_024
const ackMs = 5_000
const answerMs = 4_000

/**
 * Our place in the room's log, and our messages on their way into it. It outlives links: it goes on at any of them from
 * where it was, sends again what the server did not get, and skips what came twice. It knows no sockets and no media.
 */
export class Session {
  readonly #events: SessionEvents
  readonly #outbox: Outbox

  #epoch = ''
  #position = 0
  #gen = 0
  #link: Link | undefined
  #ready = false
  /** The snapshot that is on its way: it belongs to our position, and the log goes on behind it. */
  #snapshot: { cells: Cell[]; of: number; since: boolean } | undefined

  #unacked = 0
  #ackTimer: ReturnType<typeof setTimeout> | undefined
  #answerTimer: ReturnType<typeof setTimeout> | undefined
  #ended = false

  constructor(limits: Limits, events: SessionEvents) {
    this.#events = events
    this.#outbox = new Outbox(limits, () => events.drained())
  }

  /** Bytes of messages that are not confirmed yet. */
  get bufferedBytes(): number {
    return this.#outbox.bytes
  }

  get limits(): Limits {
    return this.#outbox.limits
  }

  /** The link that carries messages, or is being asked to. */
  get link(): Link | undefined {
    return this.#link
  }

  /** The link that carries messages now. */
  get carrier(): Link | undefined {
    return this.#ready ? this.#link : undefined
  }

  get position(): number {
    return this.#position
  }

  /**
   * A session begins, with this link as its data link. Messages of a former session that were on their way get lost
   * from sight: they are returned. Those that never left are sent in this one.
   */
  begin(at: Beginning, link: Link): UnconfirmedMessage[] {
    this.#epoch = at.epoch
    this.#position = at.position
    this.#gen = 1
    const unconfirmed = this.#outbox.begin(at.limits)
    this.#expect(at.state, false)
    this.#carry(link)
    return unconfirmed
  }

  /** Sends a message; resolves when it has its place in the room's order. */
  send(type: string, data: unknown, to: readonly string[] | undefined): Promise<{ offset: number }> {
    return new Promise((resolve, reject) => {
      this.post({
        t: 'm',
        ...encodeMessage(type, data, to, this.limits.messageBytes),
        message: { type, data, to },
        done: (offset) => resolve({ offset }),
        failed: reject,
      })
    })
  }

  /** Sends whatever goes into the room's order, or throws if it cannot wait for that. */
  post(outgoing: Outgoing): void {
    this.#outbox.post(outgoing)
  }

  /** Makes this the data link: asks the server to go on here. */
  attach(link: Link): void {
    this.#outbox.close()
    this.#link = link
    this.#ready = false
    this.#stopAcking()
    clearTimeout(this.#answerTimer)
    this.#answerTimer = setTimeout(() => this.#events.suspect(link), answerMs)
    this.#gen++
    link.send(
      JSON.stringify({
        t: 'attach',
        gen: this.#gen,
        epoch: this.#epoch,
        position: this.#position,
        state: this.#snapshot?.cells.length,
      }),
    )
  }

  /** This link is no more. */
  detach(link: Link): void {
    if (link !== this.#link) return
    this.#outbox.close()
    this.#link = undefined
    this.#ready = false
    this.#stopAcking()
    clearTimeout(this.#answerTimer)
    this.#events.carried(undefined)
  }

  /** The session is over: nothing more is sent, and what was not confirmed will not be. */
  end(err: ParlorError): void {
    if (this.#ended) return
    this.#ended = true
    if (this.#link) this.detach(this.#link)
    this.#outbox.end(err)
  }

  attached(link: Link, answer: Attached): void {
    if (link !== this.#link || answer.gen !== this.#gen || this.#ready) return
    this.#epoch = answer.epoch ?? this.#epoch
    this.#outbox.has(answer.n)
    this.#carry(link)
  }

  reset(link: Link, reset: Reset): void {
    if (link !== this.#link || reset.gen !== this.#gen) return
    this.#epoch = reset.epoch
    this.#position = reset.position
    const unconfirmed = this.#outbox.lost(reset.n)
    this.#events.reset(reset, unconfirmed)
    if (link !== this.#link) return
    this.#expect(reset.state, reset.since)
    this.#carry(link)
  }

  /** The log as it comes on a link. Only the data link's counts: an older one is behind. */
  log(link: Link, frame: LogFrame): void {
    if (link !== this.#link || !this.#ready) return
    if (frame.after > this.#position || this.#snapshot) {
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
    if (this.carrier !== link || this.#unacked === 0) return
    if (this.#unacked >= ackEntries) this.ackNow()
    else this.#ackTimer ??= setTimeout(() => this.ackNow(), ackMs)
  }

  /** Cells of a snapshot. They follow each other like the log, and on another link go on where they were. */
  state(link: Link, frame: StateFrame): void {
    const snapshot = this.#snapshot
    if (link !== this.#link || !this.#ready || !snapshot || frame.position !== this.#position) return
    const had = snapshot.cells.length
    if (frame.at > had) {
      this.attach(link)
      return
    }
    if (frame.of !== snapshot.of || frame.at + frame.cells.length > snapshot.of) {
      this.#events.suspect(link)
      return
    }
    for (const cell of frame.cells.slice(had - frame.at)) snapshot.cells.push(cell)
    this.#complete()
    // So that the server need not keep it for us any longer.
    if (!this.#snapshot) this.ackNow()
  }

  /** The server would not take what we sent on this link as it was. */
  refused(link: Link, refusal: Refusal): void {
    if (link !== this.#link) return
    if (refusal.code === 'gap' && this.#ready) this.attach(link)
    else this.#events.suspect(link)
  }

  /** Says how far we are: on the data link, or on one that asked. */
  ackNow(link: Link | undefined = this.#link): void {
    if (link === this.#link) this.#stopAcking()
    link?.send(JSON.stringify({ t: 'ack', position: this.#position }))
  }

  #take(entry: Entry): void {
    if (entry.is === 'ops') this.#events.ops(entry.ops, entry.from, entry.o)
    else if (entry.is === 'ok') {
      if (entry.ops.length > 0) this.#events.ops(entry.ops, entry.from, entry.o)
      this.#outbox.settle(entry.n, entry.o)
    } else if (entry.is === 'refused')
      this.#outbox.settle(entry.n, new ParlorError(entry.code, entry.message))
    else this.#events.entry(entry)
  }

  #expect(cells: number, since: boolean): void {
    this.#snapshot = { cells: [], of: cells, since }
    this.#complete()
  }

  #complete(): void {
    const snapshot = this.#snapshot
    if (!snapshot || snapshot.cells.length < snapshot.of) return
    this.#snapshot = undefined
    this.#events.snapshot(snapshot.cells, snapshot.since, this.#epoch)
  }

  #carry(link: Link): void {
    clearTimeout(this.#answerTimer)
    this.#link = link
    this.#ready = true
    this.#unacked = 0
    this.#outbox.open(link)
    this.#events.carried(link)
  }

  #stopAcking(): void {
    clearTimeout(this.#ackTimer)
    this.#ackTimer = undefined
    this.#unacked = 0
  }
}
