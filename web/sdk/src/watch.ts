const quietMs = 450
const deadMs = 1_000
/** Looks in a row that found something new: media flows. */
const flowLooks = 4
/** How long the browser's own checks may take to bring something, where nobody can be asked. */
const unaskedMs = 5_000
const againMs = 4_000
const longestMs = 30_000
/** A page that does not come to look for so long was asleep, or is hidden. */
const awayMs = 5_000

/**
 * Decides whether a path is dead long before the browser says so, which takes it five seconds and more: nothing came, and
 * nothing comes though it was asked for. It decides only: time is an argument, in milliseconds, and so is a mark that is another
 * one whenever something has come.
 */
export class Watch {
  #mark: string | undefined
  #heardAt = 0
  #lookedAt = 0
  #askedAt: number | undefined
  #losses = 0
  /** How often in a row something had come. */
  #flow = 0
  /** Nothing is said before: something is being done about it. */
  #until = 0
  #hurried = false

  /** To be called twice a second. `ask`: make something come; if that was done, tell asked(). */
  look(now: number, mark: string): 'ask' | 'lost' | 'back' | undefined {
    const away = now - this.#lookedAt > awayMs
    const heard = mark !== this.#mark
    this.#lookedAt = now
    this.#mark = mark
    if (heard || away) {
      this.#heardAt = now
      this.#askedAt = undefined
    }
    if (away) return
    if (heard) this.#flow++
    if (heard && this.#losses > 0) {
      this.#losses = this.#until = 0
      return 'back'
    }
    if (now < this.#until) return
    if (this.#askedAt !== undefined) return now - this.#askedAt >= deadMs ? this.#lose(now) : undefined
    if (now - this.#heardAt >= unaskedMs) return this.#lose(now)
    return this.#hurried || now - this.#heardAt >= quietMs ? 'ask' : undefined
  }

  /** Whether something had come all the time, before it ceased. */
  get flowed(): boolean {
    return this.#flow >= flowLooks
  }

  asked(now: number): void {
    this.#askedAt = now
    this.#hurried = false
    this.#flow = 0
  }

  /** The network is another one, or may be. */
  hurry(): void {
    this.#hurried = true
    this.#until = 0
  }

  #lose(now: number): 'lost' {
    this.#until = now + Math.min(longestMs, againMs * 2 ** this.#losses++)
    this.#askedAt = undefined
    this.#hurried = false
    return 'lost'
  }
}
