import { Participant, type Mute } from './participant'
import type { Playback } from './sink'
import { RemoteTrack, type Watcher } from './track'
import type { Entry, ParticipantInfo, TrackInfo } from './wire'

export interface RosterEvents {
  connected(participant: Participant): void
  disconnected(participant: Participant, reason: string): void
  published(track: RemoteTrack, participant: Participant): void
  unpublished(track: RemoteTrack, participant: Participant): void
  /** `by` is who did it, if not its publisher. */
  muted(track: RemoteTrack, participant: Participant, by?: Participant): void
  /** They may administer the room from now on. */
  appointed(participant: Participant): void
  /** The log tells of ourselves, and of tracks of our own. */
  own: {
    appointed(): void
    published(track: TrackInfo): void
    unpublished(trackId: string): void
    /** Not by us. */
    muted(trackId: string, by: Participant): void
  }
}

/** What participants and tracks need that are made here. */
export interface Surroundings {
  playback: Playback
  watcher: Watcher
  mute: Mute
}

const remembered = 200

/** Who is in the room besides us, and what they publish, as the log tells. */
export class Roster {
  readonly #events: RosterEvents
  readonly #around: Surroundings
  readonly #participants = new Map<string, Participant>()
  /** The last who left: a message of theirs may still be named. */
  readonly #gone = new Map<string, Participant>()
  /** Our own id: what the log tells about us is no news. */
  me = ''

  constructor(around: Surroundings, events: RosterEvents) {
    this.#around = around
    this.#events = events
  }

  get participants(): ReadonlyMap<string, Participant> {
    return this.#participants
  }

  find(trackId: string): { track: RemoteTrack; participant: Participant } | undefined {
    for (const participant of this.#participants.values()) {
      const track = participant.tracks.get(trackId)
      if (track) return { track, participant }
    }
    return undefined
  }

  /** Who sent a message; somebody we never saw is a stranger without a name. */
  sender(id: string): Participant {
    return (
      this.#participants.get(id) ??
      this.#gone.get(id) ??
      new Participant({ id, identity: '', name: '', metadata: '', admin: false })
    )
  }

  /** All that is published. */
  *tracks(): Iterable<RemoteTrack> {
    for (const { tracks } of this.#participants.values()) yield* tracks.values()
  }

  apply(entry: Entry): void {
    if ('id' in entry && entry.id === this.me) {
      this.#applyOwn(entry)
      return
    }
    switch (entry.is) {
      case 'joined':
        this.#join(entry.participant)
        break
      case 'left':
        this.#leave(entry.id, entry.reason)
        break
      case 'published': {
        const participant = this.#participants.get(entry.id)
        if (participant) this.#publish(participant, entry.track)
        break
      }
      case 'unpublished': {
        const participant = this.#participants.get(entry.id)
        if (participant) this.#unpublish(participant, entry.track)
        break
      }
      case 'muted': {
        const participant = this.#participants.get(entry.id)
        const track = participant?.tracks.get(entry.track)
        const by = entry.by === undefined ? undefined : this.sender(entry.by)
        if (participant && track?.setMuted(entry.muted)) this.#events.muted(track, participant, by)
        break
      }
      case 'appointed': {
        const participant = this.#participants.get(entry.id)
        if (participant?.appoint()) this.#events.appointed(participant)
        break
      }
      case 'restarted':
        // The server was, and everybody publishes anew.
        for (const participant of this.#participants.values())
          for (const id of [...participant.tracks.keys()]) this.#unpublish(participant, id)
        break
    }
  }

  /** The room as it is now: what differs from what we know is told as if it had just happened. */
  sync(list: readonly ParticipantInfo[]): void {
    const now = new Map(list.map((info) => [info.id, info]))
    for (const id of [...this.#participants.keys()]) if (!now.has(id)) this.#leave(id, 'reset')
    for (const info of list) this.#join(info)
  }

  /** We know what we do, but not what it is called. */
  #applyOwn(entry: Entry): void {
    const { own } = this.#events
    if (entry.is === 'appointed') own.appointed()
    else if (entry.is === 'published') own.published(entry.track)
    else if (entry.is === 'unpublished') own.unpublished(entry.track)
    else if (entry.is === 'muted' && entry.muted && entry.by !== undefined && entry.by !== this.me)
      own.muted(entry.track, this.sender(entry.by))
  }

  #join(info: ParticipantInfo): void {
    if (info.id === this.me) {
      for (const track of info.tracks) this.#events.own.published(track)
      return
    }
    const known = this.#participants.get(info.id)
    if (!known) {
      const participant = new Participant(info, this.#around.mute)
      this.#gone.delete(info.id)
      this.#participants.set(info.id, participant)
      this.#events.connected(participant)
      for (const track of info.tracks) this.#publish(participant, track)
      return
    }
    known.update(info)
    const tracks = new Set(info.tracks.map((t) => t.id))
    for (const id of [...known.tracks.keys()]) if (!tracks.has(id)) this.#unpublish(known, id)
    for (const track of info.tracks) this.#publish(known, track)
  }

  #leave(id: string, reason: string): void {
    const participant = this.#participants.get(id)
    if (!participant) return
    for (const track of [...participant.tracks.keys()]) this.#unpublish(participant, track)
    this.#participants.delete(id)
    this.#gone.set(id, participant)
    for (const old of this.#gone.keys()) {
      if (this.#gone.size <= remembered) break
      this.#gone.delete(old)
    }
    this.#events.disconnected(participant, reason)
  }

  #publish(participant: Participant, info: TrackInfo): void {
    const known = participant.tracks.get(info.id)
    if (known && known.source === info.source) {
      if (known.setMuted(info.muted)) this.#events.muted(known, participant)
      return
    }
    if (known) this.#unpublish(participant, info.id)
    const { id, kind, source, muted } = info
    const track = new RemoteTrack(id, kind, source, muted, this.#around.playback, this.#around.watcher)
    participant.mutableTracks.set(info.id, track)
    this.#events.published(track, participant)
  }

  #unpublish(participant: Participant, id: string): void {
    const track = participant.tracks.get(id)
    if (!track) return
    participant.mutableTracks.delete(id)
    this.#events.unpublished(track, participant)
  }
}
