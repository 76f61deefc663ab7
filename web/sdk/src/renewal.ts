import { climbDelay } from './ladder'
import type { Peer } from './peer'

const steadyMs = 30_000

/**
 * Asks for a new PeerConnection when the data channel of the one there is has ended: nothing else brings it back, however well
 * the connection under it is. Ever more rarely, as long as none lasts.
 */
export class Renewal {
  readonly #renew: () => void
  /** Whose channel was open last, and since when. */
  #peer: Peer | undefined
  #since = 0
  #falls = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(renew: () => void) {
    this.#renew = renew
  }

  opened(peer: Peer): void {
    this.#peer = peer
    this.#since = performance.now()
  }

  /** The channel ended. `current` is the PeerConnection there is: that of a former one was meant to end. */
  lost(current: Peer | undefined): void {
    if (!this.#peer || this.#peer !== current) return
    if (performance.now() - this.#since >= steadyMs) this.#falls = 0
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#renew, climbDelay(++this.#falls))
  }

  /** There is another PeerConnection, or none any more. */
  cancel(): void {
    clearTimeout(this.#timer)
  }
}
