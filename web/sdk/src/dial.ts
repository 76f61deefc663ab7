import { ParlorError } from './errors'
import { decodeFrame } from './frame'
import { plain, within, type Http } from './http'
import { httpLink } from './httplink'
import { socketLink, type Link, type LinkEvents } from './link'
import type { ClientMessage, Joined, Refusal, Resumed, ServerMessage, Wait } from './wire'

/** How one attempt to get a link went. One of the first three is said, then what LinkEvents has if we are in. */
export interface DialEvents extends LinkEvents {
  /** The first message of ours on the link: a join or a resume. */
  hello(): Promise<ClientMessage>
  entered(link: Link, message: Joined | Resumed): void
  /** Somebody has to let us in: none of the others yet. */
  waiting(message: Wait): void
  refused(refusal: Refusal): void
  failed(err: ParlorError): void
}

export type OpenWebSocket = (url: string) => WebSocket

const answerMs = 4_000
const postMs = 10_000
const proofMs = 500
/** Between the pings of who waits to be let in. The server pings too, which a page does not see. */
const restMs = 5_000
/** A POST that waits for news is answered after 8 s at the latest. */
const newsMs = 15_000

function unreachable(why: string): ParlorError {
  return new ParlorError('unreachable', why)
}

function problem(err: unknown): ParlorError {
  return err instanceof ParlorError ? err : new ParlorError('internal', String(err))
}

/**
 * Tries a WebSocket. With `prove` it has to answer a ping, and another a while later, before the session depends on it.
 * Returns what gives it up, silently; once it is in, nothing does.
 */
export function dialWebSocket(
  open: () => WebSocket,
  openMs: number,
  prove: boolean,
  events: DialEvents,
): () => void {
  let over = false
  let entered = false
  let waits = false
  let pings = 0
  let ws: WebSocket | undefined
  let link: Link | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  const abort = () => {
    if (over) return
    over = true
    clearTimeout(timer)
    if (link) link.close()
    else if (ws) {
      ws.onopen = ws.onclose = ws.onerror = null
      ws.close()
    }
  }
  const fail = (err: ParlorError) => {
    if (over) return
    abort()
    events.failed(err)
  }
  const within = (ms: number) => {
    clearTimeout(timer)
    timer = setTimeout(() => fail(unreachable('the server does not answer')), ms)
  }
  const refuse = (err: unknown) => fail(problem(err))
  const ping = (to: Link) => {
    within(answerMs)
    to.send(JSON.stringify({ t: 'ping', id: ++pings }))
  }
  const say = (to: Link, hello: Promise<ClientMessage>) => {
    within(answerMs)
    hello.then((message) => to.send(JSON.stringify(message)), refuse)
  }

  const answered = (from: Link, message: ServerMessage) => {
    if (entered) events.message(from, message)
    else if (over) return
    else if (message.t === 'joined' || message.t === 'resumed') {
      entered = over = true
      clearTimeout(timer)
      events.entered(from, message)
    } else if (message.t === 'error' || message.t === 'closed') {
      abort()
      events.refused(message.t === 'error' ? message : { ...message, t: 'error', re: 'join' })
    } else if (message.t === 'wait') {
      waits = true
      clearTimeout(timer)
      timer = setTimeout(() => ping(from), restMs)
      events.waiting(message)
      if (message.decided && !over) say(from, events.hello())
    } else if (waits && message.t === 'pong') {
      clearTimeout(timer)
      timer = setTimeout(() => ping(from), restMs)
    } else if (prove && message.t === 'pong' && message.id === pings) {
      clearTimeout(timer)
      if (pings > 1) say(from, events.hello())
      else timer = setTimeout(() => ping(from), proofMs)
    }
  }

  try {
    ws = open()
  } catch (err) {
    timer = setTimeout(() => fail(unreachable(err instanceof Error ? err.message : 'no WebSocket')))
    return abort
  }
  const socket = ws
  within(openMs)
  // The hello is being made while the WebSocket opens.
  const hello = prove ? undefined : events.hello()
  hello?.catch(refuse)
  socket.onclose = socket.onerror = () => fail(unreachable('the server cannot be reached'))
  socket.onopen = () => {
    const opened = (link = socketLink(socket, {
      message: answered,
      ended: (l, code, reason) => {
        if (entered) events.ended(l, code, reason)
        else fail(unreachable(`the server closed the connection (${code}${reason ? `: ${reason}` : ''})`))
      },
    }))
    if (hello) say(opened, hello)
    else ping(opened)
  }
  return abort
}

/** Tries an HTTP link: the hello is a POST of its own, whose answer has the key of the link. */
export function dialHttp(kind: 'sse' | 'poll', http: Http, events: DialEvents): () => void {
  const over = new AbortController()

  async function run(): Promise<void> {
    const hello = await events.hello()
    const patience = hello.t === 'join' && hello.wait ? newsMs : postMs
    const { status, text, after } = await within(patience, over.signal, async (signal) => {
      const headers = { 'content-type': 'application/json' }
      const init = { ...plain, method: 'POST', headers, body: JSON.stringify(hello), signal }
      const res = await http.fetch(`${http.url}?via=${kind}`, init)
      return { status: res.status, text: await res.text(), after: res.headers.get('retry-after') }
    })
    if (over.signal.aborted) return
    if (status === 202) {
      const [wait] = decodeFrame(text)
      if (wait?.t !== 'wait') throw unreachable('the server answered 202')
      events.waiting(wait)
      return over.signal.aborted ? undefined : run()
    }
    if (status !== 201) {
      const refusal = refusalOf(text, Number(after ?? NaN) * 1000)
      if (refusal) events.refused(refusal)
      else events.failed(unreachable(`the server answered ${status}`))
      return
    }
    const [message, ...more] = decodeFrame(text)
    const sid = message?.t === 'joined' ? message.sid : hello.t === 'resume' ? hello.sid : ''
    if ((message?.t !== 'joined' && message?.t !== 'resumed') || !message.link || !sid)
      throw unreachable('the server gave no link')
    const link = httpLink(kind, sid, message.link, http, events)
    events.entered(link, message)
    for (const m of more) if (link.open) events.message(link, m)
  }

  run().catch((err: unknown) => {
    if (!over.signal.aborted) events.failed(err instanceof ParlorError ? err : unreachable(String(err)))
  })
  return () => over.abort()
}

/** What our server says when it refuses; undefined if it was somebody else in between who spoke. */
function refusalOf(text: string, retryMs: number): Refusal | undefined {
  try {
    const { code, title, detail } = JSON.parse(text) as Record<string, unknown>
    if (typeof code !== 'string') return
    const message = [detail, title, ''].find((said) => typeof said === 'string') as string
    return { t: 'error', re: 'join', code, message, ...(retryMs >= 0 ? { retryMs } : {}) }
  } catch {
    return
  }
}
