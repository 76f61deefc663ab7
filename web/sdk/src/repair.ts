const disconnectedMs = 3_000
const connectMs = 10_000
/** The first offer is made before the server said which TURN servers there are: this is how long it goes without them. */
const relayMs = 2_500
const longestMs = 30_000

export interface RepairEvents {
  state(): RTCPeerConnectionState | undefined
  /** Whether there are TURN servers that were not tried. */
  untried(): boolean
  /** Finds another path for the PeerConnection of now. */
  restart(): Promise<void>
  /** Goes on with another PeerConnection. */
  renew(): Promise<void>
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

  /** If the path does not come up in a while, something has to be done about it. */
  await(): void {
    this.#in((this.#events.untried() ? relayMs : connectMs) + this.#delay())
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

  async #try(): Promise<void> {
    const state = this.#events.state()
    if (state === undefined || state === 'connected') return
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
