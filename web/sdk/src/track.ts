import { detachElement, Sink, type Playback } from './sink'
import type { Kind, Source } from './wire'

export interface Dimensions {
  width: number
  height: number
}

/** What somebody sends: a microphone, a camera, a screen. It can be put into any number of media elements. */
export abstract class Track {
  readonly id: string
  readonly kind: Kind
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
   * to another. An element has one track; attaching another one replaces it. Returns the element.
   */
  attach<E extends HTMLMediaElement>(element: E): E {
    if (this.sinks.has(element)) return element
    const sink = new Sink(element, this.kind, this.#playback, () => this.sinks.delete(element))
    this.sinks.set(element, sink)
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
  #binding: Binding | undefined

  override get mediaStreamTrack(): MediaStreamTrack | undefined {
    return this.#binding?.media
  }

  /** Whether the server shows it to us at the moment. */
  get subscribed(): boolean {
    return this.#binding !== undefined
  }

  /** @internal */
  get receiver(): RTCRtpReceiver | undefined {
    return this.#binding?.receiver
  }

  /** @internal */
  bind(binding: Binding): void {
    this.#binding = binding
    for (const sink of this.sinks.values()) this.attached(sink)
  }

  /** @internal Nothing of the former stream is shown once this has returned. */
  unbind(): void {
    this.#binding = undefined
    for (const sink of this.sinks.values()) sink.clear()
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
