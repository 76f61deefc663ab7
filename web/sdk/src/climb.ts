import type { Way } from './route'

const firstMs = 5_000
const longestMs = 40_000
/** UDP got through, and yet the browser did not take it: it has its reasons. */
const futileMs = 600_000
const steadyMs = 30_000

/**
 * Decides when it is worth to see whether UDP gets through again, while media goes by something else: ever more rarely, but at
 * least once a minute. It decides only: time is an argument, in milliseconds.
 */
export class Climb {
  #at: number | undefined
  #tries = 0
  #udpSince: number | undefined
  #moved = false

  /** Whether to try now. */
  due(now: number, way: Way): boolean {
    if (way === 'udp') {
      this.#udpSince ??= now
      if (now - this.#udpSince >= steadyMs) this.#tries = 0
      this.#at = undefined
      this.#moved = false
      return false
    }
    this.#udpSince = undefined
    this.#at ??= now + this.#delay()
    return now >= this.#at
  }

  /** It was tried. `moved`: UDP got through, and the path is being changed. */
  tried(now: number, moved: boolean): void {
    this.#tries++
    this.#at = now + (moved && this.#moved ? futileMs : this.#delay())
    this.#moved = moved
  }

  /** The network is another one: what was tried before counts for nothing. */
  reset(): void {
    this.#tries = 0
    this.#at = undefined
    this.#moved = false
  }

  #delay(): number {
    return Math.min(longestMs, firstMs * 2 ** this.#tries) * (0.75 + Math.random() / 2)
  }
}
