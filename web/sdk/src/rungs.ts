import type { Verdict } from './http'
import { climbDelay } from './ladder'
import type { Transport } from './transport'

/** What can carry signalling. */
export type Base = Exclude<Transport, 'webrtc'>

/** What to do to get a link. */
export type Step = { do: 'dial'; kind: Base; openMs: number } | { do: 'probe' } | { do: 'wait'; ms: number }

const order: readonly Base[] = ['websocket', 'sse', 'poll']
const hurriedMs = 2_000
const patientMs = 10_000
const firstWaitMs = 100
const shortWaitMs = 2_000
const longWaitMs = 5_000
const longOutageMs = 30_000
const mostStrikes = 3
const steadyMs = 30_000
/** A link that lived no longer proved nothing: on SSE, silence takes 12 s to be noticed. */
const provenMs = 5_000
const briefMs: Record<Base, number> = { websocket: provenMs, sse: 15_000, poll: 0 }

/**
 * Decides what carries signalling: a WebSocket; where none gets through though the server is there, server-sent events;
 * where those are held up, polls. A server that is away demotes nobody. It decides only: time is an argument, in
 * milliseconds, and somebody else does what next() says and tells how it went.
 */
export class Rungs {
  readonly #allowed: readonly Base[]
  /** Where we are, or try to be. */
  #kind: Base
  #next: 'dial' | 'probe' | 'wait'
  /** What a probe said since the last link or the last wait. */
  #verdict: Verdict | undefined
  #waits = 0
  #downSince: number | undefined
  #upAt: number | undefined
  #strikes = 0
  /** A stream came through as a probe, and yet was worth nothing. */
  #deceived = false
  #falls = 0

  constructor(allowed: readonly Base[] = order) {
    const some = order.filter((kind) => allowed.includes(kind))
    this.#allowed = some.length > 0 ? some : order
    this.#kind = this.#top()
    this.#next = this.#first()
  }

  /** What may carry signalling and is better than what does, best first. */
  get better(): readonly Base[] {
    const better = this.#allowed.slice(0, this.#allowed.indexOf(this.#kind))
    return this.#deceived ? better.filter((kind) => kind !== 'sse') : better
  }

  next(now: number, atLeastMs = 0): Step {
    const step = this.#next
    if (step === 'probe') return { do: 'probe' }
    if (step === 'dial')
      return { do: 'dial', kind: this.#kind, openMs: this.#allowed.length > 1 ? hurriedMs : patientMs }
    this.#downSince ??= now
    const most = now - this.#downSince < longOutageMs ? shortWaitMs : longWaitMs
    const ms = Math.min(most, firstWaitMs * 2 ** this.#waits++) * (0.5 + Math.random() / 2)
    this.#next = this.#first()
    this.#verdict = undefined
    return { do: 'wait', ms: atLeastMs + ms }
  }

  /** No link came of it. */
  failed(now: number): void {
    this.#downSince ??= now
    if (this.#allowed.length === 1) this.#next = 'wait'
    else if (!this.#verdict) this.#next = 'probe'
    else if (this.#kind === 'websocket') this.#fall(this.#verdict)
    else {
      // The server is there, and yet this did not work: begin at the top.
      this.#next = 'wait'
      this.#kind = this.#top()
    }
  }

  probed(verdict: Verdict): void {
    if (verdict === 'dead') {
      // A server that is away explains why links broke: that speaks against none of them.
      this.#strikes = 0
      this.#next = 'wait'
      return
    }
    this.#verdict = verdict
    if (this.#kind === 'websocket' && this.#strikes < mostStrikes) this.#next = 'dial'
    else this.#fall(verdict)
  }

  /** The server is there but would not have us. `again`: at once, with something else to say. */
  refused(again = false): void {
    this.#next = again ? 'dial' : 'wait'
  }

  /** A link carries signalling now. */
  up(kind: Base, now: number): void {
    if (kind !== this.#kind) this.#strikes = 0
    this.#kind = kind
    if (kind === 'websocket') this.#deceived = false
    this.#upAt = now
    this.#downSince = this.#verdict = undefined
  }

  /**
   * The link that carried signalling ended. `mute`: nothing had ever come over it, and it was waited for. `left`: for a
   * better one, which then failed.
   */
  lost(now: number, cause: 'broke' | 'mute' | 'left' = 'broke'): void {
    const lived = now - (this.#upAt ?? now)
    if (lived >= provenMs) this.#waits = 0
    if (lived >= briefMs[this.#kind]) this.#strikes = 0
    else this.#strikes += { broke: 1, mute: mostStrikes, left: 0 }[cause]
    if (this.#kind === this.#top() && lived >= steadyMs) this.#falls = 0
    const worn = this.#strikes >= mostStrikes && this.#allowed.length > 1
    this.#next = worn ? 'probe' : 'wait'
  }

  /** When to try for a better rung; undefined: this is the best. */
  climbIn(): number | undefined {
    return this.better.length > 0 ? climbDelay(this.#falls) : undefined
  }

  climbFailed(): void {
    this.#falls++
  }

  #top(): Base {
    return this.#allowed[0] ?? 'websocket'
  }

  /** A stream is proved before anything depends on it, if there is another way. */
  #first(): 'dial' | 'probe' {
    return this.#kind === 'sse' && this.#upAt === undefined && this.#allowed.length > 1 ? 'probe' : 'dial'
  }

  #fall(verdict: Verdict): void {
    this.#falls++
    this.#next = 'dial'
    if (this.#kind === 'sse' && this.#strikes >= mostStrikes) this.#deceived = true
    const streams = verdict === 'streams' && !this.#deceived
    const wanted: Base[] = streams ? ['sse', 'poll'] : ['poll', 'sse']
    this.#kind = wanted.find((kind) => this.#allowed.includes(kind)) ?? this.#kind
    this.#strikes = 0
  }
}
