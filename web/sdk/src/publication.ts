import type { Coding } from './codecs'
import { ridsOf, shapesOf, svcShapeOf, type Shape } from './encodings'
import type { Line, Peer } from './peer'
import { Shaper } from './shaper'
import type { Dimensions, LocalTrack } from './track'
import type { Description, Kind, Source } from './wire'

/** Something we send, or may send again: its place in the offer is kept. */
export class Publication {
  readonly kind: Kind
  readonly source: Source
  readonly track: LocalTrack
  readonly coding: Coding
  media: MediaStreamTrack | undefined
  /** Opened by us, so ours to stop. */
  owned = false
  /** Others are told of it. */
  active = false
  deviceId: string | undefined
  /** In several sizes, if it is a picture. */
  simulcast = true
  /** The server was told of it on this PeerConnection and may take it for published, also if it is not any more. */
  told = false
  /** What the log calls it. */
  trackId: string | undefined
  #line: Line | undefined
  #rids: readonly string[] = ['']
  /** Of its encodings, those that somebody looks at; undefined: nobody said. */
  #watched: ReadonlySet<string> | undefined
  #size: Dimensions | undefined
  readonly #shaper = new Shaper(() => this.#line?.transceiver.sender)
  /** Changes to it happen one after the other. */
  #queue: Promise<unknown> = Promise.resolve()

  constructor(track: LocalTrack, coding: Coding) {
    this.track = track
    this.kind = track.kind
    this.source = track.source
    this.coding = coding
  }

  /** Has its line from the first offer on. */
  get device(): boolean {
    return isDevice(this.source)
  }

  get line(): Line | undefined {
    return this.#line
  }

  get mid(): string | undefined {
    return this.#line?.transceiver.mid ?? undefined
  }

  /** What the line carries now. */
  get carried(): MediaStreamTrack | null {
    return this.active && !this.track.muted ? (this.media ?? null) : null
  }

  inTurn<T>(job: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(job)
    this.#queue = done.catch(() => undefined)
    return done
  }

  /** Its sizes are in one stream. A small picture of a screen would be of no use. */
  get #svc(): boolean {
    return this.coding.svc && this.source !== 'screen' && (this.device || this.simulcast)
  }

  /** Gives it a line of this PeerConnection, or none. */
  setLine(peer: Peer | undefined): void {
    this.told = false
    this.#watched = undefined
    // A device may be of any kind when its line is made.
    this.#rids =
      this.kind === 'video' ? ridsOf(this.source, !this.#svc && (this.device || this.simulcast)) : []
    this.#measure()
    this.#line = peer?.addLine(this.kind, this.carried, this.#rids, this.#shapes(), this.#svc)
  }

  /** How it is described to the server. */
  describe(): Description {
    if (this.kind !== 'video') return {}
    const layers = this.#shapes().flatMap(({ rid, scale }) => (rid === '' ? [] : [{ rid, scale }]))
    return { ...this.#size, ...(layers.length > 0 ? { layers } : {}) }
  }

  /** Somebody looks at these of its encodings; at none of the others. */
  watch(rids: readonly string[]): void {
    this.#watched = new Set(rids)
    this.shape()
  }

  /** Sends what is right for what there is to send. */
  shape(): void {
    if (this.kind !== 'video') return
    const watched = this.#watched
    const shapes = this.#shapes()
    // What is looked at may have gone with the size it was for; until that is known, the whole is looked at.
    const stale = watched && watched.size > 0 && !shapes.some(({ rid }) => watched.has(rid))
    this.#shaper.apply(
      shapes,
      (rid) => !watched || watched.has(rid) || (stale === true && rid === shapes.at(-1)?.rid),
    )
  }

  /** Looks how large the picture is by now; true if that has changed. */
  resized(): boolean {
    const { width, height } = this.#size ?? {}
    this.#measure()
    return width !== this.#size?.width || height !== this.#size?.height
  }

  async replaceTrack(): Promise<void> {
    try {
      await this.#line?.transceiver.sender.replaceTrack(this.carried)
    } catch (err) {
      // A closed PeerConnection is being replaced, and its successor starts with the right track.
      if (!(err instanceof DOMException) || err.name !== 'InvalidStateError') throw err
    }
  }

  #measure(): void {
    const { width, height } = this.kind === 'video' ? (this.media?.getSettings() ?? {}) : {}
    if (width && height) this.#size = { width, height }
  }

  #shapes(): Shape[] {
    return this.#svc
      ? svcShapeOf(this.source, this.coding.codec, this.#size)
      : shapesOf(this.#rids, this.source, this.coding.codec, this.#size, this.simulcast)
  }
}

export function isDevice(source: Source): boolean {
  return source === 'microphone' || source === 'camera'
}
