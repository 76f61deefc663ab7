import { openDevice, openScreen } from './devices'
import type { Coding } from './codecs'
import { ParlorError } from './errors'
import type { DeviceOptions, Participant, Publisher } from './participant'
import type { Peer } from './peer'
import { isDevice, Publication } from './publication'
import { Playback } from './sink'
import { LocalTrack } from './track'
import type { ClientMessage, Kind, Refusal, Sending, Source, TrackInfo } from './wire'

export interface PublicationEvents {
  send(message: ClientMessage): boolean
  peer(): Peer | undefined
  negotiate(change: (peer: Peer) => void): Promise<void>
  mediaLines(): number
  mayPublish(source: Source): boolean
  published(track: LocalTrack, published: boolean): void
  /** `by`: not by ourselves. */
  muted(track: LocalTrack, by?: Participant): void
  /** The server would not take it: nobody else sees it. It is not published any more. */
  refused(track: LocalTrack, err: ParlorError): void
}

const retryMs = 1_000
// Nobody says when a screen or a phone was turned.
const measureMs = 2_000

/**
 * What we publish, through every PeerConnection we have in turn. Microphone and camera have their lines from the first
 * offer on, so that turning them on and off is only a change of track; other lines come with their first use.
 */
export class Publications implements Publisher {
  readonly #events: PublicationEvents
  readonly #coding: Coding
  readonly #playback = new Playback(() => undefined)
  readonly #all: Publication[] = []
  #count = 0
  #adopted = false
  /** Why nothing can be published any more. */
  #over: ParlorError | undefined
  #retryTimer: ReturnType<typeof setTimeout> | undefined
  readonly #measureTimer = setInterval(() => this.#measure(), measureMs)

  constructor(coding: Coding, events: PublicationEvents) {
    this.#coding = coding
    this.#events = events
    this.#add('audio', 'microphone')
    this.#add('video', 'camera')
  }

  /** What the join starts with; before any offer. */
  preset(source: 'microphone' | 'camera', media: MediaStreamTrack): void {
    const publication = this.#find(source)
    if (!publication) return
    this.#take(publication, media, false)
    publication.active = true
    publication.track.setMuted(false)
  }

  /** The join worked: what was preset is ours from now on, and published. */
  adopt(): void {
    this.#adopted = true
    for (const p of this.#all) {
      if (!p.active) continue
      p.owned = true
      if (this.#over) this.#drop(p)
      else this.#events.published(p.track, true)
    }
  }

  /** Gives a new PeerConnection its sending lines. */
  addLines(peer: Peer): void {
    for (const p of this.#all) p.setLine(p.device || p.active ? peer : undefined)
  }

  /** What an offer says of our lines. A device's is named from the start, but not once it was published and is not any more. */
  sending(peer: Peer): Sending[] {
    return this.#all.flatMap((p) => {
      const mid = p.line && peer.lines.includes(p.line) ? p.line.transceiver.mid : null
      if (mid === null || !(p.active || (p.device && !p.told))) return []
      p.told ||= p.active
      return [{ mid, source: p.source, muted: !p.active || p.track.muted, ...p.describe() }]
    })
  }

