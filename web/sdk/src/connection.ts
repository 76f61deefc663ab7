import { dialHttp, dialWebSocket, type DialEvents, type OpenWebSocket } from './dial'
import { ParlorError } from './errors'
import { probe, type Http } from './http'
import { silentCode, type Link } from './link'
import { Pulse } from './pulse'
import { Rungs, type Base } from './rungs'
import type { ClientMessage, Joined, Refusal, Resumed, ServerMessage, Wait } from './wire'

/** What follows when a hello was refused. `again`: at once, since the next one says something else. */
export type Answer = 'again' | 'later' | 'over'

export interface ConnectionEvents {
  /** The first message on a new link: a join or a resume. */
  hello(): Promise<ClientMessage>
  /** The server let us in; messages follow. It may come while the former link still stands: that one is over now. */
  welcome(link: Link, message: Joined | Resumed): void
  message(link: Link, message: ServerMessage): void
  /** The most bytes of a frame that comes in pieces, as far as it is known. */
  frameBytes(): number | undefined
  /** Somebody has to let us in. The hello is said again when they have decided. */
  waiting(message: Wait): void
  /** The server refused the hello: what now? Later means after retryMs, if the server gave it. */
  refused(refusal: Refusal): Answer
  /** A link that was let in broke; another is being opened unless stop() is called. */
  lost(link: Link, code: number): void
  /** Whatever could be tried was tried, and none worked. It goes on after a pause. */
  failed(err: ParlorError): void
}

/** How the network is reached. */
export interface Network {
  webSocketUrl: string
  openWebSocket: OpenWebSocket
  http: Http
}

const climbOpenMs = 10_000
const lookMs = 1_000
const doubtMs = 1_000

/**
 * The signal link, which comes back: opens another when it breaks, on the transport that Rungs chooses, says hello each
 * time, notices silent death of a WebSocket, and tries for a better transport while it is on a worse one.
 */
export class Connection {
  readonly #network: Network
  readonly #events: ConnectionEvents
  readonly #rungs: Rungs

  #stopped = false
  /** Ends what is under way to get a link. */
  #abort: (() => void) | undefined
  #waiting = false
  #why: ParlorError | undefined

  #link: Link | undefined
  #heardAt: number | undefined
  /** Of a WebSocket: HTTP links notice their silence themselves. */
  #pulse: Pulse | undefined
  #pingId = 0
  #doubtTimer: ReturnType<typeof setTimeout> | undefined
  #watchTimer: ReturnType<typeof setInterval> | undefined

  #climbTimer: ReturnType<typeof setTimeout> | undefined
  /** Ends the attempt to get a better link. */
  #abortClimb: (() => void) | undefined
  /** The better link was asked to take over: the server ends the other one. What came of that meanwhile. */
  #moving: { ended?: { link: Link; code: number } } | undefined

  readonly #blocked = new Set<Base>()
  readonly #hurry = () => this.#hurried()
  readonly #onVisible = () => {
    if (globalThis.document.hidden) return
    this.#pulse?.asked(performance.now(), this.#heardAt)
    if (this.#pulse && this.#link) this.#ping(this.#link)
    this.#hurried()
  }

  constructor(network: Network, allowed: readonly Base[] | undefined, events: ConnectionEvents) {
    this.#network = network
    this.#rungs = new Rungs(allowed)
    this.#events = events
  }

  /** The link that was let in. */
  get link(): Link | undefined {
    return this.#link
  }

