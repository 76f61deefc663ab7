import { EventParser } from './eventstream'

/** Where sessions are had over HTTP, and how to ask. */
export interface Http {
  /** …/v1/sessions */
  readonly url: string
  fetch(url: string, init: RequestInit): Promise<Response>
}

/** What the network does with a response that takes its time; `dead`: no server was found behind it. */
export type Verdict = 'streams' | 'buffers' | 'dead'

const probeMs = 5_000
const streamMs = 500

/** No cookies, no cache, and no way to be fooled by either. */
export const plain: RequestInit = { cache: 'no-store', credentials: 'omit' }

/** Does something that has to be over in so many milliseconds; then, or when `outer` says so, its signal aborts. */
export async function within<T>(
  ms: number,
  outer: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const inner = new AbortController()
  const abort = () => inner.abort()
  const timer = setTimeout(abort, ms)
  outer.addEventListener('abort', abort)
  if (outer.aborted) abort()
  try {
    return await run(inner.signal)
  } finally {
    clearTimeout(timer)
    outer.removeEventListener('abort', abort)
  }
}

export function pause(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms))
}

/** Asks whether the server is there, and whether what it says comes through as it says it. */
export async function probe(http: Http, outer: AbortSignal): Promise<Verdict> {
  try {
    return await within(probeMs, outer, async (signal) => {
      const { ok, body } = await http.fetch(`${http.url}/probe`, { ...plain, signal })
      if (!ok || !body) return 'dead'
      const reader = body.getReader()
      const text = new TextDecoder()
      const parser = new EventParser()
      try {
        for (let events = 0; ;) {
          const got = await Promise.race(events > 0 ? [reader.read(), pause(streamMs)] : [reader.read()])
          if (!got) return 'streams'
          // Held up, both would have come: this is a server that goes, and a network that showed nothing.
          if (got.done) return 'dead'
          events += parser.feed(text.decode(got.value, { stream: true })).length
          if (events > 1) return 'buffers'
        }
      } finally {
        reader.cancel().catch(() => undefined)
      }
    })
  } catch {
    return 'dead'
  }
}
