// A server with all its HTTP routes and WebSockets, and a network in front of it that refuses, holds up and loses what a
// test wants; in memory and in fake time.
import { Server, ServerSession, type End } from './world'

type Json = Record<string, unknown>

interface Entry {
  sid: string
  session: ServerSession
  rt: string
  former: string
  signal: ServerLink | undefined
  left: boolean
}

/** The server's end of a signal link. */
interface ServerLink extends End {
  entry: Entry | undefined
  cut(superseded: boolean): void
}

const delayMs = 5

export class Network {
  readonly server = new Server()
  readonly entries: Entry[] = []
  readonly sockets: NetSocket[] = []
  /** What was asked over HTTP, as method and path. */
  readonly asked: string[] = []
  /** Whether there is a server. */
  up = true
  /** What happens to a WebSocket; a number: it breaks after so many milliseconds. */
  webSockets: 'pass' | 'refused' | 'swallowed' | number = 'pass'
  /** What happens to a response that takes its time; `silent`: only probes come through. */
  streams: 'pass' | 'held' | 'silent' = 'pass'
  /** Loses a request, or its response; it is asked at each request. */
  lose: (request: string) => 'request' | 'response' | 'status 502' | undefined = () => undefined
  /** Bodies of POSTs on links, as the server got them. */
  readonly posted: string[] = []
  readonly #attempts = new Map<string, Entry>()
  readonly #links = new Map<string, HttpEnd>()
  #tokens = 0

  readonly openWebSocket = (): WebSocket => {
    const socket = new NetSocket(this)
    this.sockets.push(socket)
    return socket as unknown as WebSocket
  }

  readonly fetch = async (address: string, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(address)
    const request = `${init.method ?? 'GET'} ${url.pathname.replace('/v1/sessions', '')}${url.search}`
    this.asked.push(request)
    const lost = this.lose(request)
    await wait(delayMs)
    if (init.signal?.aborted) throw new DOMException('', 'AbortError')
    if (!this.up || lost === 'request') throw new TypeError('no network')
    if (lost === 'status 502') return new Response('<h1>Bad Gateway</h1>', { status: 502 })
    const response = await this.#serve(url, init)
    await wait(delayMs)
    if (init.signal?.aborted) throw new DOMException('', 'AbortError')
    if (!this.up || lost === 'response') throw new TypeError('no network')
    return response
  }

  /** The server goes, and with it all connections; what it knows stays. */
  down(): void {
    this.up = false
    for (const entry of this.entries) entry.signal?.cut(false)
  }

  async #serve(url: URL, init: RequestInit): Promise<Response> {
    const [, , , sid, what] = url.pathname.split('/')
    if (sid === 'probe') return events(this.#probe(), init)
    if (sid === undefined) return this.#enter(url, String(init.body))
    const key = new Headers(init.headers).get('authorization')?.replace('Bearer ', '') ?? ''
    const link = this.#links.get(key)
    const entry = this.entries.find((e) => e.sid === sid)
    if (!entry) return problem(410, 'session_not_found')
    if (!link || link.entry !== entry || entry.signal !== link) return problem(409, 'stale_link')
    if (what === 'events') return events(link.stream(this.streams), init)
    if (what === 'poll') return link.poll(Number(url.searchParams.get('r')))
    this.posted.push(String(init.body))
    this.receive(link, String(init.body))
    return new Response(null, { status: 204 })
  }

  #probe(): ReadableStream<Uint8Array> {
    return new ReadableStream({
      start: (controller) => {
        const say = () => controller.enqueue(bytes('data: {"t":"beat"}\n\n'))
        if (this.streams !== 'held') say()
        setTimeout(() => {
          if (this.streams === 'held') say()
          try {
            say()
            controller.close()
          } catch {
            // Nobody reads any more.
          }
        }, 1_000)
      },
    })
  }

  #enter(url: URL, text: string): Response {
    const kind = url.searchParams.get('via') as 'sse' | 'poll'
    const key = `k${this.#tokens++}`
    const end = new HttpEnd(kind)
    const answer = this.#hello(end, JSON.parse(text) as Json, key)
    if (!answer) return problem(410, 'session_not_found')
    this.#links.set(key, end)
    return new Response(JSON.stringify(answer), { status: 201 })
  }

  /** A frame of the client on this link. */
  receive(link: ServerLink, text: string): void {
    const value = JSON.parse(text) as Json | Json[]
    for (const m of Array.isArray(value) ? value : [value]) {
      if (m.t === 'join' || m.t === 'resume')
        link.toClient(this.#hello(link, m) ?? { t: 'error', re: 'resume', code: 'session_not_found' })
      else if (!link.entry) link.toClient({ t: 'pong', id: m.id })
      else if (m.t === 'leave') link.entry.left = true
      else link.entry.session.receive(link, JSON.stringify(m))
    }
  }

  #hello(link: ServerLink, m: Json, key?: string): Json | undefined {
    const more = key === undefined ? {} : { link: key }
    const rt = `rt${this.#tokens++}`
    if (m.t === 'resume') {
      const entry = this.entries.find((e) => e.sid === m.sid && [e.rt, e.former].includes(m.rt as string))
      if (!entry) return
      entry.former = m.rt as string
      entry.rt = rt
      entry.signal?.cut(true)
      entry.signal = link
      link.entry = entry
      return { t: 'resumed', rt, peer: false, here: true, ...more }
    }
    const before = this.#attempts.get(m.attempt as string)
    if (before) this.entries.splice(this.entries.indexOf(before), 1)
    const sid = `s_${this.#tokens++}`
    const session = new ServerSession(this.server, String(m.name))
    session.link = link
    const entry: Entry = { sid, session, rt, former: '', signal: link, left: false }
    link.entry = entry
    this.entries.push(entry)
    this.#attempts.set(m.attempt as string, entry)
    return {
      t: 'joined',
      room: m.room,
      sid,
      rt,
      epoch: this.server.epoch,
      position: session.position,
      you: { id: m.name, identity: m.name, name: m.name },
      grant: { publish: true, subscribe: true, data: true, admin: false },
      participants: [],
      limits,
      ...more,
    }
  }
}

