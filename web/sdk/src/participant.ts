import { ParlorError } from './errors'
import type { LocalTrack, RemoteTrack, Track } from './track'
import type { Quality, Source } from './wire'

/** How well somebody’s connection carries what it should. */
export type ConnectionQuality = Quality

/** One of the others, or ourselves. */
export type Anyone = Participant | LocalParticipant

/** Somebody in the room. */
export class Participant<T extends Track = RemoteTrack> {
  #id: string
  #identity: string
  #name: string
  #metadata: string
  #admin: boolean
  #watching: boolean
  #speaking = false
  #quality: ConnectionQuality = 'unknown'
  readonly #mute: Mute | undefined
  /** @internal */
  readonly mutableTracks = new Map<string, T>()

  /** @internal */
  constructor(info: ParticipantIdentity, mute?: Mute) {
    this.#mute = mute
    this.#id = info.id
    this.#identity = info.identity
    this.#name = info.name
    this.#metadata = info.metadata
    this.#admin = info.admin
    this.#watching = info.watching ?? false
  }

  /** Of this visit. It stays through reconnections, and is another one when they join again. */
  get id(): string {
    return this.#id
  }

  /** Who it is, as the token says; the same person has the same in every session. */
  get identity(): string {
    return this.#identity
  }

  /** For people to read; two may have the same. */
  get name(): string {
    return this.#name
  }

  /** What the token says of them besides, for programs. */
  get metadata(): string {
    return this.#metadata
  }

  /** Whether they may administer the room: their token says so, or they are its host. */
  get isAdmin(): boolean {
    return this.#admin
  }

  /** They are here to see and hear, and publish nothing: there may be hundreds, to be counted and not to be shown. */
  get isWatching(): boolean {
    return this.#watching
  }

  /** What is published, by track id. */
  get tracks(): ReadonlyMap<string, T> {
    return this.mutableTracks
  }

  /** The first track of this source. */
  getTrack(source: Source): T | undefined {
    for (const track of this.mutableTracks.values()) if (track.source === source) return track
    return undefined
  }

  /** Whether the server hears them speak. */
  get isSpeaking(): boolean {
    return this.#speaking
  }

  /** How well their connection carries what it should, as the server sees it. */
  get connectionQuality(): ConnectionQuality {
    return this.#quality
  }

  /**
   * Mutes a track of theirs for everybody: the server sends no more of it, and their own page is told who did it. It takes a
   * token that says roomAdmin. Only they can unmute it; with `muted` false their track is as they left it. What came of it is
   * told by `trackMuted`.
   */
  mute(track: T, muted = true): void {
    if (!this.#mute || this.mutableTracks.get(track.id) !== track)
      throw new ParlorError('not_allowed', 'one mutes what others publish')
    this.#mute(this.#id, track.id, muted)
  }

  /** @internal */
  update(info: ParticipantIdentity): void {
    this.#id = info.id
    this.#identity = info.identity
    this.#name = info.name
    this.#metadata = info.metadata
    this.#watching = info.watching ?? false
    this.#admin = info.admin
  }

  /** @internal */
  appoint(): boolean {
    const changed = !this.#admin
    this.#admin = true
    return changed
  }

  /** @internal */
  setSpeaking(speaking: boolean): boolean {
    const changed = this.#speaking !== speaking
    this.#speaking = speaking
    return changed
  }

  /** @internal */
  setQuality(quality: ConnectionQuality): boolean {
    const changed = this.#quality !== quality
    this.#quality = quality
    return changed
  }
}

/** Asks the server to mute somebody's track; throws if we may not. */
export type Mute = (participantId: string, trackId: string, muted: boolean) => void

export interface ParticipantIdentity {
  id: string
  identity: string
  name: string
  metadata: string
  admin: boolean
  watching?: boolean
}

/** Which device. */
export interface DeviceOptions {
  /** A device from enumerateDevices(); without it the last one chosen, else the browser's default. */
  deviceId?: string
}

/** How a track is sent. */
export interface PublishOptions {
  /** What it is; default `other`. Microphone and camera take the place of the device in use. */
  source?: Source
  /** A picture in several sizes, so that everybody can be sent what they need; default true. False: the whole alone. */
  simulcast?: boolean
}

/** What publishes; the local participant passes on to it. */
export interface Publisher {
  setEnabled(
    source: 'microphone' | 'camera' | 'screen',
    enabled: boolean,
    device?: DeviceOptions,
  ): Promise<void>
  publish(media: MediaStreamTrack, source: Source, simulcast?: boolean): Promise<LocalTrack>
  unpublish(media: MediaStreamTrack): Promise<void>
}

const unsupported = () => Promise.reject(new ParlorError('unsupported', 'this browser has no WebRTC'))

/** @internal What publishes where there is no WebRTC. */
export const noPublisher: Publisher = {
  setEnabled: (_, enabled) => (enabled ? unsupported() : Promise.resolve()),
  publish: unsupported,
  unpublish: () => Promise.resolve(),
}

/** Ourselves. */
export class LocalParticipant extends Participant<LocalTrack> {
  readonly #publisher: Publisher

  /** @internal */
  constructor(info: ParticipantIdentity, publisher: Publisher) {
    super(info)
    this.#publisher = publisher
  }

  /** Whether our microphone is on and not muted. */
  get isMicrophoneEnabled(): boolean {
    return this.#live('microphone')
  }

  /** Whether our camera is on. */
  get isCameraEnabled(): boolean {
    return this.#live('camera')
  }

  /** Whether we show a screen. */
  get isScreenShareEnabled(): boolean {
    return this.#live('screen')
  }

  /** Opens the microphone, or mutes it. With another deviceId it changes over to that one. */
  setMicrophoneEnabled(enabled: boolean, device?: DeviceOptions): Promise<void> {
    return this.#publisher.setEnabled('microphone', enabled, device)
  }

  /** Opens the camera, or stops it: its light goes off. With another deviceId it changes over to that one. */
  setCameraEnabled(enabled: boolean, device?: DeviceOptions): Promise<void> {
    return this.#publisher.setEnabled('camera', enabled, device)
  }

  /** Asks the user for a screen, window or tab and shows it, with its sound if there is any; or ends that. */
  setScreenShareEnabled(enabled: boolean): Promise<void> {
    return this.#publisher.setEnabled('screen', enabled)
  }

  /** Sends a track of the page’s own: a canvas, a file that plays, a device that was opened otherwise. */
  publishTrack(track: MediaStreamTrack, options: PublishOptions = {}): Promise<LocalTrack> {
    return this.#publisher.publish(track, options.source ?? 'other', options.simulcast)
  }

  /** Sends it no more. */
  unpublishTrack(track: MediaStreamTrack | LocalTrack): Promise<void> {
    const media = track instanceof MediaStreamTrack ? track : track.mediaStreamTrack
    return media ? this.#publisher.unpublish(media) : Promise.resolve()
  }

  #live(source: Source): boolean {
    const track = this.getTrack(source)
    return track !== undefined && !track.muted
  }
}
