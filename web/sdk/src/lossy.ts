import type { Link } from './link'
import { utf8Length } from './measure'
import { bad, encodeMessage, frameOf, type Part } from './message'
import { Bucket } from './pacer'
import type { Limits } from './wire'

export interface LossyHost {
  /** What lossy messages go by now: the lossy data channel, or else the link that carries the others. */
  link(): Link | undefined
  limits(): Limits
}

const tickMs = 34
const perSecond = 180
const burst = 64
const slots = 64
const maxKeyBytes = 128
const packetBytes = 1_100
const linkBytes = 64 << 10

/**
 * Messages of which only the latest counts, for each type and key. Each goes at once when it is quiet, else with the others
 * at most 30 times a second; what is overtaken before it went is not sent at all.
 */
export class Lossy {
  readonly #host: LossyHost
  readonly #waiting = new Map<string, Part>()
  readonly #rate = new Bucket(perSecond, burst, performance.now())
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(host: LossyHost) {
    this.#host = host
  }

  /** Takes a message for the next turn, or throws if it is none. */
  send(type: string, data: unknown, key: string, to: readonly string[] | undefined): void {
    if (utf8Length(key) > maxKeyBytes) throw bad(`a key has up to ${maxKeyBytes} bytes`)
    const { members, raw } = encodeMessage(type, data, to, this.#host.limits().lossyBytes)
    const slot = JSON.stringify([type, key])
    if (!this.#waiting.has(slot) && this.#waiting.size >= slots) {
      const [oldest = ''] = this.#waiting.keys()
      this.#waiting.delete(oldest)
    }
    this.#waiting.set(slot, { json: `{"t":"e","key":${JSON.stringify(key)},${members}}`, raw })
    if (this.#timer === undefined) this.flush()
  }

  /** Sends what waits. To be called when there is a link again. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const link = this.#host.link()
    if (!link || this.#waiting.size === 0) return
    this.#timer = setTimeout(() => this.flush(), tickMs)
    let parts: Part[] = []
    let size = 0
    const send = () => {
      if (parts.length > 0) link.send(frameOf(parts))
      parts = []
      size = 0
    }
    for (const [slot, part] of this.#waiting) {
      if (link.buffered > linkBytes || this.#rate.wait(1, performance.now()) > 0) break
      this.#rate.take(1)
      this.#waiting.delete(slot)
      const bytes = utf8Length(part.json) + (part.raw?.length ?? 0)
      if (size + bytes > packetBytes) send()
      parts.push(part)
      size += bytes
    }
    send()
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#waiting.clear()
  }
}