export const limits = {
  messageBytes: 57344,
  frameBytes: 114112,
  lossyBytes: 1000,
  keyBytes: 256,
  valueBytes: 262144,
  messagesPerSecond: 2000,
  messageBurst: 4000,
  bytesPerSecond: 2621440,
  byteBurst: 10485760,
  mediaLines: 32,
}

class NetSocket implements ServerLink {
  readyState = 0
  bufferedAmount = 0
  onopen: (() => void) | null = null
  onmessage: ((e: { data: unknown }) => void) | null = null
  onclose: ((e: { code: number; reason: string }) => void) | null = null
  onerror: (() => void) | null = null
  readonly url = 'ws://test/v1/ws'
  entry: Entry | undefined
  readonly #network: Network

  constructor(network: Network) {
    this.#network = network
    setTimeout(() => {
      if (this.readyState !== 0 || network.webSockets === 'swallowed') return
      if (!network.up || network.webSockets === 'refused') return this.#break(1006)
      this.readyState = 1
      this.onopen?.()
      if (typeof network.webSockets === 'number') setTimeout(() => this.#break(1006), network.webSockets)
    }, delayMs)
  }

  send(text: string): void {
    setTimeout(() => {
      if (this.readyState === 1 && this.#network.up) this.#network.receive(this, text)
    }, delayMs)
  }

  toClient(message: unknown): void {
    const data = JSON.stringify(message)
    setTimeout(() => {
      if (this.readyState === 1) this.onmessage?.({ data })
    }, delayMs)
  }

  close(): void {
    this.readyState = 3
    if (this.entry?.session.link === this) this.entry.session.link = undefined
  }

  cut(superseded: boolean): void {
    setTimeout(() => this.#break(superseded ? 4000 : 1006))
  }

  #break(code: number): void {
    if (this.readyState === 3) return
    this.close()
    this.onclose?.({ code, reason: '' })
  }
}

/** The server's end of an HTTP link. */
class HttpEnd implements ServerLink {
  readonly #kind: 'sse' | 'poll'
  entry: Entry | undefined
  #queue: string[] = []
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined
  #mute = false
  #r = 0
  #kept = ''
  #wake: (() => void) | undefined
  #beat: ReturnType<typeof setInterval> | undefined

  constructor(kind: 'sse' | 'poll') {
    this.#kind = kind
  }

  toClient(message: unknown): void {
    this.#queue.push(`data: ${JSON.stringify(message)}\n\n`)
    if (this.#kind === 'sse') this.#flush()
    else this.#wake?.()
  }

  cut(): void {
    clearInterval(this.#beat)
    if (this.entry?.signal === this) this.entry.signal = undefined
    if (this.entry?.session.link === this) this.entry.session.link = undefined
    this.#wake?.()
    try {
      this.#stream?.close()
    } catch {
      // It is closed.
    }
    this.#stream = undefined
  }

  stream(streams: Network['streams']): ReadableStream<Uint8Array> {
    this.#mute = streams !== 'pass'
    return new ReadableStream({
      start: (controller) => {
        this.#stream = controller
        this.#beat = setInterval(() => this.toClient({ t: 'beat' }), 5_000)
        this.#flush()
      },
      cancel: () => clearInterval(this.#beat),
    })
  }

  /** Nothing comes through any more, and nobody notices. */
  fallSilent(): void {
    this.#mute = true
  }

  async poll(r: number): Promise<Response> {
    if (r === this.#r + 1) {
      if (this.#queue.length === 0) {
        const woken = new Promise<void>((resolve) => (this.#wake = resolve))
        await Promise.race([woken, wait(8_000)])
      }
      if (!this.entry?.signal) return problem(409, 'stale_link')
      this.#r = r
      this.#kept = this.#queue.splice(0).join('')
    } else if (r !== this.#r) return problem(409, 'stale_link')
    return new Response(this.#kept, { headers: { 'content-type': 'text/event-stream' } })
  }

  #flush(): void {
    if (!this.#stream) return
    for (const event of this.#queue.splice(0)) if (!this.#mute) this.#stream.enqueue(bytes(event))
  }
}

function events(body: ReadableStream<Uint8Array>, init: RequestInit): Response {
  const reader = body.getReader()
  // As a browser does, what is aborted breaks off.
  const abortable = new ReadableStream<Uint8Array>({
    start: (controller) =>
      init.signal?.addEventListener('abort', () => {
        try {
          controller.error(new DOMException('', 'AbortError'))
        } catch {
          // It is over already.
        }
      }),
    pull: async (controller) => {
      const { done, value } = await reader.read()
      try {
        if (done) controller.close()
        else controller.enqueue(value)
      } catch {
        // It was aborted.
      }
    },
  })
  return new Response(abortable, { headers: { 'content-type': 'text/event-stream' } })
}

function problem(status: number, code: string): Response {
  const headers = { 'content-type': 'application/problem+json' }
  return new Response(JSON.stringify({ code, title: code, status, detail: 'no' }), { status, headers })
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
