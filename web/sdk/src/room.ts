import { Channels } from './channels'
import { Company } from './company'
import { Connection } from './connection'
import type { ConnectionStats } from './connectionstats'
import { Data } from './data'
import { handles, type RoomDebug } from './debug'
import { dispatch } from './dispatch'
import { guarded } from './emitter'
import { Entrance } from './entrance'
import type { Environment } from './environment'
import { ParlorError } from './errors'
import { Files, type UploadedFile, type UploadOptions } from './files'
import type { HistoryOptions, HistoryPage } from './history'
import { Ladder } from './ladder'
import type { Link } from './link'
import type { Media, MediaState } from './media'
import { Moderated } from './moderation'
import { LocalParticipant, noPublisher, type Participant } from './participant'
import type { ConnectionState, JoinOptions, SendOptions } from './options'
import { Preset } from './preset'
import { Session } from './session'
import { Playback } from './sink'
import type { RoomState } from './state'
import { openStudio } from './studio'
import { httpUrl, sessionUrl } from './url'
import type { Entry, Grant, Joined, Limits, Resumed, ServerMessage, ClientMessage } from './wire'
import type { Transport } from './transport'

/** A room we are in. It stays the same object over reconnections. */
export class Room extends Moderated {
  readonly #options: JoinOptions
  readonly #entrance: Entrance
  readonly #connection: Connection
  readonly #files: Files
  readonly #media: Media | undefined
  readonly #company: Company
  /** Only the data channel may carry messages. */
  readonly #channelOnly: boolean
  readonly #playback = new Playback(() => this.emit('audioBlocked'))
  readonly #local: LocalParticipant
  readonly #data = new Data({
    session: () => (this.#state === 'disconnected' ? undefined : this.#session),
    me: () => this.#local.id,
    find: (id) => this.#company.participants.get(id),
    message: (...message) => this.emit('message', ...message),
    stateChanged: (...change) => this.emit('stateChanged', ...change),
  })
  readonly #channels = new Channels({
    message: (link, message) => this.#message(link, message),
    frameBytes: () => this.#limits?.frameBytes,
    opened: (link) => this.#ladder?.opened(link),
    ended: (link) => this.#ladder?.ended(link),
    lossyOpened: (link) => this.#data.opened(link),
  })
  /** For tests and for people who debug. */
  readonly debug: RoomDebug
  #session: Session | undefined
  #ladder: Ladder | undefined

  #state: ConnectionState = 'connected'
  #transport: Transport = 'websocket'
  #name: string
  #grant: Grant = { publish: false, subscribe: false, data: false, admin: false }
  #limits: Limits | undefined

  /** What came before the page could listen. */
  #held: (() => void)[] | undefined = []

  /** @internal */
  constructor(options: JoinOptions, environment: Environment) {
    super()
    this.#options = options
    this.#name = options.room
    this.#media = environment.webrtc ? this.#openStudio() : undefined
    this.#local = new LocalParticipant(
      { id: '', identity: '', name: options.name ?? '', metadata: '', admin: false },
      this.#media?.publications ?? noPublisher,
    )
    this.#company = new Company(this.#playback, options.autoSubscribe ?? true, {
      emit: (event, ...args) => this.emit(event, ...args),
      send: (message) => this.#connection.send(message),
      me: () => this.#local,
      admin: () => this.#grant.admin,
      appointed: () => {
        this.#grant = { ...this.#grant, admin: true }
        if (this.#local.appoint()) this.emit('adminChanged', this.#local)
      },
      media: () => this.#media,
    })
    const bases = options.transports?.filter((transport) => transport !== 'webrtc')
    this.#channelOnly = options.transports?.length !== 0 && bases?.length === 0
    const webSocketUrl = sessionUrl(options.url, import.meta.url)
    const entrance = new Entrance(options, webSocketUrl, environment.storage, {
      offer: async () => this.#media?.joinOffer(),
      withoutMedia: (why) => {
        if (!this.#channelOnly) this.#media?.giveUp(why)
        return !this.#channelOnly
      },
      over: (code) => this.#finish(code),
      leaving: () => this.#connection.send({ t: 'leave', return: true }, true),
      returned: () => this.#connection.restart(),
    })
    this.#entrance = entrance
    const { openWebSocket, fetch } = environment
    const network = { webSocketUrl, openWebSocket, http: { url: httpUrl(webSocketUrl), fetch } }
    this.#files = new Files(network.http.url)
    this.#connection = new Connection(network, bases, {
      hello: () => entrance.hello(),
      welcome: (link, message) => this.#welcome(link, message),
      message: (link, message) => this.#message(link, message),
      frameBytes: () => this.#limits?.frameBytes,
      waiting: (message) => entrance.waiting(message),
      refused: (refusal) => entrance.refused(refusal),
      lost: (link, code) => this.#lost(link, code),
      failed: (err) => entrance.failed(err),
    })
    this.debug = handles(this.#connection, this.#media, () => this.#ladder)
    if (options.onMessage) this.on('message', options.onMessage)
  }

  /** The room’s name. */
  get name(): string {
    return this.#name
  }

  /** Ourselves. */
  get localParticipant(): LocalParticipant {
    return this.#local
  }

  /** The others, by id. */
  get participants(): ReadonlyMap<string, Participant> {
    return this.#company.participants
  }

  /** What carries messages now. */
  get transport(): Transport {
    return this.#transport
  }

  /** Whether messages get through. */
  get connectionState(): ConnectionState {
    return this.#state
  }

  /** Whether sound and pictures get through. */
  get mediaState(): MediaState {
    return this.#media?.state ?? 'none'
  }

  /** Values by key that everybody in the room shares. */
  get state(): RoomState {
    return this.#data.state
  }

  /** What we may do here; maySend() and mayWrite() read it. */
  get grant(): Readonly<Grant> {
    return this.#grant
  }

  /** What the server takes at most. */
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

  /** Puts a file into the room, for whoever gets to know its id: say it in a message, or in the state. At most limits.fileBytes. */
  upload(blob: Blob, options: UploadOptions = {}): Promise<UploadedFile> {
    return this.#files.upload(blob, options)
  }

  /** Where the file of this id is. */
  fileUrl(id: string): string {
    return this.#files.url(id)
  }

  /** Whether pictures of others are sent to us at all; sound goes on. */
  setAudioOnly(audioOnly: boolean): void {
    this.#company.viewing.setAudioOnly(audioOnly)
  }

  /** Whether setAudioOnly() said so. */
  get isAudioOnly(): boolean {
    return this.#company.viewing.audioOnly
  }

  /** How media goes, and how much of it; undefined where there is none. */
  async connectionStats(): Promise<ConnectionStats | undefined> {
    return this.#media?.connectionStats()
  }

  /** Leaves the room. Nothing can be done with it afterwards. */
  leave(): void {
    this.#connection.send({ t: 'leave' }, true)
    this.#finish('left')
  }

  /** @internal Joins for the first time. */
  async start(): Promise<void> {
    const preset = new Preset()
    try {
      if (this.#channelOnly && !this.#media)
        throw new ParlorError('unsupported', 'only WebRTC may carry messages, and this browser has none')
      await preset.open(this.#options, this.#media?.publications)
      await this.#entrance.first(() => this.#connection.start())
    } catch (err) {
      this.#connection.send({ t: 'leave' }, true)
      this.#finish('left')
      preset.stop()
      if (err instanceof ParlorError && err.code === 'room_not_found')
        guarded(() => this.#options.roomNotFoundCallback?.())
      throw err
    }
    // The page has this turn to listen; then what came meanwhile is told.
    setTimeout(() => {
      const held = this.#held ?? []
      this.#held = undefined
      for (const tell of held) tell()
    })
  }

  /** @internal */
  protected tell(message: ClientMessage): boolean {
    return this.#connection.send(message)
  }

  #openStudio(): Media {
    return openStudio(this.#options, {
      connection: () => this.#connection,
      ladder: () => this.#ladder,
      channels: () => this.#channels,
      company: () => this.#company,
      me: () => this.#local,
      emit: (event, ...args) => this.emit(event, ...args),
    })
  }

  #welcome(link: Link, message: Joined | Resumed): void {
    if (message.t === 'resumed') {
      this.#entrance.resumed(message)
      // What the former link was still to answer, it does not.
      this.#media?.interrupted()
      this.#media?.resumed(message)
      this.#company.viewing.linked()
      this.#ladder?.resumed(link)
      return
    }
    this.#entrance.joined(message)
    this.#files.joined(message)
    this.#name = message.room
    this.#grant = message.grant
    this.#limits = message.limits
    this.#local.update(message.you)
    if (this.#entrance.withMedia) this.#media?.joined(message)
    this.settle(message.settings)
    this.wait([])
    if (!this.#session) this.#begin(link, message)
    else this.#beginAgain(this.#session, link, message)
    this.#company.viewing.linked()
    this.#entrance.in()
  }

  #begin(link: Link, joined: Joined): void {
    this.#session = new Session(joined.limits, {
      ...this.#data.events,
      drained: () => this.emit('drain'),
      entry: (entry) => this.#entry(entry),
      carried: (carrier) => this.#carried(carrier),
      suspect: (suspect) => this.#ladder?.suspect(suspect),
      reset: ({ reason, participants, settings, grant }, unconfirmed) => {
        if (grant) this.#grant = grant
        this.#company.sync(participants)
        if (settings) this.settle(settings)
        this.state.expect()
        this.emit('reset', reason, unconfirmed)
      },
    })
    this.#ladder = new Ladder(
      this.#session,
      { channelGone: () => this.#media?.channelLost() },
      this.#channelOnly,
    )
    this.#company.sync(joined.participants)
    this.#media?.publications.adopt()
    this.#transport = this.#channelOnly ? 'webrtc' : link.kind
    this.#session.begin(joined, link)
    this.#ladder.begun(link)
  }

  /** The former session is gone; what it missed cannot be had any more. */
  #beginAgain(session: Session, link: Link, joined: Joined): void {
    this.#company.sync(joined.participants)
    this.#company.speakers.hear([])
    this.state.expect()
    const unconfirmed = session.begin(joined, link)
    this.#ladder?.begun(link)
    this.emit('reset', 'session_not_found', unconfirmed)
  }

  #lost(link: Link, code: number): void {
    if (code === 4000) {
      // Another page goes on with our session.
      this.#finish('replaced')
      return
    }
    this.#media?.interrupted()
    this.#company.viewing.unlinked()
    this.#ladder?.ended(link)
  }

  #message(link: Link, message: ServerMessage): void {
    if (this.#held) {
      this.#held.push(() => this.#message(link, message))
      return
    }
    if (this.#state === 'disconnected') return
    dispatch(link, message, {
      data: this.#data,
      session: this.#session,
      ladder: this.#ladder,
      media: this.#media,
      company: this.#company,
      moderated: this,
      closed: (code) => {
        if (this.#entrance.closed(code)) this.#connection.restart()
        else this.#finish(code)
      },
    })
  }

  #entry(entry: Entry): void {
    if (entry.is === 'message') {
      const meta = { offset: entry.o, sentAt: new Date(entry.at), direct: entry.direct, lossy: false }
      this.emit('message', entry.type, entry.data, this.#company.sender(entry.from), meta)
      return
    }
    if (entry.is === 'settings') this.settle(entry, ...this.#company.who(entry.by))
    else this.#company.apply(entry)
  }

  #carried(link: Link | undefined): void {
    if (!link) {
      if (this.#state !== 'connected') return
      this.#state = 'reconnecting'
      this.emit('reconnecting')
      return
    }
    if (this.#channelOnly && link.kind !== 'webrtc') return
    const before = this.#transport
    this.#transport = link.kind
    if (this.#state === 'reconnecting') {
      this.#state = 'connected'
      this.emit('reconnected')
    }
    this.#data.carried(link)
    if (link.kind !== before) this.emit('transportChanged', link.kind, before)
  }

  #finish(reason: string): void {
    if (this.#state === 'disconnected') return
    this.#state = 'disconnected'
    this.#entrance.close()
    this.#company.viewing.close()
    this.#ladder?.stop()
    const left = new ParlorError(reason, 'the room was left')
    this.#session?.end(left)
    this.#data.end(left)
    this.#files.end(left)
    this.#connection.stop()
    this.#channels.close()
    this.#media?.close()
    this.emit('disconnected', reason)
  }
}
