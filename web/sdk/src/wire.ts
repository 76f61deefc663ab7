// The session protocol (docs/protocol.md): what is sent, and what may come.

/** Sound or picture. */
export type Kind = 'audio' | 'video'
/** What a track is of. */
export type Source = 'microphone' | 'camera' | 'screen' | 'screen_audio' | 'other'

/** How well a connection carries what it should. */
export type Quality = 'good' | 'poor' | 'lost' | 'unknown'

/** What somebody may do in a room: as the token says. */
export interface Grant {
  publish: boolean
  subscribe: boolean
  data: boolean
  admin: boolean
  /** All that may be published; missing: everything. */
  sources?: Source[]
  /** All types of messages that may be sent; missing: everything that `data` allows. See maySend(). */
  sendTypes?: string[]
  /** The prefixes of all keys of the room's state that may be changed; missing: everything that `data` allows. See mayWrite(). */
  writeState?: string[]
}

/** What the server takes at most. */
export interface Limits {
  /** Largest data of a message, in bytes of UTF-8 JSON, or of bytes as they are. */
  messageBytes: number
  /** Largest frame, whole. */
  frameBytes: number
  /** Largest data of a lossy message. */
  lossyBytes: number
  /** Longest key of the room's state, in bytes of UTF-8. */
  keyBytes: number
  /** Largest value of the room's state, in bytes of UTF-8 JSON. */
  valueBytes: number
  messagesPerSecond: number
  messageBurst: number
  bytesPerSecond: number
  byteBurst: number
  /** Most m-lines an offer may have. */
  mediaLines: number
  /** Largest file; 0: none is taken. */
  fileBytes: number
}

export interface TrackInfo {
  id: string
  kind: Kind
  source: Source
  muted: boolean
}

/** Who gets into a room. */
export interface Settings {
  /** Nobody new. */
  locked: boolean
  /** Whoever is new waits to be let in. */
  lobby: boolean
}

/** Somebody who waits to be let in. Without a token there is no identity. */
export interface Waiting {
  id: string
  identity: string
  name: string
}

export interface ParticipantInfo {
  id: string
  identity: string
  name: string
  metadata: string
  admin: boolean
  /** There to see and hear, and no more. */
  watching?: boolean
  tracks: TrackInfo[]
}

/** One of the encodings in which a picture is sent, `scale` times smaller than the whole each way. */
export interface Encoding {
  rid: string
  scale: number
}

/** How large a picture is as it is captured, and in which encodings it is sent. */
export interface Description {
  width?: number
  height?: number
  layers?: Encoding[]
}

/** What a sending m-line of an offer is. */
export interface Sending extends Description {
  mid: string
  source: Source
  muted: boolean
}

/** A picture that is looked at, and how large its place is in pixels of the screen; 0 by 0: not known. */
export interface Seen {
  id: string
  width: number
  height: number
  pin?: boolean
}

export interface SlotInfo {
  mid: string
  kind: Kind
  track?: string
  participant?: string
  after?: number
  paused?: boolean
}

export type ClientMessage =
  | {
      t: 'join'
      room: string
      name?: string
      token?: string
      create?: boolean
      resume?: { sid: string; rt: string }
      /** A random word: trying again with the same one does not make a second participant. */
      attempt?: string
      /** Over HTTP: we know that we wait, and do so for news. */
      wait?: boolean
      /** To see and hear, and no more. */
      watch?: boolean
      offer?: string
      tracks?: Sending[]
    }
  | { t: 'resume'; sid: string; rt: string }
  | { t: 'leave'; return?: boolean }
  | { t: 'offer'; id: number; sdp: string; fresh?: boolean; tracks: Sending[] }
  | { t: 'slotted'; rev: number }
  | ({ t: 'publish' } & Sending)
  | { t: 'unpublish'; mid: string }
  /** All the pictures that are looked at, best first, and what is never to be sent. */
  | { t: 'view'; tracks: Seen[]; off: string[] }
  | { t: 'mute'; participant: string; track: string; muted: boolean }
  | { t: 'remove'; participant: string }
  | { t: 'settings'; locked?: boolean; lobby?: boolean }
  | { t: 'admit' | 'deny'; knock: string }
  | { t: 'admit' | 'deny'; all: true }
  | { t: 'end' }
  | { t: 'attach'; gen: number; epoch: string; position: number; state?: number }
  | { t: 'ack'; position: number }
  | { t: 'ping'; id: number }
  | { t: 'history'; id: number; type?: string; before?: number; limit?: number }

