const disconnectedMs = 1_000
const connectMs = 10_000
/**
 * The first offer is made before the server said which TURN servers there are: this is how long a way is looked for without them.
 * Checks take one round trip.
 */
const relayMs = 1_000
/** A handshake takes three round trips, and is said again until it gets through. */
const handshakeMs = 3_000
const longestMs = 30_000

export interface RepairEvents {
  state(): RTCPeerConnectionState | undefined
  /** Whether there are TURN servers that were not tried. */
  untried(): boolean
  /** Whether there is a way that small packets get through: what is to follow are large ones. */
  found(): boolean
  /** Whether another path is being looked for: the server has not answered yet. */
  busy(): boolean
  /** Finds another path for the PeerConnection of now. */
  restart(): Promise<void>
  /** Goes on with another PeerConnection. */
  renew(): Promise<void>
  /** Likewise, by ways that large packets get through. */
  narrow(): Promise<void>
  /** It has not come back by itself. */
  failed(): void
}

/** What is done about a path that is lost: twice a restart of ICE, then a new PeerConnection, and so on, ever more rarely. */
export class Repair {
  readonly #events: RepairEvents
  #tries = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(events: RepairEvents) {
    this.#events = events
  }

  connected(): void {
    this.#tries = 0
    this.cancel()
  }

  lost(): void {
    this.#in(this.#tries === 0 ? 0 : this.#delay())
  }

  interrupted(): void {
    this.#in(disconnectedMs)
  }

  /** Nothing comes any more, though the browser has not said so. */
  silent(): void {
    clearTimeout(this.#timer)
    void this.#try(true)
  }

  /** If the path does not come up in a while, something has to be done about it. */
  await(): void {
    if (this.#events.found()) this.found()
    else this.#in((this.#events.untried() ? relayMs : connectMs) + this.#delay())
  }

  /** There is a way; the handshake on it should not take long. */
  found(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      if (this.#events.state() === 'connecting') void this.#events.narrow()
    }, handshakeMs)
  }

  /** An attempt came to nothing. */
  again(): void {
    this.#tries++
    this.await()
  }

  cancel(): void {
    clearTimeout(this.#timer)
  }

  #delay(): number {
    if (this.#tries === 0) return 0
    return Math.min(longestMs, 500 * 2 ** this.#tries) * (0.75 + Math.random() / 2)
  }

  #in(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#try(), ms)
  }

  async #try(silent = false): Promise<void> {
    const state = this.#events.state()
    if (state === undefined || (state === 'connected' && !silent) || this.#events.busy()) return
    if (this.#tries > 0) this.#events.failed()
    this.#tries++
    if (this.#tries % 3 === 0) return this.#events.renew()
    try {
      await this.#events.restart()
    } catch {
      await this.#events.renew()
    }
  }
}
