import type { Kind } from './wire'

/** Starts elements, and keeps those that the browser will not let play before the user did something. */
export class Playback {
  readonly #blocked = new Set<HTMLMediaElement>()
  readonly #onBlocked: () => void

  constructor(onBlocked: () => void) {
    this.#onBlocked = onBlocked
  }

  get blocked(): boolean {
    return this.#blocked.size > 0
  }

  play(element: HTMLMediaElement): void {
    void this.#try(element)
  }

  forget(element: HTMLMediaElement): void {
    this.#blocked.delete(element)
  }

  /** Plays what was refused. To be called from a click or a key. */
  async start(): Promise<void> {
    const elements = [...this.#blocked]
    this.#blocked.clear()
    await Promise.all(elements.map((element) => this.#try(element)))
  }

  async #try(element: HTMLMediaElement): Promise<void> {
    try {
      await element.play()
      this.#blocked.delete(element)
    } catch (err) {
      // AbortError: it was given something else to play in the meantime.
      if (!(err instanceof DOMException) || err.name !== 'NotAllowedError') return
      const first = this.#blocked.size === 0
      this.#blocked.add(element)
      if (first) this.#onBlocked()
    }
  }
}

export interface Gate {
  receiver?: RTCRtpReceiver
  after?: number
}

/** One media element that plays a track. A video is hidden until a frame came that is surely of that track. */
export class Sink {
  readonly #element: HTMLMediaElement
  readonly #kind: Kind
  readonly #playback: Playback
  readonly #onDetached: () => void
  #stopWaiting: (() => void) | undefined

  constructor(element: HTMLMediaElement, kind: Kind, playback: Playback, onDetached: () => void) {
    detachElement(element)
    sinks.set(element, this)
    this.#element = element
    this.#kind = kind
    this.#playback = playback
    this.#onDetached = onDetached
    element.autoplay = true
    if (element instanceof HTMLVideoElement) {
      // Sound has elements of its own; a muted video may always play.
      element.playsInline = true
      if (kind === 'video') element.muted = true
    }
  }

  silence(): void {
    this.#element.muted = true
  }

  play(media: MediaStreamTrack, gate: Gate = {}, onFresh: () => void = () => undefined): void {
    this.#reveal()
    this.#element.srcObject = new MediaStream([media])
    if (this.#kind === 'video' && gate.after !== undefined)
      this.#hideUntil(gate.receiver, gate.after, onFresh)
    this.#playback.play(this.#element)
  }

  clear(): void {
    this.#element.srcObject = null
    this.#playback.forget(this.#element)
    this.#reveal()
  }

  detach(): void {
    this.clear()
    sinks.delete(this.#element)
    this.#onDetached()
  }

  #hideUntil(receiver: RTCRtpReceiver | undefined, after: number, onFresh: () => void): void {
    const { style } = this.#element
    const before = style.visibility
    style.visibility = 'hidden'
    const cancel = whenNewer(this.#element, receiver, after, () => {
      this.#reveal()
      onFresh()
    })
    this.#stopWaiting = () => {
      cancel()
      style.visibility = before
    }
  }

  #reveal(): void {
    this.#stopWaiting?.()
    this.#stopWaiting = undefined
  }
}

const sinks = new WeakMap<HTMLMediaElement, Sink>()

/** Takes the element from the track it plays; false if it plays none. */
export function detachElement(element: HTMLMediaElement): boolean {
  const sink = sinks.get(element)
  sink?.detach()
  return sink !== undefined
}

/** Whether an RTP timestamp lies beyond another; they wrap around. */
export function newer(timestamp: number, than: number): boolean {
  return ((timestamp - than) | 0) > 0
}

/**
 * Calls done once the element shows a frame later than `after`. The frame itself says so where the browser tells its
 * timestamp; else the receiver's last timestamp does, with a moment for that frame to reach the screen; where neither
 * is known, a first frame and 200 ms have to do.
 */
function whenNewer(
  element: HTMLMediaElement,
  receiver: RTCRtpReceiver | undefined,
  after: number,
  done: () => void,
): () => void {
  let stopped = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const finishIn = (ms: number) => {
    timer ??= setTimeout(() => {
      if (!stopped) done()
    }, ms)
  }
  const consider = (exact: number | undefined): boolean => {
    if (exact !== undefined) {
      if (!newer(exact, after)) return false
      stopped = true
      done()
      return true
    }
    const last = receiver?.getSynchronizationSources()[0]?.rtpTimestamp
    if (last !== undefined && !newer(last, after)) return false
    finishIn(last === undefined ? 200 : 100)
    return true
  }

  if (element instanceof HTMLVideoElement && 'requestVideoFrameCallback' in element) {
    const ask = () =>
      element.requestVideoFrameCallback((_, frame) => {
        if (!stopped && !consider(frame.rtpTimestamp)) handle = ask()
      })
    let handle = ask()
    return () => {
      stopped = true
      clearTimeout(timer)
      element.cancelVideoFrameCallback(handle)
    }
  }
  const poll = setInterval(() => {
    if (element.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && consider(undefined)) clearInterval(poll)
  }, 50)
  return () => {
    stopped = true
    clearTimeout(timer)
    clearInterval(poll)
  }
}
