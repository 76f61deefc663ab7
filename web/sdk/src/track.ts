import { detachElement, Sink, type Playback } from './sink'
import type { Kind, Source } from './wire'

/** The size of a picture, in pixels. */
export interface Dimensions {
  width: number
  height: number
}

/** What somebody sends: a microphone, a camera, a screen. It can be put into any number of media elements. */
export abstract class Track {
  /** The same for everybody in the room. */
  readonly id: string
  /** Sound or picture. */
  readonly kind: Kind
  /** What it is of. */
  readonly source: Source
  /** @internal */
  protected readonly sinks = new Map<HTMLMediaElement, Sink>()
  readonly #playback: Playback
  #muted: boolean

  /** @internal */
  constructor(id: string, kind: Kind, source: Source, muted: boolean, playback: Playback) {
    this.id = id
    this.kind = kind
    this.source = source
    this.#muted = muted
    this.#playback = playback
  }

  /** Whether nothing of it is sent at the moment, by whoever’s wish. */
  get muted(): boolean {
    return this.#muted
  }

  /** What plays now, if anything does. It can change over the track's life; attach() follows it. */
  abstract get mediaStreamTrack(): MediaStreamTrack | undefined

  /** Size of the picture, once it is known. */
  get dimensions(): Dimensions | undefined {
    if (this.kind !== 'video') return undefined
    for (const element of this.sinks.keys()) {
      if (element instanceof HTMLVideoElement && element.videoWidth > 0 && this.mediaStreamTrack)
        return { width: element.videoWidth, height: element.videoHeight }
    }
    const { width, height } = this.mediaStreamTrack?.getSettings() ?? {}
    return width && height ? { width, height } : undefined
  }

  /**
   * Plays this track in the element from now on, also when it is shown only later, and never shows there what belongs
   * to another. An element has one track; attaching another one replaces it. Returns the element. A picture of somebody else is
   * sent as large as its largest element is, and while one can be seen: hide an element that waits with visibility, not with
   * display.
   */
  attach<E extends HTMLMediaElement>(element: E): E {
    if (this.sinks.has(element)) return element
    const sink = new Sink(element, this.kind, this.#playback, () => {
      this.sinks.delete(element)
      this.left?.(element)
    })
    this.sinks.set(element, sink)
    this.entered?.(element)
    this.attached(sink)
    return element
  }

  /** Ends attach: of this element, or of all. Returns the elements that were let go. */
  detach(element?: HTMLMediaElement): HTMLMediaElement[] {
    const elements = element ? [element] : [...this.sinks.keys()]
    return elements.filter((e) => this.sinks.has(e) && detachElement(e))
  }

  /** @internal */
  setMuted(muted: boolean): boolean {
    const changed = this.#muted !== muted
    this.#muted = muted
    return changed
  }

  /** @internal A sink was added: what it has to play. */
  protected abstract attached(sink: Sink): void

  /** @internal It has this element from now on. */
  protected entered?(element: HTMLMediaElement): void

  /** @internal It had this element. */
  protected left?(element: HTMLMediaElement): void
}

/** Who has to know where a track is shown, and what is wished of it. */
export interface Watcher {
  attached(track: RemoteTrack, element: HTMLMediaElement): void
  detached(track: RemoteTrack, element: HTMLMediaElement): void
  wished(track: RemoteTrack): void
}

/** What a slot gives a remote track to play. */
export interface Binding {
  media: MediaStreamTrack
  receiver?: RTCRtpReceiver
  /** RTP timestamp of the last packet of what the slot showed before. */
  after?: number
}

/** A track of another participant. It plays while the server shows it in one of our slots. */
export class RemoteTrack extends Track {
  readonly #watcher: Watcher | undefined
  #binding: Binding | undefined
  #paused = false
  #pinned = false
  #wish: boolean | undefined
  #everAttached = false
  #told = false

  /** @internal */
  constructor(id: string, kind: Kind, source: Source, muted: boolean, playback: Playback, watcher?: Watcher) {
    super(id, kind, source, muted, playback)
    this.#watcher = watcher
  }

  override get mediaStreamTrack(): MediaStreamTrack | undefined {
    return this.#binding?.media
  }

  /** Whether the server shows it to us at the moment. */
  get subscribed(): boolean {
    return this.#binding !== undefined
  }

  /** Whether our connection is too slow for it at the moment: the picture stands still. */
  get paused(): boolean {
    return this.#paused
  }

  /** Whether setPinned() said so. */
  get pinned(): boolean {
    return this.#pinned
  }

  /** Whether it goes before the others when our connection does not carry all pictures. */
  setPinned(pinned: boolean): void {
    if (this.#pinned === pinned) return
    this.#pinned = pinned
    this.#watcher?.wished(this)
  }

  /**
   * False: it is not sent to us, wherever it is attached. True: it is as it was, and if it is not attached yet, or to an element
   * that is in no page, it counts as shown, in a size that nobody knows: for those who take the mediaStreamTrack as it is.
   */
  setSubscribed(subscribed: boolean): void {
    if (this.#wish === subscribed) return
    this.#wish = subscribed
    this.#watcher?.wished(this)
  }

  /** @internal The page knows that it is, or is not, subscribed; true if that is news. */
  tell(subscribed: boolean): boolean {
    const news = this.#told !== subscribed
    this.#told = subscribed
    return news
  }

  /** @internal What setSubscribed said last, if anything. */
  get wish(): boolean | undefined {
    return this.#wish
  }

  /** @internal */
  get everAttached(): boolean {
    return this.#everAttached
  }

  /** @internal Where it is attached. */
  get elements(): Iterable<HTMLMediaElement> {
    return this.sinks.keys()
  }

  /** @internal */
  bind(binding: Binding): void {
    this.#binding = binding
    for (const sink of this.sinks.values()) this.attached(sink)
  }

  /** @internal */
  setPaused(paused: boolean): boolean {
    const changed = this.#paused !== paused
    this.#paused = paused
    return changed
  }

  /** @internal Nothing of the former stream is shown once this has returned. */
  unbind(): void {
    this.#binding = undefined
    this.#paused = false
    for (const sink of this.sinks.values()) sink.clear()
  }

  /** @internal */
  protected override entered(element: HTMLMediaElement): void {
    this.#everAttached = true
    this.#watcher?.attached(this, element)
  }

  /** @internal */
  protected override left(element: HTMLMediaElement): void {
    this.#watcher?.detached(this, element)
  }

  /** @internal */
  protected override attached(sink: Sink): void {
    const binding = this.#binding
    if (!binding) return
    sink.play(binding.media, binding, () => {
      // One element saw a frame of the new source: whatever comes from here on is of it.
      if (this.#binding === binding) delete binding.after
    })
  }
}

/** A track of our own. */
export class LocalTrack extends Track {
  #media: MediaStreamTrack | undefined

  override get mediaStreamTrack(): MediaStreamTrack | undefined {
    return this.#media
  }

  /** @internal */
  setMedia(media: MediaStreamTrack | undefined): void {
    this.#media = media
    for (const sink of this.sinks.values()) {
      if (media) sink.play(media)
      else sink.clear()
    }
  }

  /** @internal */
  protected override attached(sink: Sink): void {
    // Nobody wants to hear themselves.
    sink.silence()
    if (this.#media) sink.play(this.#media)
  }
}
