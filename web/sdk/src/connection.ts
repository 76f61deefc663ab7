import { ParlorError } from './errors'
import { webSocketLink, type Link } from './link'
import type { ClientMessage, Joined, Refusal, Resumed, ServerMessage } from './wire'

export interface ConnectionEvents {
  /** The first message on a new WebSocket: a join or a resume. */
  hello(): Promise<ClientMessage>
  /** The server let us in; messages follow. */
  welcome(link: Link, message: Joined | Resumed): void
  message(link: Link, message: ServerMessage): void
  /** The most bytes of a frame that comes in pieces, as far as it is known. */
  frameBytes(): number | undefined
  /** The server refused the hello. True: try again, after retryMs if the server gave it. */
  refused(refusal: Refusal): boolean
  /** A WebSocket that was let in broke; another is being opened unless stop() is called. */
  lost(link: Link, code: number, reason: string): void
  /** A WebSocket broke before it was let in. */
  failed(err: ParlorError): void
}

export type OpenWebSocket = (url: string) => WebSocket

const firstDelay = 200
const longestDelay = 5_000
const openMs = 10_000
const quietMs = 5_000
const deadMs = 8_000

/** A WebSocket that comes back: reconnects until it is told to stop, says hello each time, and notices silent death. */
export class Connection {
  readonly #url: string
  readonly #open: OpenWebSocket
  readonly #events: ConnectionEvents

  #stopped = false
  #attempt = 0
  /** Ends whatever is under way: opening, waiting for the next try, or the link. */
  #current: { abort(): void } | undefined
  #link: Link | undefined
  #pingId = 0
  #waiting = false
  #heardAt = 0
  #watchTimer: ReturnType<typeof setInterval> | undefined
  readonly #onOnline = () => this.#hurry()

  constructor(url: string, open: OpenWebSocket, events: ConnectionEvents) {
    this.#url = url
    this.#open = open
    this.#events = events
  }

  /** The WebSocket that was let in. */
  get link(): Link | undefined {
    return this.#link
  }

  start(): void {
    globalThis.addEventListener?.('online', this.#onOnline)
    this.#dial()
  }

  stop(): void {
    this.#stopped = true
    globalThis.removeEventListener?.('online', this.#onOnline)
    this.#current?.abort()
    this.#current = undefined
    const link = this.#link
    this.#link = undefined
    link?.close()
  }

  /** Gives up this WebSocket and opens another. */
  restart(): void {
    this.#link?.close()
  }

  /** Says it to the server, if the WebSocket is there. */
  send(message: ClientMessage): boolean {
    if (!this.#link?.open) return false
    this.#link.send(JSON.stringify(message))
    return true
  }

  /** The network is back: no need to wait for the next try. */
  #hurry(): void {
    if (this.#stopped || this.#link || !this.#waiting) return
    this.#current?.abort()
    this.#dial()
  }

  #again(afterMs?: number): void {
    if (this.#stopped) return
    const backoff = Math.min(longestDelay, firstDelay * 2 ** this.#attempt)
    this.#attempt++
    const delay = (afterMs ?? 0) + backoff * (0.5 + Math.random() / 2)
    this.#waiting = true
    const timer = setTimeout(() => this.#dial(), delay)
    this.#current = {
      abort: () => {
        this.#waiting = false
        clearTimeout(timer)
      },
    }
  }

  #dial(): void {
    this.#waiting = false
    let over = false
    let ws: WebSocket
    const fail = (err: ParlorError, afterMs?: number) => {
      if (over) return
      abort()
      this.#events.failed(err)
      this.#again(afterMs)
    }
    const abort = () => {
      over = true
      clearTimeout(timer)
      if (link) link.close()
      else ws.onopen = ws.onclose = ws.onerror = null
      ws.close()
    }
    const unreachable = (why: string) => fail(new ParlorError('unreachable', why))
    const timer = setTimeout(() => unreachable('the server does not answer'), openMs)
    let link: Link | undefined
    try {
      ws = this.#open(this.#url)
    } catch (err) {
      clearTimeout(timer)
      this.#events.failed(new ParlorError('unreachable', err instanceof Error ? err.message : 'no WebSocket'))
      this.#again()
      return
    }
    this.#current = { abort }
    // The hello is being made while the WebSocket opens.
    const hello = this.#events.hello()
    hello.catch((err: unknown) =>
      fail(err instanceof ParlorError ? err : new ParlorError('internal', String(err))),
    )

    ws.onclose = ws.onerror = () => unreachable('the server cannot be reached')
    ws.onopen = () => {
      link = webSocketLink(ws, {
        frameBytes: () => this.#events.frameBytes(),
        message: (l, message) => {
          if (this.#link === l) {
            this.#heardAt = performance.now()
            if (message.t !== 'pong') this.#events.message(l, message)
            return
          }
          if (over) return
          if (message.t === 'joined' || message.t === 'resumed') {
            over = true
            clearTimeout(timer)
            this.#current = undefined
            this.#attempt = 0
            this.#watch(l)
            this.#events.welcome(l, message)
          } else if (message.t === 'error' || message.t === 'closed') {
            const refusal: Refusal = message.t === 'error' ? message : { ...message, t: 'error', re: 'join' }
            abort()
            if (this.#events.refused(refusal)) this.#again(refusal.retryMs)
            else this.stop()
          }
        },
        ended: (l, code, reason) => {
          if (this.#link !== l) {
            unreachable(`the server closed the connection (${code}${reason ? `: ${reason}` : ''})`)
            return
          }
          this.#link = undefined
          clearInterval(this.#watchTimer)
          this.#events.lost(l, code, reason)
          this.#again()
        },
      })
      const opened = link
      void hello.then(
        (message) => opened.send(JSON.stringify(message)),
        () => undefined,
      )
    }
  }

  /** Pings while it is quiet, which also tells the server that we are alive. */
  #watch(link: Link): void {
    this.#link = link
    this.#heardAt = performance.now()
    let pinged: number | undefined
    let ticked = performance.now()
    clearInterval(this.#watchTimer)
    this.#watchTimer = setInterval(() => {
      const now = performance.now()
      // A machine that slept, or a page that was frozen, has not waited in vain.
      if (now - ticked > 5_000) pinged = undefined
      ticked = now
      if (pinged !== undefined && this.#heardAt >= pinged) pinged = undefined
      if (pinged !== undefined && now - pinged >= deadMs) link.close()
      else if (pinged === undefined && now - this.#heardAt >= quietMs) {
        pinged = now
        link.send(JSON.stringify({ t: 'ping', id: ++this.#pingId }))
      }
    }, 1_000)
  }
}
