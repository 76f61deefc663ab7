import { Climb } from './climb'
import { reaches } from './reach'
import { routeOf } from './route'
import { Watch } from './watch'

const lookMs = 500
const reachMs = 3_000

export interface PathEvents {
  /** Statistics of the PeerConnection, while media should flow. */
  stats(): Promise<RTCStatsReport> | undefined
  /** Makes the server say something, if it can be asked. `broke`: media had been flowing until then. */
  ask(broke: boolean): boolean
  /** Nothing comes any more, whatever the browser says. */
  lost(): void
  /** Something comes again. */
  back(): void
  /** TURN servers at the server's UDP addresses; none: UDP is not wanted back. */
  udp(): RTCIceServer[]
  /** Media goes by TCP or by a relay, and UDP gets through. */
  better(): void
}

/** Looks after the path of media: notices its death early, and that there is a better one again. */
export class Path {
  readonly #events: PathEvents
  readonly #watch = new Watch()
  readonly #climb = new Climb()
  readonly #timer = setInterval(() => void this.#look(), lookMs)
  readonly #onOnline = () => this.#changed(true)
  readonly #onChange = () => this.#changed(connection()?.type !== this.#type)
  #type = connection()?.type
  #looking = false
  #reaching = false
  #closed = false

  constructor(events: PathEvents) {
    this.#events = events
    globalThis.addEventListener?.('online', this.#onOnline)
    connection()?.addEventListener('change', this.#onChange)
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#timer)
    globalThis.removeEventListener?.('online', this.#onOnline)
    connection()?.removeEventListener('change', this.#onChange)
  }

  /** The network is another one (`surely`), or the browser thinks that it got faster or slower: it is asked, not taken for lost. */
  #changed(surely: boolean): void {
    this.#type = connection()?.type
    this.#watch.hurry()
    if (surely) this.#climb.reset()
    void this.#look()
  }

  async #look(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    try {
      const report = await this.#events.stats()
      const route = report && routeOf(report)
      if (!route || this.#closed) return
      const now = performance.now()
      const verdict = this.#watch.look(now, route.mark)
      if (verdict === 'ask') {
        if (this.#events.ask(this.#watch.flowed)) this.#watch.asked(now)
      } else if (verdict) this.#events[verdict]()
      else if (!this.#reaching && this.#climb.due(now, route.way)) void this.#reach()
    } catch {
      // A PeerConnection that was closed meanwhile has nothing to say.
    } finally {
      this.#looking = false
    }
  }

  async #reach(): Promise<void> {
    this.#reaching = true
    const through = await reaches(this.#events.udp(), reachMs)
    this.#reaching = false
    if (this.#closed) return
    this.#climb.tried(performance.now(), through)
    if (through) this.#events.better()
  }
}

/** What some browsers know of the network. */
function connection(): (EventTarget & { type?: string }) | undefined {
  return (globalThis.navigator as Navigator & { connection?: EventTarget })?.connection
}
