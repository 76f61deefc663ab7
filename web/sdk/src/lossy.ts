import type { Link } from './link'
import { utf8Length } from './measure'
import { bad, encodeMessage, frameOf, type Part } from './message'
import { Bucket } from './pacer'
import type { Limits } from './wire'

export interface LossyHost {
  /** What lossy messages go by now: the lossy data channel, or else the link that carries the others. */
  link(): { link: Link; mayLose: boolean } | undefined
  limits(): Limits
}

/** A message that goes in the next turn, or once more later. */
interface Latest extends Part {
  /** How many times it went where it may get lost. */
  times: number
  at: number
}

const tickMs = 34
const perSecond = 180
const burst = 64
const slots = 64
const maxKeyBytes = 128
const packetBytes = 1_100
const linkBytes = 64 << 10
/** After how long what may have got lost goes once more: the last one is to arrive in the end. */
const againMs = [250, 1_000]

/**
 * Messages of which only the latest counts, for each type and key. Each goes at once when it is quiet, else with the others
 * at most 30 times a second; what is overtaken before it went is not sent at all. Where messages get lost, the latest goes
 * twice more when nothing follows it. On another link all the latest go again: nobody knows what the former one lost before
 * its end was noticed.
 */
export class Lossy {
  readonly #host: LossyHost
  /** The latest of each type and key, that which was sent longest ago first. */
  readonly #latest = new Map<string, Part>()
  readonly #waiting = new Map<string, Latest>()
  /** What went and may have got lost, the oldest first. */
  readonly #doubtful = new Map<string, Latest>()
  readonly #rate = new Bucket(perSecond, burst, performance.now())
  /** What carries the other messages. */
  #carrier: Link | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #againTimer: ReturnType<typeof setTimeout> | undefined

  constructor(host: LossyHost) {
    this.#host = host
  }

  /** Takes a message for the next turn, or throws if it is none. */
  send(type: string, data: unknown, key: string, to: readonly string[] | undefined): void {
    if (utf8Length(key) > maxKeyBytes) throw bad(`a key has up to ${maxKeyBytes} bytes`)
    const { members, raw } = encodeMessage(type, data, to, this.#host.limits().lossyBytes)
    const slot = JSON.stringify([type, key])
    if (!this.#waiting.has(slot)) drop(this.#waiting)
    this.#doubtful.delete(slot)
    const json = `{"t":"e","key":${JSON.stringify(key)},${members}}`
    this.#waiting.set(slot, { json, raw, times: 0, at: 0 })
    this.#latest.delete(slot)
    drop(this.#latest)
    this.#latest.set(slot, { json, raw })
    if (this.#timer === undefined) this.flush()
  }

  /** This link carries messages from now on. */
  carried(carrier: Link): void {
    const other = carrier !== this.#carrier
    this.#carrier = carrier
    if (other) {
      this.#doubtful.clear()
      for (const [slot, part] of this.#latest)
        if (this.#waiting.size < slots && !this.#waiting.has(slot))
          this.#waiting.set(slot, { ...part, times: 0, at: 0 })
    }
    this.flush()
  }

  /** Sends what waits. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const way = this.#host.link()
    if (!way || this.#waiting.size === 0) return
    this.#timer = setTimeout(() => this.flush(), tickMs)
    const { link, mayLose } = way
    const now = performance.now()
    let parts: Part[] = []
    let size = 0
    const send = () => {
      if (parts.length > 0) link.send(frameOf(parts))
      parts = []
      size = 0
    }
    for (const [slot, part] of this.#waiting) {
      if (link.buffered > linkBytes || this.#rate.wait(1, now) > 0) break
      this.#rate.take(1)
      this.#waiting.delete(slot)
      const bytes = utf8Length(part.json) + (part.raw?.length ?? 0)
      if (size + bytes > packetBytes) send()
      parts.push(part)
      size += bytes
      if (mayLose && part.times < againMs.length) {
        drop(this.#doubtful)
        this.#doubtful.set(slot, { ...part, times: part.times + 1, at: part.at || now })
      }
    }
    send()
    this.#armAgain(now)
  }

  end(): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#againTimer)
    this.#latest.clear()
    this.#waiting.clear()
    this.#doubtful.clear()
  }

  #armAgain(now: number): void {
    clearTimeout(this.#againTimer)
    if (this.#doubtful.size === 0) return
    const due = Math.min(...[...this.#doubtful.values()].map(dueAt))
    this.#againTimer = setTimeout(() => this.#again(), due - now)
  }

  /** What is new goes first. */
  #again(): void {
    const now = performance.now()
    for (const [slot, part] of this.#doubtful) {
      if (dueAt(part) > now) continue
      this.#doubtful.delete(slot)
      if (this.#waiting.size < slots) this.#waiting.set(slot, part)
    }
    if (this.#timer === undefined) this.flush()
    this.#armAgain(now)
  }
}

/** When it goes once more, counted from when it went first. */
function dueAt({ at, times }: Latest): number {
  return at + (againMs[times - 1] ?? 0)
}

/** Makes room for one more. */
function drop(map: Map<string, unknown>): void {
  const [oldest] = map.keys()
  if (oldest !== undefined && map.size >= slots) map.delete(oldest)
}
