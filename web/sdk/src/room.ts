import { Connection, type OpenWebSocket } from './connection'
import { Data } from './data'
import { openDevice } from './devices'
import { Emitter } from './emitter'
import { ParlorError } from './errors'
import type { HistoryOptions, HistoryPage } from './history'
import { climbDelay, Ladder } from './ladder'
import { dataChannelLink, type Link, type LinkEvents } from './link'
import { Media, type MediaState } from './media'
import { LocalParticipant, type Participant, type Publisher } from './participant'
import type { ConnectionState, JoinOptions, RoomDebug, RoomEvents, SendOptions, Transport } from './options'
import { keepPlace, takePlace, type Place } from './place'
import { Roster } from './roster'
import { Session } from './session'
import { Playback } from './sink'
import { Speakers } from './speakers'
import type { RoomState } from './state'
import { inboundStats } from './stats'
import { sessionUrl } from './url'
import type { ClientMessage, Entry, Grant, Joined, Limits, Refusal, Resumed, ServerMessage } from './wire'

/** @internal */
export interface Environment {
  openWebSocket: OpenWebSocket
  webrtc: boolean
  storage: Storage | undefined
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
const firstAttempts = 4
const firstMs = 10_000

const noPublisher: Publisher = {
  setEnabled: (_, enabled) =>
    enabled
      ? Promise.reject(new ParlorError('unsupported', 'this browser has no WebRTC'))
      : Promise.resolve(),
  publish: () => Promise.reject(new ParlorError('unsupported', 'this browser has no WebRTC')),
  unpublish: () => Promise.resolve(),
}

/** A room we are in. It stays the same object over reconnections. */
export class Room extends Emitter<RoomEvents> {
  readonly #options: JoinOptions
  readonly #url: string
  readonly #environment: Environment
  readonly #connection: Connection
  readonly #media: Media | undefined
  readonly #roster: Roster
  readonly #playback = new Playback(() => this.emit('audioBlocked'))
  readonly #local: LocalParticipant
  readonly #data = new Data({
    session: () => (this.#state === 'disconnected' ? undefined : this.#session),
    me: () => this.#local.id,
    find: (id) => this.#roster.participants.get(id),
    message: (...message) => this.emit('message', ...message),
    stateChanged: (...change) => this.emit('stateChanged', ...change),
  })
  #session: Session | undefined
  #ladder: Ladder | undefined
  #speakers: Speakers | undefined

  #state: ConnectionState = 'connected'
  #transport: Transport = 'websocket'
  #name: string
  #grant: Grant = { publish: false, subscribe: false, data: false, admin: false }
  #limits: Limits | undefined
  #place: Place | undefined
  /** The place of the page that was here before a reload. */
  #former: Place | undefined
  #mustJoin = true
  #withOffer = true
  #channel: Link | undefined
  #channelFalls = 0

  /** Joining for the first time: who waits for it. */
  #joining: { resolve(): void; reject(err: ParlorError): void; since: number; failures: number } | undefined
  /** What came before the page could listen. */
  #held: (() => void)[] | undefined = []

