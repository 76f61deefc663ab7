import type { Answer } from './connection'
import { guarded } from './emitter'
import { ParlorError } from './errors'
import type { JoinOptions } from './options'
import { keepPlace, takePlace, type Place } from './place'
import type { ClientMessage, Joined, Refusal, Resumed, Sending, Wait } from './wire'

export interface EntranceEvents {
  /** The offer to join with, if there are to be media. */
  offer(): Promise<{ offer: string; tracks: Sending[] } | undefined>
  /** The server would not have our media, but may have us. False: there is no going in without. */
  withoutMedia(why: ParlorError): boolean
  /** There is no way back in. */
  over(code: string): void
  /** The page goes; another may come to take our place. */
  leaving(): void
  /** The same page again, out of the browser's cache: its connections are gone, its place is not. */
  returned(): void
}

// Going on in a new session makes sense after these; after all others the page has to decide.
const passing = new Set([
  'draining',
  'overloaded',
  'rate_limited',
  'internal',
  'slow_consumer',
  'idle',
  'too_many_rooms',
])
// Somebody put us out: we do not come back by ourselves.
const final = new Set(['removed', 'room_closed'])
const firstAttempts = 4
const firstMs = 10_000

/**
 * How we get into the room, and back in: what we say on a new link, the place that we hold, and what follows when the
 * server refuses.
 */
export class Entrance {
  readonly #options: JoinOptions
  readonly #url: string
  readonly #storage: Storage | undefined
  readonly #events: EntranceEvents
  #place: Place | undefined
  /** The place of the page that was here before a reload. */
  #former: Place | undefined
  #mustJoin = true
  #withMedia = true
  /** The same in all tries of one join: it makes one participant, however many of them get through. */
  #attempt = ''
  /** What the page was told while somebody has to let us in; undefined: nobody has to. */
  #attended: boolean | undefined
  /** Joining for the first time: who waits for it. */
  #joining: { resolve(): void; reject(err: ParlorError): void; since: number; failures: number } | undefined

  constructor(options: JoinOptions, url: string, storage: Storage | undefined, events: EntranceEvents) {
    this.#options = options
    this.#url = url
    this.#storage = storage
    this.#events = events
  }

  /** Whether the join takes an offer along. */
  get withMedia(): boolean {
    return this.#withMedia
  }

  /** Resolves when we are in for the first time. `knock` begins to try. */
  async first(knock: () => void): Promise<void> {
    const { signal, room } = this.#options
    this.#former = takePlace(this.#storage, this.#url, room)
    try {
      await new Promise<void>((resolve, reject) => {
        this.#joining = { resolve, reject, since: performance.now(), failures: 0 }
        signal?.addEventListener('abort', () => reject(new ParlorError('aborted', 'joining was given up')))
        knock()
      })
      globalThis.addEventListener?.('pagehide', this.#onPageHide)
      globalThis.addEventListener?.('pageshow', this.#onPageShow)
    } catch (err) {
      // Never said to the server, the place is still good for the next try.
      if (this.#former && err instanceof ParlorError && err.code === 'unreachable')
        keepPlace(this.#storage, this.#url, room, this.#former)
      throw err
    } finally {
      this.#joining = undefined
    }
  }

  async hello(): Promise<ClientMessage> {
    if (!this.#mustJoin && this.#place) return { t: 'resume', ...this.#place }
    const { room, name, token, create, watch } = this.#options
    this.#attempt ||= randomWord()
    return {
      t: 'join',
      room,
      ...(name === undefined ? {} : { name }),
      ...(token === undefined ? {} : { token }),
      ...(create === undefined ? {} : { create }),
      ...(watch ? { watch } : {}),
      ...(this.#former ? { resume: this.#former } : {}),
      attempt: this.#attempt,
      ...(this.#attended === undefined ? {} : { wait: true }),
      ...(this.#withMedia ? await this.#events.offer() : {}),
    }
  }

  resumed(message: Resumed): void {
    if (this.#place) this.#place = { sid: this.#place.sid, rt: message.rt }
  }

  /** Somebody has to let us in. That takes as long as it takes. */
  waiting({ attempt, attended }: Wait): void {
    this.#attempt = attempt
    if (this.#joining) Object.assign(this.#joining, { since: performance.now(), failures: 0 })
    if (attended === this.#attended) return
    this.#attended = attended
    guarded(() => this.#options.onWaiting?.(attended))
  }

  joined(message: Joined): void {
    this.#mustJoin = false
    this.#attended = undefined
    this.#former = undefined
    this.#attempt = ''
    this.#place = { sid: message.sid, rt: message.rt }
  }

  /** What is to be done after joined was taken in: who waits may go on. */
  in(): void {
    this.#joining?.resolve()
  }

  /** The server ended the session. True: another one is worth a try. */
  closed(code: string): boolean {
    // A server that goes may come back and still know us, if it keeps a folder; if not, it says so.
    this.#mustJoin = code !== 'draining'
    return passing.has(code)
  }

  /** The server refused the hello. */
  refused(refusal: Refusal): Answer {
    const { code } = refusal
    this.#attended = undefined
    if (!this.#mustJoin) {
      if (final.has(code)) {
        this.#events.over(code)
        return 'over'
      }
      this.#mustJoin = !passing.has(code) || code === 'slow_consumer'
      return this.#mustJoin ? 'again' : 'later'
    }
    const why = new ParlorError(code, refusal.message || code, refusal.retryMs)
    const media = code === 'bad_offer' || code === 'too_many_media'
    if (media && this.#withMedia && this.#events.withoutMedia(why)) {
      // No pictures then, but people can still write to each other.
      this.#withMedia = false
      return 'again'
    }
    if (this.#joining) {
      this.#joining.reject(why)
      return 'over'
    }
    if (passing.has(code)) return 'later'
    this.#events.over(code)
    return 'over'
  }

  failed(err: ParlorError): void {
    const joining = this.#joining
    if (!joining) return
    joining.failures++
    if (joining.failures >= firstAttempts || performance.now() - joining.since >= firstMs) joining.reject(err)
  }

  /** The room was left. */
  close(): void {
    globalThis.removeEventListener?.('pagehide', this.#onPageHide)
    globalThis.removeEventListener?.('pageshow', this.#onPageShow)
  }

  readonly #onPageHide = () => {
    if (!this.#place) return
    keepPlace(this.#storage, this.#url, this.#options.room, this.#place)
    this.#events.leaving()
  }

  readonly #onPageShow = (event: Event) => {
    if (!('persisted' in event) || !event.persisted) return
    // Nobody else may have it now.
    takePlace(this.#storage, this.#url, this.#options.room)
    this.#events.returned()
  }
}

/** 32 characters that nobody else has. */
function randomWord(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
}
