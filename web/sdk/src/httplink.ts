import { guarded } from './emitter'
import { EventParser } from './eventstream'
import { pause, plain, within, type Http } from './http'
import { frozenMs, mostFrozen } from './pulse'
import { pieceBytes, receiver, silentCode, type Link, type LinkEvents } from './link'

const deadMs = 12_000
const tickMs = 1_000
const pollMs = 11_000
const pollTries = 3
const postMs = 8_000
const postTries = 2
/** Between polls that brought nothing; who answers them at once is not to be asked in a circle. */
const emptyMs = 100
const farewellMs = 2_000
/** The slowest line that is still one. */
const bytesPerMs = 8
/** Too many requests: it may pass, as nothing else may that the server says of a request. */
const busy = 429
const joinBytes = 21_000
const joinObjects = 256

/**
 * A link of POSTs up and of server-sent events down: in one endless response (`sse`), or in many that end (`poll`).
 * `key` is what the server gave for it. A POST whose answer got lost is sent again: what is numbered counts once.
 */
export function httpLink(
  kind: 'sse' | 'poll',
  sid: string,
  key: string,
  http: Http,
  events: LinkEvents,
): Link {
  const url = `${http.url}/${encodeURIComponent(sid)}`
  const headers = { authorization: `Bearer ${key}` }
  const gone = new AbortController()
  const queue: (string | Uint8Array<ArrayBuffer>)[] = []
  let buffered = 0
  let posting = false
  let ended = false
  /** Settled once nothing is left that must not be cut off. */
  let farewell: Promise<unknown> = Promise.resolve()

  const end = (code: number, reason: string) => {
    if (ended) return
    ended = true
    clearInterval(timer)
    // The server ends the link with its stream, and would not know the farewell that comes behind.
    void farewell.then(() => gone.abort())
    events.ended(link, code, reason)
  }

  /** Asks until it is answered as it should be, so many times; undefined: the link has ended over it. */
  async function ask(
    path: string,
    init: RequestInit,
    ms: number,
    tries: number,
    good: (res: Response) => boolean,
  ): Promise<string | undefined> {
    for (let n = 0; ; n++) {
      const since = performance.now()
      const answer = await within(ms, gone.signal, async (signal) => {
        const res = await http.fetch(url + path, { ...plain, ...init, signal })
        return { good: good(res), status: res.status, text: await res.text() }
      }).catch(() => undefined)
      if (ended) return
      if (answer?.good) return answer.text
      // A network that refuses may let the next one through; one that swallows has cost a lot of time already.
      if (performance.now() - since >= ms) n++
      const status = answer?.status ?? 0
      if ((status >= 400 && status < 500 && status !== busy) || n >= tries) {
        end(status, 'the server cannot be reached')
        return
      }
      await pause(200 * 3 ** n)
      if (ended) return
    }
  }

  async function post(): Promise<void> {
    posting = true
    // What is said in this turn goes together.
    await Promise.resolve()
    while (queue.length > 0) {
      const body = next(queue)
      const size = body.length
      const type = typeof body === 'string' ? 'application/json' : 'application/octet-stream'
      const init = { method: 'POST', headers: { ...headers, 'content-type': type }, body }
      if (
        (await ask('', init, postMs + size / bytesPerMs, postTries, (res) => res.status === 204)) ===
        undefined
      )
        return
      buffered = queue.reduce((sum, frame) => sum + frame.length, 0)
    }
    posting = false
  }

  let silentMs = 0
  /** How often in a row the page found nothing when it was let run again. */
  let frozen = 0
  let tickedAt = performance.now()
  async function stream(): Promise<void> {
    const init = { ...plain, headers, signal: gone.signal }
    const res = await http.fetch(`${url}/events`, init)
    if (!isEvents(res) || !res.body) return end(res.status, 'no events')
    const reader = res.body.getReader()
    const text = new TextDecoder()
    const parser = new EventParser()
    for (;;) {
      const { done, value } = await reader.read()
      if (done || ended) return end(0, 'the events ended')
      silentMs = frozen = 0
      for (const frame of parser.feed(text.decode(value, { stream: true }))) guarded(() => receive(frame))
    }
  }

  async function poll(): Promise<void> {
    for (let r = 1; link.open; r++) {
      const text = await ask(`/poll?r=${r}`, { headers }, pollMs, pollTries, isEvents)
      if (text === undefined) return
      const frames = new EventParser().feed(text)
      for (const frame of frames) guarded(() => receive(frame))
      if (frames.length === 0) await pause(emptyMs)
    }
  }

  const link: Link = {
    kind,
    pieceBytes: pieceBytes[kind],
    get open() {
      return !ended
    },
    get buffered() {
      return buffered
    },
    send(frame, last = false) {
      if (!link.open) return
      if (last) {
        const type = 'application/json'
        const init = { method: 'POST', headers: { ...headers, 'content-type': type }, body: frame }
        const told = http.fetch(url, { ...plain, ...init, keepalive: true }).catch(() => undefined)
        farewell = Promise.race([told, pause(farewellMs)])
        return
      }
      queue.push(frame)
      buffered += frame.length
      if (!posting) void post()
    },
    close: () => end(1000, ''),
  }
  const receive = receiver(link, events, end)
  // The server beats every 5 s: nothing for this long is no life. A page that was frozen has not waited meanwhile, unless it
  // always is.
  const timer = setInterval(() => {
    const now = performance.now()
    const ms = now - tickedAt
    tickedAt = now
    silentMs += Math.min(ms, frozenMs)
    frozen = ms > frozenMs ? frozen + 1 : 0
    if (kind === 'sse' && (silentMs >= deadMs || frozen >= mostFrozen)) end(silentCode, 'silent')
  }, tickMs)
  const down = kind === 'sse' ? stream() : poll()
  down.catch(() => end(0, 'the events broke'))
  return link
}

/** Not the page of somebody in between who wants a login first. */
function isEvents(res: Response): boolean {
  return res.status === 200 && (res.headers.get('content-type') ?? '').startsWith('text/event-stream')
}

/** Takes what goes in the next POST: small frames of text that wait behind each other go as one. */
function next(queue: (string | Uint8Array<ArrayBuffer>)[]): string | Uint8Array<ArrayBuffer> {
  const first = queue[0] ?? ''
  let count = 0
  let bytes = 0
  let objects = 0
  for (const frame of queue) {
    if (typeof frame !== 'string') break
    bytes += frame.length
    // Each object begins so; one in somebody's data only makes it one more.
    objects += frame.split('{"t":').length - 1
    if (bytes > joinBytes || objects > joinObjects) break
    count++
  }
  if (count < 2) {
    queue.shift()
    return first
  }
  const frames = queue.splice(0, count) as string[]
  return `[${frames.map((frame) => (frame.startsWith('[') ? frame.slice(1, -1) : frame)).join(',')}]`
}