  /** @internal */
  constructor(options: JoinOptions, environment: Environment) {
    super()
    this.#options = options
    this.#environment = environment
    this.#url = sessionUrl(options.url, import.meta.url)
    this.#name = options.room
    this.#media = environment.webrtc ? this.#newMedia() : undefined
    this.#local = new LocalParticipant(
      { id: '', identity: '', name: options.name ?? '', metadata: '' },
      this.#media?.publications ?? noPublisher,
    )
    this.#roster = new Roster(this.#playback, {
      connected: (p) => this.emit('participantConnected', p),
      disconnected: (p, reason) => this.emit('participantDisconnected', p, reason),
      published: (track, p) => {
        this.emit('trackPublished', track, p)
        this.#media?.published(track.id)
      },
      unpublished: (track, p) => {
        this.#media?.unpublished(track.id)
        track.detach()
        this.emit('trackUnpublished', track, p)
      },
      muted: (track, p) => this.emit(track.muted ? 'trackMuted' : 'trackUnmuted', track, p),
    })
    this.#connection = new Connection(this.#url, environment.openWebSocket, {
      hello: () => this.#hello(),
      welcome: (link, message) => this.#welcome(link, message),
      message: (link, message) => this.#message(link, message),
      refused: (refusal) => this.#refused(refusal),
      frameBytes: () => this.#limits?.frameBytes,
      lost: (link, code) => this.#lost(link, code),
      failed: (err) => this.#failed(err),
    })
    if (options.onMessage) this.on('message', options.onMessage)
  }

  get name(): string {
    return this.#name
  }

  get localParticipant(): LocalParticipant {
    return this.#local
  }

  /** The others, by id. */
  get participants(): ReadonlyMap<string, Participant> {
    return this.#roster.participants
  }

  /** What carries messages now. */
  get transport(): Transport {
    return this.#transport
  }

  get connectionState(): ConnectionState {
    return this.#state
  }

  get mediaState(): MediaState {
    return this.#media?.state ?? 'none'
  }

  /** Values by key that everybody in the room shares. */
  get state(): RoomState {
    return this.#data.state
  }

  /** What we may do here. */
  get grant(): Readonly<Grant> {
    return this.#grant
  }

  get limits(): Readonly<Limits> | undefined {
    return this.#limits
  }

  /** Bytes of messages that the server has not confirmed yet. */
  get bufferedBytes(): number {
    return this.#session?.bufferedBytes ?? 0
  }

  /** Whether sound waits for startAudio(). */
  get isAudioBlocked(): boolean {
    return this.#playback.blocked
  }

  /** Plays what the browser refused to play on its own; call it from a click or a key. */
  startAudio(): Promise<void> {
    return this.#playback.start()
  }

  /**
   * Sends a message to everybody else in the room, or to some. Resolves when the server has put it into the room's
   * order: from then on it is delivered exactly once to everyone who is there. It may be called at any time, and waits
   * while there is no connection. Data is any JSON value, or bytes: an ArrayBuffer or a view of one arrives as Uint8Array.
   */
  sendMessage(type: string, data?: unknown, options: SendOptions = {}): Promise<{ offset: number }> {
    return this.#data.send(type, data, options)
  }

  /**
   * Messages of the past, as far as the room keeps them: the newest that fit, oldest first. What one sent oneself is among
   * them. For older ones ask again with `before`, the offset of the first.
   */
  history(options: HistoryOptions = {}): Promise<HistoryPage> {
    return this.#data.history(options)
  }

  /** Leaves the room. Nothing can be done with it afterwards. */
  leave(): void {
    this.#connection.send({ t: 'leave' })
    this.#finish('left')
  }

  readonly debug: RoomDebug = ((room: Room): RoomDebug => ({
    get offers() {
      return room.#media?.offers ?? 0
    },
    dropDataChannel: () => room.#ladder?.drop(),
    closeWebSocket: () => room.#connection.restart(),
    stats: async () => inboundStats(await room.#media?.stats(), room.#media?.playing() ?? []),
  }))(this)

  /** @internal Joins for the first time. */
  async start(): Promise<void> {
    const { signal, room } = this.#options
    const opened: MediaStreamTrack[] = []
    try {
      await this.#preset(opened)
      this.#former = takePlace(this.#environment.storage, this.#url, room)
      await new Promise<void>((resolve, reject) => {
        this.#joining = { resolve, reject, since: performance.now(), failures: 0 }
        signal?.addEventListener('abort', () => reject(new ParlorError('aborted', 'joining was given up')))
        this.#connection.start()
      })
    } catch (err) {
      this.#joining = undefined
      if (this.#connection.link) this.#connection.send({ t: 'leave' })
      this.#finish('left')
      for (const track of opened) track.stop()
      // Never said to the server, the place is still good for the next try.
      if (this.#former && err instanceof ParlorError && err.code === 'unreachable')
        keepPlace(this.#environment.storage, this.#url, room, this.#former)
      if (err instanceof ParlorError && err.code === 'room_not_found') this.#options.roomNotFoundCallback?.()
      throw err
    }
    this.#joining = undefined
    globalThis.addEventListener?.('pagehide', this.#onPageHide)
    globalThis.addEventListener?.('pageshow', this.#onPageShow)
    // The page has this turn to listen; then what came meanwhile is told.
    setTimeout(() => {
      const held = this.#held ?? []
      this.#held = undefined
      for (const tell of held) tell()
    })
  }

  /** Opens the devices to begin with, before anybody sees us. */
  async #preset(opened: MediaStreamTrack[]): Promise<void> {
    const { audio, video, signal } = this.#options
    for (const [source, kind, wish] of [
      ['microphone', 'audio', audio],
      ['camera', 'video', video],
    ] as const) {
      if (!wish || !this.#media) continue
      const track = wish === true ? await openDevice(kind, {}) : wish
      if (wish === true) opened.push(track)
      this.#media.publications.preset(source, track)
    }
    if (signal?.aborted) throw new ParlorError('aborted', 'joining was given up')
  }

  #newMedia(): Media {
    return new Media(
      this.#options.videoCodec ?? 'vp8',
      {
        send: (message) => this.#connection.send(message),
        state: (state) => this.emit('mediaStateChanged', state),
        channel: (channel) => this.#channelOpened(channel),
        lossy: (channel) => {
          const message: LinkEvents['message'] = (link, m) => this.#message(link, m)
          this.#data.opened(dataChannelLink(channel, { message, ended: () => undefined }))
        },
        channelClosed: () => this.#channel?.close(),
        find: (trackId) => this.#roster.find(trackId),
        subscribed: (track, p) => this.emit('trackSubscribed', track, p),
        unsubscribed: (track, p) => this.emit('trackUnsubscribed', track, p),
      },
      {
        published: (track, published) => {
          if (published) this.#local.mutableTracks.set(track.id, track)
          else this.#local.mutableTracks.delete(track.id)
          this.emit(published ? 'localTrackPublished' : 'localTrackUnpublished', track, this.#local)
        },
        muted: (track) => this.emit(track.muted ? 'trackMuted' : 'trackUnmuted', track, this.#local),
      },
    )
  }

  async #hello(): Promise<ClientMessage> {
    if (!this.#mustJoin && this.#place) return { t: 'resume', ...this.#place }
    const { room, name, token, create } = this.#options
    const media = this.#withOffer ? this.#media : undefined
    return {
      t: 'join',
      room,
      ...(name === undefined ? {} : { name }),
      ...(token === undefined ? {} : { token }),
      ...(create === undefined ? {} : { create }),
      ...(this.#former ? { resume: this.#former } : {}),
      ...(media ? await media.joinOffer() : {}),
    }
  }

  #welcome(link: Link, message: Joined | Resumed): void {
    if (message.t === 'resumed') {
      if (this.#place) this.#place = { sid: this.#place.sid, rt: message.rt }
      this.#media?.resumed(message)
      this.#ladder?.resumed(link)
      return
    }
    this.#mustJoin = false
    this.#former = undefined
    this.#place = { sid: message.sid, rt: message.rt }
    this.#name = message.room
    this.#grant = message.grant
    this.#limits = message.limits
    this.#local.update(message.you)
    this.#roster.me = message.you.id
    if (this.#withOffer) this.#media?.joined(message)
    if (!this.#session) this.#begin(link, message)
    else this.#beginAgain(this.#session, link, message)
    this.#joining?.resolve()
  }

  #begin(link: Link, joined: Joined): void {
    this.#session = new Session(joined.limits, {
      ...this.#data.events,
      drained: () => this.emit('drain'),
      entry: (entry) => this.#entry(entry),
      carried: (carrier) => this.#carried(carrier),
      suspect: (suspect) => this.#ladder?.suspect(suspect),
      reset: (reason, unconfirmed, participants) => {
        this.#roster.sync(participants)
        this.#count()
        this.emit('reset', reason, unconfirmed)
      },
    })
    this.#ladder = new Ladder(this.#session, {
      channelGone: () => this.#media?.channelLost(climbDelay(++this.#channelFalls)),
    })
    this.#roster.sync(joined.participants)
    this.#count()
    this.#media?.publications.adopt()
    this.#session.begin(joined, link)
    this.#ladder.begun(link)
    const media = this.#media
    if (media) {
      this.#speakers = new Speakers({
        playing: () => media.playing(),
        changed: (speakers) => this.emit('activeSpeakersChanged', speakers),
      })
    }
  }

  /** The former session is gone; what it missed cannot be had any more. */
  #beginAgain(session: Session, link: Link, joined: Joined): void {
    this.#ladder?.begun(link)
    this.#roster.sync(joined.participants)
    this.#count()
    const unconfirmed = session.begin(joined, link)
    this.emit('reset', 'session_not_found', unconfirmed)
  }

  #refused(refusal: Refusal): boolean {
    const err = new ParlorError(refusal.code, refusal.message || refusal.code, refusal.retryMs)
    if (!this.#mustJoin) {
      if (!passing.has(refusal.code) || refusal.code === 'slow_consumer') this.#mustJoin = true
      return true
    }
    if (
      this.#withOffer &&
      this.#media &&
      (refusal.code === 'bad_offer' || refusal.code === 'too_many_media')
    ) {
      // No pictures then, but people can still write to each other.
      this.#withOffer = false
      this.emit('mediaStateChanged', 'failed')
      return true
    }
    if (this.#joining) {
      this.#joining.reject(err)
      return false
    }
    if (passing.has(refusal.code)) return true
    this.#finish(refusal.code)
    return false
  }

  #failed(err: ParlorError): void {
    const joining = this.#joining
    if (!joining) return
    joining.failures++
    if (joining.failures >= firstAttempts || performance.now() - joining.since >= firstMs) joining.reject(err)
  }

  #lost(link: Link, code: number): void {
    if (code === 4000) {
      // Another page goes on with our session.
      this.#finish('replaced')
      return
    }
    this.#media?.interrupted()
    this.#ladder?.ended(link)
  }

  #channelOpened(channel: RTCDataChannel): void {
    const { transports } = this.#options
    if (transports && !transports.includes('webrtc')) return
    const events: LinkEvents = {
      frameBytes: () => this.#limits?.frameBytes,
      message: (link, message) => this.#message(link, message),
      ended: (link) => {
        if (this.#channel === link) this.#channel = undefined
        this.#ladder?.ended(link)
      },
    }
    this.#channel = dataChannelLink(channel, events)
    this.#ladder?.opened(this.#channel)
  }

  #message(link: Link, message: ServerMessage): void {
    if (this.#held) {
      this.#held.push(() => this.#message(link, message))
      return
    }
    if (this.#state === 'disconnected') return
    this.#ladder?.heard(link)
    if (this.#data.take(link, message)) return
    switch (message.t) {
      case 'log':
        this.#session?.log(link, message)
        break
      case 'attached':
        this.#session?.attached(link, message)
        break
      case 'reset':
        this.#session?.reset(link, message)
        break
      case 'beat':
        this.#session?.ackNow(link)
        break
      case 'pong':
        this.#ladder?.pong(link, message.id)
        break
      case 'slots':
        this.#media?.slots(message.rev, message.slots)
        break
      case 'answer':
        this.#media?.answered(message)
        break
      case 'error':
        if (message.re === 'm' || message.re === 's' || message.re === 'attach')
          this.#session?.refused(link, message)
        else this.#media?.refused(message)
        break
      case 'closed':
        if (!passing.has(message.code)) this.#finish(message.code)
        else {
          this.#mustJoin = true
          this.#connection.restart()
        }
        break
      case 'joined':
      case 'resumed':
        // Answers to a hello, which the connection takes; later they mean nothing.
        break
    }
  }

  #entry(entry: Entry): void {
    if (entry.is === 'message') {
      const meta = { offset: entry.o, sentAt: new Date(entry.at), direct: entry.direct, lossy: false }
      this.emit('message', entry.type, entry.data, this.#roster.sender(entry.from), meta)
      return
    }
    this.#roster.apply(entry)
    this.#count()
  }

  #count(): void {
    this.#media?.need(this.#roster.count('audio'), this.#roster.count('video'))
  }

  #carried(link: Link | undefined): void {
    if (!link) {
      if (this.#state !== 'connected') return
      this.#state = 'reconnecting'
      this.emit('reconnecting')
      return
    }
    const before = this.#transport
    this.#transport = link.kind
    if (this.#state === 'reconnecting') {
      this.#state = 'connected'
      this.emit('reconnected')
    }
    this.#data.carried()
    if (link.kind !== before) this.emit('transportChanged', link.kind, before)
  }

  #finish(reason: string): void {
    if (this.#state === 'disconnected') return
    this.#state = 'disconnected'
    globalThis.removeEventListener?.('pagehide', this.#onPageHide)
    globalThis.removeEventListener?.('pageshow', this.#onPageShow)
    this.#speakers?.stop()
    this.#ladder?.stop()
    const left = new ParlorError(reason, 'the room was left')
    this.#session?.end(left)
    this.#data.end(left)
    this.#connection.stop()
    this.#channel?.close()
    this.#media?.close()
    this.emit('disconnected', reason)
  }

  readonly #onPageHide = () => {
    if (!this.#place) return
    this.#connection.send({ t: 'leave', return: true })
    keepPlace(this.#environment.storage, this.#url, this.#options.room, this.#place)
  }

  /** The same page again, out of the browser's cache: its connections are gone, its place is not. */
  readonly #onPageShow = (event: Event) => {
    if (!('persisted' in event) || !event.persisted) return
    takePlace(this.#environment.storage, this.#url, this.#options.room)
    this.#connection.restart()
  }
}
