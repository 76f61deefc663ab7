import { ParlorError } from './errors'
import type { Link } from './link'
import type { HistoryFrame, Refusal } from './wire'

/** Which messages of the past. */
export interface HistoryOptions {
  /** Only messages of this type. */
  type?: string
  /** Only messages before this offset: that of the oldest one already there. */
  before?: number
  /** At most so many, up to 200. */
  limit?: number
}

/** A message of the past. */
export interface HistoryMessage {
  type: string
  data: unknown
  /** Who sent it: they may be gone. */
  from: { id: string; name: string }
  offset: number
  sentAt: Date
}

/** Some messages of the past. */
export interface HistoryPage {
  /** The newest that fit, oldest first. */
  messages: HistoryMessage[]
  /** There are older ones: ask again with `before`. */
  more: boolean
}

interface Request {
  json: string
  timer: ReturnType<typeof setTimeout>
  resolve(page: HistoryPage): void
  reject(err: ParlorError): void
}

const answerMs = 20_000
const most = 64

/** Asks for messages of the past, on whatever link there is, and again on the next one if the answer got lost with it. */
export class History {
  /** What carries messages now. */
  readonly #carrier: () => Link | undefined
  readonly #requests = new Map<number, Request>()
  #id = 0

  constructor(carrier: () => Link | undefined) {
    this.#carrier = carrier
  }

  ask(options: HistoryOptions): Promise<HistoryPage> {
    return new Promise((resolve, reject) => {
      if (this.#requests.size >= most) throw new ParlorError('buffer_full', 'too many requests are open')
      const id = ++this.#id
      const { type, before, limit } = options
      const json = JSON.stringify({ t: 'history', id, type, before, limit })
      const timer = setTimeout(
        () => this.#fail(id, new ParlorError('timeout', 'the server did not answer')),
        answerMs,
      )
      this.#requests.set(id, { json, timer, resolve, reject })
      this.#carrier()?.send(json)
    })
  }

  /** Another link carries messages: what was asked on the former one is asked again. */
  carried(): void {
    const link = this.#carrier()
    for (const { json } of this.#requests.values()) link?.send(json)
  }

  answered(frame: HistoryFrame): void {
    this.#take(frame.id)?.resolve({
      messages: frame.entries.map(({ o, from, name, type, data, at }) => ({
        type,
        data,
        from: { id: from, name },
        offset: o,
        sentAt: new Date(at),
      })),
      more: frame.more,
    })
  }

  refused({ id, code, message, retryMs }: Refusal): void {
    if (id !== undefined) this.#fail(id, new ParlorError(code, message || code, retryMs))
  }

  end(err: ParlorError): void {
    for (const id of [...this.#requests.keys()]) this.#fail(id, err)
  }

  #fail(id: number, err: ParlorError): void {
    this.#take(id)?.reject(err)
  }

  #take(id: number): Request | undefined {
    const request = this.#requests.get(id)
    this.#requests.delete(id)
    clearTimeout(request?.timer)
    return request
  }
}
