import { Participant } from './participant'
import type { Playback } from './sink'
import { RemoteTrack } from './track'
import type { Entry, Kind, ParticipantInfo, TrackInfo } from './wire'

export interface RosterEvents {
  connected(participant: Participant): void
  disconnected(participant: Participant, reason: string): void
  published(track: RemoteTrack, participant: Participant): void
  unpublished(track: RemoteTrack, participant: Participant): void
  muted(track: RemoteTrack, participant: Participant): void
}

const remembered = 200

/** Who is in the room besides us, and what they publish, as the log tells. */
export class Roster {
  readonly #events: RosterEvents
  readonly #playback: Playback
  readonly #participants = new Map<string, Participant>()
  /** The last who left: a message of theirs may still be named. */
  readonly #gone = new Map<string, Participant>()
  /** Our own id: what the log tells about us is no news. */
  me = ''

  constructor(playback: Playback, events: RosterEvents) {
    this.#playback = playback
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
      new Participant({ id, identity: '', name: '', metadata: '' })
    )
  }

  count(kind: Kind): number {
    let count = 0
    for (const { tracks } of this.#participants.values())
      for (const track of tracks.values()) if (track.kind === kind) count++
    return count
  }

  apply(entry: Entry): void {
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
        if (participant && track?.setMuted(entry.muted)) this.#events.muted(track, participant)
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

  #join(info: ParticipantInfo): void {
    if (info.id === this.me) return
    const known = this.#participants.get(info.id)
    if (!known) {
      const participant = new Participant(info)
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
    const track = new RemoteTrack(info.id, info.kind, info.source, info.muted, this.#playback)
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