  /** Says again what is published, and what is not any more: it may have changed while nobody heard. */
  tellAll(): void {
    for (const p of this.#all) this.#tell(p)
  }

  /** Somebody looks at these encodings of a line. */
  layers(mid: string, rids: readonly string[]): void {
    this.#all.find((p) => p.mid === mid)?.watch(rids)
  }

  /** The log told of a track of ours: what it is called there. */
  named({ id, kind, source }: TrackInfo): void {
    const fits = this.#all.filter((p) => p.active && p.kind === kind && p.source === source)
    const p = fits.find((q) => q.trackId === id) ?? fits.find((q) => q.trackId === undefined) ?? fits[0]
    if (p) p.trackId = id
  }

  unnamed(trackId: string): void {
    for (const p of this.#all) if (p.trackId === trackId) p.trackId = undefined
  }

  /** Somebody who may has muted a track of ours: nothing of it is sent any more. A screen is not shown any more at all. */
  mutedBy(trackId: string, by: Participant): void {
    const p = this.#all.find((q) => q.trackId === trackId)
    if (!p) return
    void p.inTurn(async () => {
      if (!p.active || p.track.muted) return
      if (p.device) await this.#mute(p, by)
      else {
        p.track.setMuted(true)
        this.#events.muted(p.track, by)
        if (p.source === 'screen') void this.#setScreen(false)
        else await this.#end(p)
      }
    })
  }

  /** The server would not take what we said of a line. */
  refused({ code, mid, message, retryMs: ms = retryMs }: Refusal): void {
    if (code === 'rate_limited') {
      clearTimeout(this.#retryTimer)
      this.#retryTimer = setTimeout(() => this.tellAll(), ms)
      return
    }
    // Away for a while: all is said again when we are back.
    if (code === 'session_not_found') return
    const p = this.#all.find((q) => mid !== undefined && q.mid === mid)
    if (!p) return
    void p.inTurn(async () => {
      if (!p.active) return
      await this.#end(p)
      this.#events.refused(p.track, new ParlorError(code, message || code))
    })
  }

  setEnabled(
    source: 'microphone' | 'camera' | 'screen',
    enabled: boolean,
    device: DeviceOptions = {},
  ): Promise<void> {
    if (source === 'screen') return this.#setScreen(enabled)
    const publication = this.#find(source)
    if (!publication) return Promise.reject(new ParlorError('unsupported', 'nothing can be published here'))
    return publication.inTurn(async () => {
      if (!enabled) {
        if (publication.active) await this.#mute(publication)
        return
      }
      this.#check(source)
      const other = device.deviceId !== undefined && device.deviceId !== publication.deviceId
      if (device.deviceId !== undefined) publication.deviceId = device.deviceId
      if (publication.media?.readyState !== 'live' || other) {
        const media = await this.#reopen(publication, device.deviceId !== undefined)
        if (this.#over) {
          media.stop()
          throw this.#over
        }
        this.#take(publication, media, true)
      }
      await this.#unmute(publication)
    })
  }

  /** Opens the device used last, or, if that was unplugged and nobody insists on it, any other. */
  async #reopen(publication: Publication, insist: boolean): Promise<MediaStreamTrack> {
    const { kind, deviceId } = publication
    if (deviceId === undefined) return openDevice(kind, {})
    try {
      return await openDevice(kind, { deviceId })
    } catch (err) {
      if (insist || !(err instanceof ParlorError) || err.code !== 'device_not_found') throw err
      publication.deviceId = undefined
      return openDevice(kind, {})
    }
  }

  publish(media: MediaStreamTrack, source: Source, simulcast = true): Promise<LocalTrack> {
    try {
      this.#check(source)
    } catch (err) {
      return Promise.reject(err as ParlorError)
    }
    const kind: Kind = media.kind === 'audio' ? 'audio' : 'video'
    const publication =
      this.#all.find((p) => p.media === media) ??
      this.#all.find((p) => p.kind === kind && p.source === source && (!p.active || p.device)) ??
      this.#add(kind, source)
    return publication.inTurn(async () => {
      publication.simulcast = simulcast
      await this.#start(publication, media, publication.media === media && publication.owned)
      return publication.track
    })
  }

  unpublish(media: MediaStreamTrack): Promise<void> {
    const publication = this.#all.find((p) => p.media === media)
    return publication ? publication.inTurn(() => this.#end(publication)) : Promise.resolve()
  }

  /** Nothing can be published any more, and nobody sees what was. */
  giveUp(why: ParlorError): void {
    this.#over = why
    if (!this.#adopted) return
    for (const p of this.#all) {
      if (!p.active) continue
      this.#drop(p)
      this.#events.published(p.track, false)
    }
  }

  close(): void {
    this.#over ??= new ParlorError('left', 'the room was left')
    clearTimeout(this.#retryTimer)
    clearInterval(this.#measureTimer)
    for (const p of this.#all) {
      if (p.owned) p.media?.stop()
      p.track.detach()
      p.track.setMedia(undefined)
    }
  }

  async #setScreen(enabled: boolean): Promise<void> {
    const shown = this.#all.filter((p) => (p.source === 'screen' || p.source === 'screen_audio') && p.active)
    if (!enabled) {
      await Promise.all(shown.map((p) => p.inTurn(() => this.#end(p))))
      return
    }
    if (shown.length > 0) return
    this.#check('screen')
    const { video, audio } = await openScreen()
    const sound = this.#events.mayPublish('screen_audio') ? audio : undefined
    if (!sound) audio?.stop()
    video.contentHint = 'detail'
    // The browser's own "stop sharing" ends all of it.
    video.addEventListener('ended', () => void this.#setScreen(false))
    try {
      if (this.#over) throw this.#over
      const open = (kind: Kind, source: Source, media: MediaStreamTrack) => {
        const p = this.#all.find((q) => q.source === source) ?? this.#add(kind, source)
        return p.inTurn(() => this.#start(p, media, true))
      }
      await Promise.all([
        open('video', 'screen', video),
        ...(sound ? [open('audio', 'screen_audio', sound)] : []),
      ])
    } catch (err) {
      video.stop()
      sound?.stop()
      throw err
    }
  }

  async #start(p: Publication, media: MediaStreamTrack, owned: boolean): Promise<void> {
    const peer = this.#events.peer()
    if (!peer) throw new ParlorError('unsupported', 'this browser has no WebRTC')
    if (p.mid === undefined && peer.mediaLines + 1 > this.#events.mediaLines())
      throw new ParlorError('too_many_media', 'no more tracks can be published')
    this.#take(p, media, owned)
    if (p.mid !== undefined) {
      await this.#unmute(p)
      return
    }
    const first = !p.active
    p.active = true
    try {
      await this.#events.negotiate((current) => {
        // A PeerConnection that was made in the meantime has the line already.
        if (!p.line) p.setLine(current)
      })
    } catch (err) {
      this.#drop(p)
      throw err
    }
    if (first) this.#events.published(p.track, true)
  }

  async #unmute(p: Publication): Promise<void> {
    if (p.media) p.media.enabled = true
    const changed = p.track.setMuted(false)
    const first = !p.active
    p.active = true
    await p.replaceTrack()
    this.#tell(p)
    if (first) this.#events.published(p.track, true)
    else if (changed) this.#events.muted(p.track)
  }

  /**
   * Nothing more is heard or seen from the first line on. A microphone is kept for the next word; a camera is stopped,
   * so that its light goes off.
   */
  async #mute(p: Publication, by?: Participant): Promise<void> {
    if (p.media) p.media.enabled = false
    const changed = p.track.setMuted(true)
    this.#tell(p)
    if (p.kind === 'video') this.#release(p, true)
    if (changed) this.#events.muted(p.track, by)
    await p.replaceTrack()
  }

  #drop(p: Publication): void {
    p.active = false
    this.#release(p)
  }

  async #end(p: Publication): Promise<void> {
    if (!p.active) return
    p.active = false
    await p.replaceTrack()
    this.#release(p)
    this.#tell(p)
    this.#events.published(p.track, false)
  }

  #take(p: Publication, media: MediaStreamTrack, owned: boolean): void {
    if (p.media !== media) {
      this.#release(p)
      p.media = media
      p.track.setMedia(media)
      p.deviceId ??= media.getSettings().deviceId
      media.addEventListener('ended', () => {
        // Unplugged, or taken away: as if it had been turned off.
        if (p.media === media) void p.inTurn(() => (p.device ? this.#mute(p) : this.#end(p)))
      })
    }
    p.owned = owned
    p.resized()
    p.shape()
  }

  #release(p: Publication, stop = p.owned): void {
    const { media } = p
    p.media = undefined
    p.track.setMedia(undefined)
    if (stop) media?.stop()
  }

  #tell(p: Publication): void {
    const { mid } = p
    if (mid === undefined || !this.#events.peer()?.accepted) return
    if (p.active)
      this.#events.send({ t: 'publish', mid, source: p.source, muted: p.track.muted, ...p.describe() })
    else if (p.told) this.#events.send({ t: 'unpublish', mid })
    p.told ||= p.active
  }

  #measure(): void {
    for (const p of this.#all) {
      if (!p.active || !p.media || !p.resized()) continue
      p.shape()
      this.#tell(p)
    }
  }

  #check(source: Source): void {
    if (this.#over) throw this.#over
    if (!this.#events.mayPublish(source))
      throw new ParlorError('not_allowed', `you may not publish: ${source}`)
  }

  #find(source: Source): Publication | undefined {
    return this.#all.find((p) => p.source === source)
  }

  #add(kind: Kind, source: Source): Publication {
    const track = new LocalTrack(`local_${++this.#count}`, kind, source, isDevice(source), this.#playback)
    const p = new Publication(track, this.#coding)
    this.#all.push(p)
    return p
  }
}
