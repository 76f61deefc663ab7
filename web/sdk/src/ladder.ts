import type { Link } from './link'
import type { Session } from './session'

const tickMs = 250
const quietMs = 2_000
/** Who waits for a confirmation asks sooner whether anybody is there. */
const waitingMs = 250
const deadMs = 4_000
const firstClimbMs = 5_000
const longestClimbMs = 60_000
const steadyMs = 30_000

export interface LadderEvents {
  /** The data channel is closed for good; only a new PeerConnection brings another. */
  channelGone(): void
}

/**
 * Decides on which link the session moves: the signal link at once, whatever its kind, the data channel as soon as it
 * answered a ping, the signal link again when the channel falls silent. It knows nothing of what the links carry.
 */
export class Ladder {
  readonly #session: Session
  readonly #events: LadderEvents
  readonly #channelOnly: boolean

  #base: Link | undefined
  #channel: Link | undefined
  #pingId = 0
  /** The ping on the channel that waits for an answer. */
  #pinged: { id: number; at: number } | undefined
  #heardAt = 0
  #tickedAt = 0
  #falls = 0
  #promotedAt: number | undefined
  #timer: ReturnType<typeof setInterval> | undefined
  #climbTimer: ReturnType<typeof setTimeout> | undefined

  /** With `channelOnly` the session waits for the data channel and never moves on anything else. */
  constructor(session: Session, events: LadderEvents, channelOnly = false) {
    this.#session = session
    this.#events = events
    this.#channelOnly = channelOnly
  }

  /** A signal link that carries the log already: the session has just begun on it. */
  begun(base: Link): void {
    this.#base = base
    this.#promotedAt = undefined
    if (this.#channelOnly) this.#session.detach(base)
  }

  /** A signal link that took the place of one that broke, or of a worse one. */
  resumed(base: Link): void {
    this.#base = base
    if (this.#session.link?.kind !== 'webrtc' && !this.#channelOnly) this.#session.attach(base)
  }

  /** The data channel is open. */
  opened(channel: Link): void {
    this.#channel = channel
    this.#pinged = undefined
    this.#heardAt = performance.now()
    clearInterval(this.#timer)
    this.#tickedAt = performance.now()
    this.#timer = setInterval(() => this.#tick(), tickMs)
    this.#climb()
  }

  heard(link: Link): void {
    if (link === this.#channel) this.#heardAt = performance.now()
  }

  pong(link: Link, id: number): void {
    if (link !== this.#channel || id !== this.#pinged?.id) return
    this.#pinged = undefined
    if (this.#session.link === link) return
    this.#promotedAt = performance.now()
    this.#session.attach(link)
  }

  ended(link: Link): void {
    if (link === this.#base) {
      this.#base = undefined
      this.#session.detach(link)
      this.#climb()
    } else if (link === this.#channel) {
      this.#channel = undefined
      this.#fall(link)
      this.#events.channelGone()
    }
  }

  /** The session says that a link does not do what it should. */
  suspect(link: Link): void {
    if (link === this.#channel) this.#fall(link)
    else link.close()
  }

  /** Takes the channel for dead, as if it had not answered. */
  drop(): void {
    if (this.#channel) this.#fall(this.#channel)
  }

  /** Makes the server say something on the channel, if there is one; false: there is none. */
  ask(): boolean {
    if (!this.#channel?.open) return false
    if (!this.#pinged) this.#ping(this.#channel)
    return true
  }

  stop(): void {
    clearInterval(this.#timer)
    clearTimeout(this.#climbTimer)
  }

  #tick(): void {
    const now = performance.now()
    if (now - this.#tickedAt > deadMs) this.#pinged = undefined
    this.#tickedAt = now
    const channel = this.#channel
    if (!channel) {
      clearInterval(this.#timer)
      return
    }
    const carries = this.#session.link === channel
    if (carries && this.#promotedAt !== undefined && now - this.#promotedAt > steadyMs) this.#falls = 0
    if (this.#pinged) {
      if (this.#heardAt > this.#pinged.at && carries) this.#pinged = undefined
      else if (now - this.#pinged.at >= deadMs) this.#fall(channel)
    } else if (carries && now - this.#heardAt >= (this.#session.bufferedBytes > 0 ? waitingMs : quietMs))
      this.#ping(channel)
  }

  #ping(channel: Link): void {
    this.#pinged = { id: ++this.#pingId, at: performance.now() }
    channel.send(JSON.stringify({ t: 'ping', id: this.#pingId }))
  }

  #fall(channel: Link): void {
    this.#pinged = undefined
    this.#promotedAt = undefined
    this.#falls++
    if (this.#session.link === channel) {
      if (this.#base?.open && !this.#channelOnly) this.#session.attach(this.#base)
      else this.#session.detach(channel)
    }
    if (this.#channel !== channel) return
    clearTimeout(this.#climbTimer)
    this.#climbTimer = setTimeout(() => this.#climb(), climbDelay(this.#falls))
  }

  /** What the channel goes by works again: no need to wait for the next try. */
  revived(): void {
    this.#climb()
  }

  /** Tries the channel; the answer promotes it. */
  #climb(): void {
    clearTimeout(this.#climbTimer)
    const channel = this.#channel
    if (channel && this.#session.link !== channel && !this.#pinged) this.#ping(channel)
  }
}

/** How long to keep off the data channel after it failed so many times. */
export function climbDelay(falls: number): number {
  const delay = Math.min(longestClimbMs, firstClimbMs * 2 ** Math.max(0, falls - 1))
  return delay * (0.75 + Math.random() / 2)
}
