import type { VideoCodec } from './codecs'
import type { ParlorError } from './errors'
import type { MediaState } from './media'
import type { Anyone, ConnectionQuality, LocalParticipant, Participant } from './participant'
import type { UnconfirmedMessage } from './session'
import type { LocalTrack, RemoteTrack } from './track'
import type { Transport } from './transport'
import type { Waiting } from './wire'

/** `reconnecting`: nothing gets through, and it is tried. `disconnected`: it is over. */
export type ConnectionState = 'connected' | 'reconnecting' | 'disconnected'

/** What is known of a message besides what it says. */
export interface MessageMeta {
  /** The message's number in the room's one order; 0 for a lossy message, which has none. */
  offset: number
  /** For a lossy message, when it came. */
  sentAt: Date
  /** It was sent with `to`. */
  direct: boolean
  lossy: boolean
}

/** Where one goes, as whom, and what with. */
export interface JoinOptions {
  /** The room’s name. */
  room: string
  /** The server, as http(s) or ws(s) address; default: where the SDK came from. */
  url?: string
  /** For the others to read. It is needed unless the token has one, which counts more. */
  name?: string
  /** What your service minted for this visitor; a server in development mode wants none. */
  token?: string
  /** To see and hear only: nothing can be published, and others see `isWatching`. For broadcasts with hundreds who watch. */
  watch?: boolean
  /** False: a room that does not exist is an error. Default true. */
  create?: boolean
  /** Called when the room does not exist, besides the rejection with code `room_not_found`. */
  roomNotFoundCallback?: () => void
  /**
   * Microphone to publish at once. If it cannot be opened, joinRoom rejects before anybody saw you. A track that is given
   * belongs to the room once it is joined: it is stopped with it.
   */
  audio?: boolean | MediaStreamTrack
  /** Camera to publish at once, likewise. */
  video?: boolean | MediaStreamTrack
  /**
   * What may carry messages; default all. The fastest that answers does. With `webrtc` alone, messages wait until the data
   * channel is there, and anything may carry signalling.
   */
  transports?: Transport[]
  /** Codec to send video in, if the browser has it; default vp8. */
  videoCodec?: VideoCodec
  /**
   * With `videoCodec` vp9 or av1: sends cameras and other pictures as one stream with three sizes in it (SVC, L3T3_KEY) instead of
   * three streams; screens as ever. It takes less line, and more of the processor. Where the browser cannot, or with another codec, it
   * changes nothing. Default false.
   */
  svc?: boolean
  /**
   * Sends with each packet of sound the one before it once more (RED), where browser and server can: for lines that lose some, at
   * twice the bits. What is lost on its way is sent again in any case, and Opus has its own remedy for single losses. Default false.
   */
  audioRedundancy?: boolean
  /**
   * Whether pictures that were never attached are sent too, in a size that nobody knows and behind all that are seen, so that
   * `trackSubscribed` can attach them. Default true. With false only what is attached and can be seen is sent, and what
   * `setSubscribed(true)` asks for: for pages that attach what is published, and not all of it at once.
   */
  autoSubscribe?: boolean
  /** As the event `message`, from the first one on. */
  onMessage?: (type: string, data: unknown, from: Participant, meta: MessageMeta) => void
  /**
   * Called while somebody has to let us in, and again whenever it changes whether anybody is there who could (`attended`). joinRoom goes on
   * to wait, until it resolves, rejects with `denied`, or `signal` ends it. Likewise when a connection was lost for so long that we are new.
   */
  onWaiting?: (attended: boolean) => void
  /** Ends the attempt to join. */
  signal?: AbortSignal
}

/** To whom a message goes, and how. */
export interface SendOptions {
  /** Only for these participants, by id. */
  to?: string | readonly string[]
  /**
   * Unordered and unreliable, for cursors and pointers: only the latest of each type and key counts, and others get it at most
   * 30 times a second. What is promised: in the end they have the last one, whatever becomes of links meanwhile; whoever comes
   * later gets it too, until we leave. The same one may come more than once, an older one behind a newer, and any but the last
   * not at all. Beyond 64 keys the oldest is dropped. Resolves at once, with offset 0.
   */
  lossy?: boolean
  /** What the lossy message is about; of each key the latest counts. */
  key?: string
}

