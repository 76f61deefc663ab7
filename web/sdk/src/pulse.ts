const quietMs = 5_000
const deadMs = 8_000
/** A page that does not come to look for so long was asleep, frozen, or is hidden: then it is let run once a minute. */
export const frozenMs = 5_000
/** Looks of such a page, one after the other, that found nothing. */
export const mostFrozen = 2

/**
 * Decides when a link that says nothing is asked whether it lives, and when it is dead. Who slept has not waited in vain: what
 * was to come may come now. But who finds no answer at every waking has waited long enough. It decides only: time is an
 * argument, in milliseconds, and so is when something was heard last.
 */
export class Pulse {
  readonly #since: number
  #pinged: number | undefined
  #lookedAt: number
  #frozen = 0

  /** The link is there since then. */
  constructor(since: number) {
    this.#since = this.#lookedAt = since
  }

  /** To be called every second, or as often as the page is let. */
  look(now: number, heardAt = this.#since): 'ping' | 'dead' | undefined {
    const awake = this.#wake(now, heardAt)
    if (this.#pinged === undefined) return now - heardAt >= quietMs ? this.#ping(now) : undefined
    if (!awake) return ++this.#frozen >= mostFrozen ? 'dead' : this.#ping(now)
    return now - this.#pinged >= deadMs ? 'dead' : undefined
  }

  /** Somebody wants to know, and pings now. */
  asked(now: number, heardAt = this.#since): void {
    const awake = this.#wake(now, heardAt)
    this.#frozen = 0
    if (!awake || this.#pinged === undefined) this.#ping(now)
  }

  /** Whether the page was awake all the time. */
  #wake(now: number, heardAt: number): boolean {
    const awake = now - this.#lookedAt <= frozenMs
    this.#lookedAt = now
    if (this.#pinged !== undefined && heardAt >= this.#pinged) this.#pinged = undefined
    if (awake || this.#pinged === undefined) this.#frozen = 0
    return awake
  }

  #ping(now: number): 'ping' {
    this.#pinged = now
    return 'ping'
  }
}
