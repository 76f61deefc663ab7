/** Tokens that come back at a rate, up to a burst. Pure: time is an argument, in milliseconds. */
export class Bucket {
  #tokens: number
  #at: number
  readonly #perMs: number
  readonly #burst: number

  constructor(perSecond: number, burst: number, now: number) {
    this.#perMs = perSecond / 1000
    this.#burst = burst
    this.#tokens = burst
    this.#at = now
  }

  /** Milliseconds until `amount` can be taken; more than the burst is taken on credit once the bucket is full. */
  wait(amount: number, now: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, now - this.#at) * this.#perMs)
    this.#at = now
    const missing = Math.min(amount, this.#burst) - this.#tokens
    return missing <= 0 ? 0 : Math.ceil(missing / this.#perMs)
  }

  take(amount: number): void {
    this.#tokens -= amount
  }
}

export interface Rates {
  messagesPerSecond: number
  messageBurst: number
  bytesPerSecond: number
  byteBurst: number
}

/**
 * Keeps us below the server's rates. Above them it stops reading from us for a while, and our pings would wait behind
 * the messages: so we stay a little lower on our own.
 */
export class Pacer {
  readonly #messages: Bucket
  readonly #bytes: Bucket

  constructor(rates: Rates, now: number) {
    const margin = 0.9
    this.#messages = new Bucket(
      rates.messagesPerSecond * margin,
      Math.max(1, rates.messageBurst * margin),
      now,
    )
    this.#bytes = new Bucket(rates.bytesPerSecond * margin, Math.max(1, rates.byteBurst * margin), now)
  }

  /** Takes one message of so many bytes and returns 0, or returns how long to wait first. */
  take(bytes: number, now: number): number {
    const wait = Math.max(this.#messages.wait(1, now), this.#bytes.wait(bytes, now))
    if (wait > 0) return wait
    this.#messages.take(1)
    this.#bytes.take(bytes)
    return 0
  }
}