  start(): void {
    globalThis.addEventListener?.('online', this.#hurry)
    globalThis.document?.addEventListener('visibilitychange', this.#onVisible)
    this.#step()
  }

  stop(): void {
    this.#stopped = true
    globalThis.removeEventListener?.('online', this.#hurry)
    globalThis.document?.removeEventListener('visibilitychange', this.#onVisible)
    this.#abort?.()
    this.#endClimb()
    this.#endWatch()
    const link = this.#link
    this.#link = undefined
    link?.close()
  }

  /**
   * Something else that goes over the same network has died. A WebSocket that has nothing to say to that within a second is dead too:
   * its browser would not notice for a quarter of an hour.
   */
  doubt(): void {
    const link = this.#link
    if (link?.kind !== 'websocket' || this.#doubtTimer !== undefined) return
    const at = performance.now()
    this.#ping(link)
    this.#doubtTimer = setTimeout(() => {
      this.#doubtTimer = undefined
      // Who comes late to look may have an answer that waits to be read.
      const late = performance.now() - at > 2 * doubtMs
      if (link === this.#link && !late && (this.#heardAt ?? 0) < at) link.close()
    }, doubtMs)
  }

  /** Gives up this link and opens another. */
  restart(): void {
    this.#link?.close()
  }

  /** For tests: nothing goes by this transport, as if a proxy refused it. */
  block(kind: Base, blocked: boolean): void {
    if (!blocked) this.#blocked.delete(kind)
    else {
      this.#blocked.add(kind)
      if (this.#link?.kind === kind) this.#link.close()
    }
  }

  /** Says it to the server, if there is a link. What is last gets out even if the page goes. */
  send(message: ClientMessage, last = false): boolean {
    if (!this.#link?.open) return false
    this.#link.send(JSON.stringify(message), last)
    return true
  }

  /** The network is back, or somebody looks: no need to wait for the next try. */
  #hurried(): void {
    if (this.#waiting) {
      this.#abort?.()
      this.#step()
    } else if (this.#link && !this.#abortClimb && this.#rungs.better.length > 0) this.#climb()
  }

  #step(atLeastMs?: number): void {
    if (this.#stopped) return
    const step = this.#rungs.next(performance.now(), atLeastMs)
    this.#waiting = step.do === 'wait'
    if (step.do === 'wait') {
      const timer = setTimeout(() => this.#step(), step.ms)
      this.#abort = () => clearTimeout(timer)
      const why = this.#why
      this.#why = undefined
      if (why) this.#events.failed(why)
    } else if (step.do === 'probe') {
      this.#abort = this.#probe((verdict) => {
        if (verdict === 'dead') this.#why ??= new ParlorError('unreachable', 'the server cannot be reached')
        this.#rungs.probed(verdict)
        this.#step()
      })
    } else {
      this.#abort = this.#dial(step.kind, step.openMs, false, {
        hello: () => this.#events.hello(),
        entered: (link, message) => this.#enter(link, message),
        refused: (refusal) => {
          const answer = this.#events.refused(refusal)
          this.#rungs.refused(answer === 'again')
          if (answer === 'over') this.stop()
          else this.#step(refusal.retryMs)
        },
        failed: (err) => {
          this.#why = err
          this.#rungs.failed(performance.now())
          this.#step()
        },
      })
    }
  }

  #probe(done: (verdict: Awaited<ReturnType<typeof probe>>) => void): () => void {
    const over = new AbortController()
    void probe(this.#network.http, over.signal).then((verdict) => {
      if (!over.signal.aborted) done(verdict === 'streams' && this.#blocked.has('sse') ? 'buffers' : verdict)
    })
    return () => over.abort()
  }

  #dial(
    kind: Base,
    openMs: number,
    prove: boolean,
    events: Pick<DialEvents, 'hello' | 'entered' | 'refused' | 'failed'>,
  ): () => void {
    const all: DialEvents = {
      ...events,
      frameBytes: () => this.#events.frameBytes(),
      waiting: (message) => this.#events.waiting(message),
      message: (link, message) => {
        if (link !== this.#link) return
        this.#heardAt = performance.now()
        if (message.t !== 'pong') this.#events.message(link, message)
      },
      ended: (link, code) => {
        if (this.#moving && link === this.#link) this.#moving.ended = { link, code }
        else this.#ended(link, code)
      },
    }
    const { openWebSocket, webSocketUrl, http } = this.#network
    const blocked = () => Promise.reject(new Error('blocked'))
    if (kind !== 'websocket')
      return dialHttp(kind, this.#blocked.has(kind) ? { ...http, fetch: blocked } : http, all)
    const open = () => {
      if (this.#blocked.has(kind)) throw new Error('blocked')
      return openWebSocket(webSocketUrl)
    }
    return dialWebSocket(open, openMs, prove, all)
  }

  #enter(link: Link, message: Joined | Resumed): void {
    const former = this.#link
    this.#abort = this.#why = undefined
    this.#endClimb()
    this.#link = link
    this.#heardAt = undefined
    this.#rungs.up(link.kind as Base, performance.now())
    this.#endWatch()
    if (link.kind === 'websocket') this.#watch(link)
    former?.close()
    this.#climbLater()
    this.#events.welcome(link, message)
  }

  #ended(link: Link, code: number, left = false): void {
    if (link !== this.#link) return
    const mute = code === silentCode && this.#heardAt === undefined
    this.#endClimb()
    this.#link = undefined
    this.#endWatch()
    this.#rungs.lost(performance.now(), left ? 'left' : mute ? 'mute' : 'broke')
    this.#events.lost(link, code)
    this.#step()
  }

  #climbLater(): void {
    const ms = this.#rungs.climbIn()
    clearTimeout(this.#climbTimer)
    if (ms !== undefined) this.#climbTimer = setTimeout(() => this.#climb(), ms)
  }

  /** Tries what is better than the link of now, best first. */
  #climb(kinds = this.#rungs.better): void {
    clearTimeout(this.#climbTimer)
    const [kind, ...others] = kinds
    if (!kind) {
      this.#endClimb()
      this.#rungs.climbFailed()
      this.#climbLater()
      return
    }
    // If it is the session that is gone, the link of now will hear of it too.
    const failed = () => {
      const ended = this.#moving?.ended
      this.#moving = undefined
      if (!ended) return this.#climb(others)
      this.#rungs.climbFailed()
      this.#ended(ended.link, ended.code, true)
    }
    const dial = () =>
      this.#dial(kind, climbOpenMs, true, {
        hello: () => {
          this.#moving = {}
          return this.#events.hello()
        },
        entered: (link, message) => this.#enter(link, message),
        refused: failed,
        failed,
      })
    // A WebSocket proves itself on the way; a stream has to be proved first.
    this.#abortClimb =
      kind === 'websocket'
        ? dial()
        : this.#probe((verdict) => {
            if (verdict === 'streams') this.#abortClimb = dial()
            else this.#climb(others)
          })
  }

  #endClimb(): void {
    clearTimeout(this.#climbTimer)
    this.#abortClimb?.()
    this.#abortClimb = this.#moving = undefined
  }

  /** Pings while it is quiet, which also tells the server that we are alive. */
  #watch(link: Link): void {
    const pulse = new Pulse(performance.now())
    this.#pulse = pulse
    this.#watchTimer = setInterval(() => {
      const due = pulse.look(performance.now(), this.#heardAt)
      if (due === 'dead') link.close()
      else if (due === 'ping') this.#ping(link)
    }, lookMs)
  }

  #endWatch(): void {
    clearInterval(this.#watchTimer)
    clearTimeout(this.#doubtTimer)
    this.#pulse = this.#doubtTimer = undefined
  }

  #ping(link: Link): void {
    link.send(JSON.stringify({ t: 'ping', id: ++this.#pingId }))
  }
}
