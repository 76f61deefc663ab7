export { joinRoom } from './join'
export { Room } from './room'
export type {
  ConnectionState,
  JoinOptions,
  MessageMeta,
  RoomDebug,
  RoomEvents,
  SendOptions,
  Transport,
} from './options'
export { LocalParticipant, Participant } from './participant'
export type { ConnectionQuality, DeviceOptions, PublishOptions } from './participant'
export { LocalTrack, RemoteTrack, Track } from './track'
export type { Dimensions } from './track'
export { ParlorError } from './errors'
export { mediaError } from './devices'
export type { MediaState } from './media'
export type { UnconfirmedMessage } from './session'
export { RoomState } from './state'
export type { StateChange, StateListener, StateOptions } from './state'
export type { HistoryMessage, HistoryOptions, HistoryPage } from './history'
export type { InboundStats } from './stats'
export type { VideoCodec } from './codecs'
export type { Grant, Kind, Limits, Source } from './wire'
