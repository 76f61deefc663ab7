import { Sight } from './sight'
import type { Dimensions, RemoteTrack, Watcher } from './track'
import { View, type Wanted } from './view'
import type { ClientMessage, Kind } from './wire'

export interface ViewingEvents {
  /** What the others publish. */
  tracks(): Iterable<RemoteTrack>
  send(message: ClientMessage): boolean
  /** For so many tracks there should be slots. */
  need(need: Record<Kind, number>): void
}

// A page that is only glanced away from goes on where it was.
const hiddenMs = 3_000
// What a page is made of is there by then.
const firstMs = 1_000
const retryMs = 1_000

/**
 * Tells the server what the page shows, as it changes: which pictures, how large, which of them are pinned, what is not to
 * be sent. Until there is something to tell it says nothing, and the server shows all in the order of arrival.
 */
export class Viewing implements Watcher {
  readonly #events: ViewingEvents
  readonly #auto: boolean
  readonly #sight = new Sight(() => this.#soon())
  readonly #view = new View()
  #audioOnly = false
  #away = false
  #begun = false
  #up = false
  #queued = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #awayTimer: ReturnType<typeof setTimeout> | undefined
  #firstTimer: ReturnType<typeof setTimeout> | undefined
  #notBefore = -Infinity
  #closed = false

  /** With `auto`, pictures that were not attached yet are wanted too. */
  constructor(auto: boolean, events: ViewingEvents) {
    this.#auto = auto
    this.#events = events
  }

  get audioOnly(): boolean {
    return this.#audioOnly
  }

  setAudioOnly(audioOnly: boolean): void {
    if (this.#audioOnly === audioOnly) return
    this.#audioOnly = audioOnly
    this.#begun = true
    this.#look(true)
  }

  attached(track: RemoteTrack, element: HTMLMediaElement): void {
    if (track.kind === 'video') this.#sight.watch(element)
    this.#soon()
  }

  detached(_track: RemoteTrack, element: HTMLMediaElement): void {
    this.#sight.forget(element)
    this.#soon()
  }

  wished(): void {
    this.#begun = true
    this.#soon()
  }

  /** Somebody publishes something, or does not any more. */
  changed(): void {
    this.#soon()
  }

  unpublished(track: RemoteTrack): void {
    this.#view.forget(track.id)
  }

  /** There is a link, on which nothing was told yet. */
  linked(): void {
    this.#up = true
    this.#view.reset()
    this.#firstTimer ??= setTimeout(() => {
      this.#begun ||= !this.#auto
      this.#soon()
    }, firstMs)
    this.#soon()
  }

  unlinked(): void {
    this.#up = false
  }

  /** The server would not have the last one: later. */
  refused(ms = retryMs): void {
    this.#view.reset()
    this.#notBefore = performance.now() + ms
    this.#again(ms)
  }

  close(): void {
    this.#closed = true
    for (const timer of [this.#timer, this.#awayTimer, this.#firstTimer]) clearTimeout(timer)
    this.#sight.close()
  }

  /** Many things change in one go; one look is enough. */
  #soon(): void {
    if (this.#queued) return
    this.#queued = true
    queueMicrotask(() => {
      this.#queued = false
      this.#look()
    })
  }

  #again(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#look(), ms)
  }

  #look(atOnce = false): void {
    if (this.#closed) return
    this.#watchPage()
    const wanted = this.#wanted()
    this.#events.need(this.#need(wanted))
    const now = performance.now()
    if (!this.#begun || !this.#up || now < this.#notBefore) return
    const { say, inMs } = this.#view.next(now, wanted, atOnce)
    if (inMs !== undefined) this.#again(inMs)
    if (!say || !this.#events.send({ t: 'view', tracks: [...say.tracks], off: [...say.off] })) return
    this.#view.said(now, say)
    // What it holds back is due later.
    this.#soon()
  }

  #watchPage(): void {
    if (!this.#sight.pageHidden) {
      clearTimeout(this.#awayTimer)
      this.#awayTimer = undefined
      this.#away = false
    } else
      this.#awayTimer ??= setTimeout(() => {
        this.#away = true
        this.#soon()
      }, hiddenMs)
  }

  #wanted(): Wanted {
    const shown: (Dimensions & { id: string; pin?: boolean })[] = []
    const unseen: typeof shown = []
    const off: string[] = []
    for (const track of this.#events.tracks()) {
      if (track.wish === false) off.push(track.id)
      else if (track.kind === 'video' && !this.#audioOnly) {
        const size = this.#largest(track)
        const pin = track.pinned ? { pin: true } : {}
        if (size) shown.push({ id: track.id, ...size, ...pin })
        else if (isLoose(track) && (track.wish || (this.#auto && !this.#away)))
          unseen.push({ id: track.id, width: 0, height: 0, ...pin })
      }
    }
    if (shown.length > 0) this.#begun = true
    const rank = (t: (typeof shown)[number]) => (t.pin ? Infinity : t.width * t.height)
    return {
      tracks: [...shown.sort((a, b) => (rank(a) < rank(b) ? 1 : rank(a) > rank(b) ? -1 : 0)), ...unseen],
      off,
    }
  }

  /** The size of the largest place where it is seen. */
  #largest(track: RemoteTrack): Dimensions | undefined {
    let largest: Dimensions | undefined
    for (const element of track.elements) {
      if (this.#away && !this.#sight.floats(element)) continue
      const size = this.#sight.size(element)
      if (size && (!largest || size.width * size.height > largest.width * largest.height)) largest = size
    }
    return largest
  }

  #need({ tracks, off }: Wanted): Record<Kind, number> {
    const need = { audio: 0, video: this.#begun ? tracks.length : 0 }
    for (const { kind, id } of this.#events.tracks())
      if (kind === 'audio' ? !off.includes(id) : !this.#begun && this.#auto) need[kind]++
    return need
  }
}

/** Nobody can say how it is shown: it never was, or in an element that is in no page, as for drawing on a canvas. */
function isLoose(track: RemoteTrack): boolean {
  return !track.everAttached || [...track.elements].some((element) => !element.isConnected)
}