/** What a room tells, and what each listener is given. */
export interface RoomEvents {
  /** Somebody came. */
  participantConnected: [participant: Participant]
  /** Reasons: `left`, `lost`, `removed`, `replaced`, or `reset`: gone when we came back. */
  participantDisconnected: [participant: Participant, reason: string]
  /** Somebody publishes a track; it plays once it is subscribed. */
  trackPublished: [track: RemoteTrack, participant: Participant]
  /** It is not published any more. */
  trackUnpublished: [track: RemoteTrack, participant: Participant]
  /** The server shows us a track: it plays wherever it is attached. */
  trackSubscribed: [track: RemoteTrack, participant: Participant]
  /**
   * It is not sent to us any more, because it is not published any more, is attached nowhere, or setSubscribed(false) said so. What
   * is attached stays subscribed while it is out of sight, and plays again when it is seen.
   */
  trackUnsubscribed: [track: RemoteTrack, participant: Participant]
  /** Our connection is too slow for this picture, which stands still; or not any more. See RemoteTrack.paused. */
  trackPaused: [track: RemoteTrack, participant: Participant]
  /** There is room for it again. */
  trackResumed: [track: RemoteTrack, participant: Participant]
  /** `by`: it was not its publisher who muted it. A track of our own that somebody mutes is muted as by setMicrophoneEnabled(false). */
  trackMuted: [track: RemoteTrack | LocalTrack, participant: Anyone, by?: Participant]
  /** Something of it is sent again. */
  trackUnmuted: [track: RemoteTrack | LocalTrack, participant: Anyone, by?: Participant]
  /** We publish a track. */
  localTrackPublished: [track: LocalTrack, participant: LocalParticipant]
  /** We do not publish it any more. */
  localTrackUnpublished: [track: LocalTrack, participant: LocalParticipant]
  /** The server would not take a track of ours: nobody saw it, and it is unpublished. */
  publishRefused: [track: LocalTrack, error: ParlorError]
  /** Loudest first, ourselves among them. */
  activeSpeakersChanged: [speakers: Anyone[]]
  /** The server sees somebody’s connection, or ours, become better or worse. */
  connectionQualityChanged: [quality: ConnectionQuality, participant: Anyone]
  /** The room takes nobody new from now on, or does again. `by` did it, if it is known. */
  lockedChanged: [locked: boolean, by?: Anyone]
  /** Whoever is new waits to be let in from now on, or does not any more. */
  lobbyChanged: [lobby: boolean, by?: Anyone]
  /** Who waits to be let in; told to those who may administer the room. */
  waitingChanged: [waiting: readonly Waiting[]]
  /** Somebody may administer the room from now on: its last host has gone. It may be ourselves; see `room.grant`. */
  adminChanged: [participant: Anyone]
  /** Somebody sent a message to everybody or to us. Messages come in the room’s order, lossy ones in between. */
  message: [type: string, data: unknown, from: Participant, meta: MessageMeta]
  /** A key of the room's state has changed: undefined if it is gone. See StateListener. */
  stateChanged: [key: string, value: unknown, by: string, offset: number]
  /** bufferedBytes fell to 64 KiB or less, and when it falls to 0. */
  drain: []
  /** Messages take another way now; none is lost by it. */
  transportChanged: [now: Transport, before: Transport]
  /** Media go through, or do not (yet). Messages do not depend on it. */
  mediaStateChanged: [state: MediaState]
  /** Nothing carries messages at the moment; what is sent waits. */
  reconnecting: []
  /** Messages get through again, and none was lost. */
  reconnected: []
  /** Messages were missed and cannot be had any more; the room is as it is now. Of `unconfirmed` it is not known whether they were delivered. */
  reset: [reason: string, unconfirmed: UnconfirmedMessage[]]
  /** It is over. Reasons: `left`, `room_closed`, `removed`, `replaced`, `denied`, or the code of what the server refused. */
  disconnected: [reason: string]
  /** The browser wants a click before it plays sound: call startAudio() from one. */
  audioBlocked: []
}