export interface Joined {
  t: 'joined'
  room: string
  sid: string
  rt: string
  epoch: string
  position: number
  you: { id: string; identity: string; name: string; metadata: string; admin: boolean; watching?: boolean }
  grant: Grant
  participants: ParticipantInfo[]
  settings: Settings
  answer?: string
  rev?: number
  slots?: SlotInfo[]
  iceServers: RTCIceServer[]
  /** How many cells of the room's state follow. */
  state: number
  /** Types of messages that are kept for newcomers. */
  history: string[]
  /** The key of this link, if it goes over HTTP. */
  link?: string
  /** Lets us put files into the room; empty: nothing does. */
  fileKey: string
  limits: Limits
}

/** Somebody has to let us in. */
export interface Wait {
  t: 'wait'
  attempt: string
  /** Somebody is there who could. */
  attended: boolean
  /** The same join again tells what has come of it. */
  decided: boolean
}

export interface Resumed {
  t: 'resumed'
  rt: string
  peer: boolean
  here: boolean
  rev?: number
  slots?: SlotInfo[]
  /** With credentials for another while. */
  iceServers?: RTCIceServer[]
  link?: string
}

export interface Answer {
  t: 'answer'
  id: number
  sdp: string
  rev: number
  slots: SlotInfo[]
  /** With credentials for another while. */
  iceServers?: RTCIceServer[]
}

export interface LogFrame {
  t: 'log'
  after: number
  position: number
  entries: Entry[]
}

export interface Reset {
  t: 'reset'
  gen: number
  reason: string
  epoch: string
  position: number
  n: number
  /** How many cells of the room's state follow; with `since` only those that changed after the position we named. */
  state: number
  since: boolean
  participants: ParticipantInfo[]
  settings?: Settings
  grant?: Grant
}

export interface Attached {
  t: 'attached'
  gen: number
  n: number
  /** The epoch to name next time, if it is another. */
  epoch?: string
}

/** What was done to one key. */
export type Op = { key: string; del: false; value: unknown } | { key: string; del: true }

/** A key of the room's state as of a snapshot. `o` is the offset of its last change. */
export type Cell = Op & { o: number; by: string }

export interface StateFrame {
  t: 'state'
  position: number
  at: number
  of: number
  cells: Cell[]
}

/** A lossy message. */
export interface Ephemeral {
  t: 'e'
  from: string
  type: string
  key: string
  data: unknown
}

export interface Kept {
  o: number
  from: string
  name: string
  type: string
  data: unknown
  at: number
}

export interface HistoryFrame {
  t: 'history'
  id: number
  /** Oldest first. */
  entries: Kept[]
  more: boolean
}

export interface Refusal {
  t: 'error'
  re: string
  id?: number
  mid?: string
  code: string
  message: string
  retryMs?: number
}

export type ServerMessage =
  | Joined
  | Resumed
  | Wait
  | Answer
  | LogFrame
  | Reset
  | Refusal
  | { t: 'closed'; code: string; message: string }
  | { t: 'slots'; rev: number; slots: SlotInfo[] }
  /** The encodings of our m-line that somebody looks at. */
  | { t: 'layers'; mid: string; rids: string[] }
  /** Who speaks, loudest first. */
  | { t: 'speakers'; ids: string[] }
  /** How well people's connections do, as far as it changed. */
  | { t: 'quality'; of: Map<string, Quality> }
  /** Who waits to be let in. */
  | { t: 'knocks'; knocks: Waiting[] }
  | Attached
  | StateFrame
  | Ephemeral
  | HistoryFrame
  | { t: 'beat' }
  | { t: 'pong'; id: number }

export type Entry =
  | { o: number; is: 'message'; from: string; type: string; data: unknown; at: number; direct: boolean }
  | { o: number; is: 'ok'; n: number; from: string; ops: Op[] }
  | { o: number; is: 'ops'; from: string; ops: Op[]; at: number }
  | { o: number; is: 'refused'; n: number; code: string; message: string }
  | { o: number; is: 'joined'; participant: ParticipantInfo }
  | { o: number; is: 'left'; id: string; reason: string }
  | { o: number; is: 'published'; id: string; track: TrackInfo }
  | { o: number; is: 'unpublished'; id: string; track: string }
  /** `by` is who muted it, if not its publisher. */
  | { o: number; is: 'muted'; id: string; track: string; muted: boolean; by?: string }
  | ({ o: number; is: 'settings'; by?: string } & Settings)
  /** They may administer the room from now on. */
  | { o: number; is: 'appointed'; id: string }
  | { o: number; is: 'restarted' }
  | { o: number; is: 'unknown' }
