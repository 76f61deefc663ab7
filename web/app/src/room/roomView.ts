// What the page shows of a room, as one immutable value that changes with the SDK's events. Components read this and
// never the SDK's live objects, so that what is on screen is always of one moment.

import type { LocalParticipant, LocalTrack, Participant, RemoteTrack, Room } from '/sdk/parlor.js'
import { Store } from '../store'

export interface TrackView {
  id: string
  source: string
  muted: boolean
  // Our connection is too slow for it: the picture stands still.
  paused: boolean
  // To be attached to an element; nothing else of it is read while rendering.
  track: LocalTrack | RemoteTrack
}

export interface Person {
  id: string
  name: string
  local: boolean
  // They may moderate the room.
  admin: boolean
  speaking: boolean
  quality: string
  microphone: TrackView | undefined
  camera: TrackView | undefined
  screens: readonly TrackView[]
  // Everything of theirs that can be heard.
  audio: readonly TrackView[]
}

export interface RoomView {
  reconnecting: boolean
  transport: string
  media: string
  // Oneself first, then in the order of arrival. Others who only watch are counted: there may be hundreds.
  people: readonly Person[]
  // How many only watch, oneself among them.
  watching: number
}

const trackView = (track: LocalTrack | RemoteTrack, before: TrackView | undefined): TrackView => {
  const paused = 'paused' in track && track.paused
  return before?.track === track && before.muted === track.muted && before.paused === paused
    ? before
    : { id: track.id, source: track.source, muted: track.muted, paused, track }
}

const sameList = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i])

const personView = (
  p: Participant | LocalParticipant,
  local: boolean,
  before: Person | undefined,
): Person => {
  const known = new Map<string, TrackView>()
  for (const view of [before?.camera, ...(before?.screens ?? []), ...(before?.audio ?? [])])
    if (view !== undefined) known.set(view.id, view)
  const tracks = [...p.tracks.values()].map((track) => trackView(track, known.get(track.id)))
  const person: Person = {
    id: p.id,
    name: p.name,
    local,
    admin: p.isAdmin,
    speaking: p.isSpeaking,
    quality: p.connectionQuality,
    microphone: tracks.find((t) => t.source === 'microphone'),
    camera: tracks.find((t) => t.source === 'camera'),
    screens: tracks.filter((t) => t.source === 'screen'),
    audio: tracks.filter((t) => t.track.kind === 'audio'),
  }
  // The same person unchanged is the same value: their tile need not be drawn again.
  const same =
    before !== undefined &&
    before.name === person.name &&
    before.admin === person.admin &&
    before.speaking === person.speaking &&
    before.quality === person.quality &&
    before.microphone === person.microphone &&
    before.camera === person.camera &&
    sameList(before.screens, person.screens) &&
    sameList(before.audio, person.audio)
  return same ? before : person
}

export const viewOf = (room: Room, reconnecting: boolean, before?: RoomView): RoomView => {
  const known = new Map(before?.people.map((p) => [p.id, p]))
  const me = room.localParticipant
  const others = [...room.participants.values()].filter((p) => !p.isWatching)
  const people = [
    personView(me, true, known.get(me.id)),
    ...others.map((p) => personView(p, false, known.get(p.id))),
  ]
  return {
    reconnecting,
    transport: room.transport,
    media: room.mediaState,
    watching: room.participants.size - others.length + (me.isWatching ? 1 : 0),
    people: before !== undefined && sameList(before.people, people) ? before.people : people,
  }
}

const CHANGES = [
  'participantConnected',
  'participantDisconnected',
  'trackPublished',
  'trackUnpublished',
  'localTrackPublished',
  'localTrackUnpublished',
  'trackSubscribed',
  'trackUnsubscribed',
  'trackPaused',
  'trackResumed',
  'trackMuted',
  'trackUnmuted',
  'activeSpeakersChanged',
  'connectionQualityChanged',
  'transportChanged',
  'mediaStateChanged',
  'adminChanged',
  'reset',
] as const

// Follows a room until the returned function is called.
export const followRoom = (room: Room): { view: Store<RoomView>; end: () => void } => {
  let reconnecting = false
  const view = new Store(viewOf(room, reconnecting))
  let queued = false
  let ended = false
  // Many events come in one go when somebody joins: one look at the room is enough for all.
  const look = () => {
    if (queued) return
    queued = true
    queueMicrotask(() => {
      queued = false
      if (!ended) view.set(viewOf(room, reconnecting, view.get()))
    })
  }
  const turn = (to: boolean) => () => {
    reconnecting = to
    look()
  }
  const offs = [
    ...CHANGES.map((event) => room.on(event, look)),
    room.on('reconnecting', turn(true)),
    room.on('reconnected', turn(false)),
  ]
  return {
    view,
    end: () => {
      ended = true
      for (const off of offs) off()
    },
  }
}
