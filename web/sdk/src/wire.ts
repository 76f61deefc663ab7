// The session protocol (docs/protocol.md): what is sent, and what may come.

export type Kind = 'audio' | 'video'
export type Source = 'microphone' | 'camera' | 'screen' | 'screen_audio' | 'other'

export interface Grant {
  publish: boolean
  subscribe: boolean
  data: boolean
  admin: boolean
}

export interface Limits {
  /** Largest data of a message, in bytes of UTF-8 JSON. */
  messageBytes: number
  messagesPerSecond: number
  messageBurst: number
  bytesPerSecond: number
  byteBurst: number
  /** Most m-lines an offer may have. */
  mediaLines: number
}

export interface TrackInfo {
  id: string
  kind: Kind
  source: Source
  muted: boolean
}

export interface ParticipantInfo {
  id: string
  identity: string
  name: string
  metadata: string
  tracks: TrackInfo[]
}

/** What a sending m-line of an offer is. */
export interface Sending {
  mid: string
  source: Source
  muted: boolean
}

export interface SlotInfo {
  mid: string
  kind: Kind
  track?: string
  participant?: string
  after?: number
}

export type ClientMessage =
  | {
      t: 'join'
      room: string
      name?: string
      token?: string
      create?: boolean
      resume?: { sid: string; rt: string }
      attempt?: string
      offer?: string
      tracks?: Sending[]
    }
  | { t: 'resume'; sid: string; rt: string }
  | { t: 'leave'; return?: boolean }
  | { t: 'offer'; id: number; sdp: string; fresh?: boolean; tracks: Sending[] }
  | { t: 'slotted'; rev: number }
  | { t: 'publish'; mid: string; source: Source; muted: boolean }
  | { t: 'unpublish'; mid: string }
  | { t: 'attach'; gen: number; epoch: string; position: number }
  | { t: 'ack'; position: number }
  | { t: 'ping'; id: number }

export interface Joined {
  t: 'joined'
  room: string
  sid: string
  rt: string
  epoch: string
  position: number
  you: { id: string; identity: string; name: string; metadata: string }
  grant: Grant
  participants: ParticipantInfo[]
  answer?: string
  rev?: number
  slots?: SlotInfo[]
  iceServers: RTCIceServer[]
  /** Key of the HTTP link that begins with this. */
  link?: string
  limits: Limits
}

export interface Resumed {
  t: 'resumed'
  rt: string
  peer: boolean
  here: boolean
  link?: string
  rev?: number
  slots?: SlotInfo[]
}

export interface Answer {
  t: 'answer'
  id: number
  sdp: string
  rev: number
  slots: SlotInfo[]
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
  participants: ParticipantInfo[]
}

export interface Refusal {
  t: 'error'
  re: string
  id?: number
  code: string
  message: string
  retryMs?: number
}

export type ServerMessage =
  | Joined
  | Resumed
  | Answer
  | LogFrame
  | Reset
  | Refusal
  | { t: 'closed'; code: string; message: string }
  | { t: 'slots'; rev: number; slots: SlotInfo[] }
  | { t: 'attached'; gen: number; n: number }
  | { t: 'pong'; id: number }
  | { t: 'beat' }

export type Entry =
  | { o: number; is: 'message'; from: string; type: string; data: unknown; at: number; direct: boolean }
  | { o: number; is: 'ok'; n: number }
  | { o: number; is: 'refused'; n: number; code: string; message: string }
  | { o: number; is: 'joined'; participant: ParticipantInfo }
  | { o: number; is: 'left'; id: string; reason: string }
  | { o: number; is: 'published'; id: string; track: TrackInfo }
  | { o: number; is: 'unpublished'; id: string; track: string }
  | { o: number; is: 'muted'; id: string; track: string; muted: boolean }
  | { o: number; is: 'unknown' }
