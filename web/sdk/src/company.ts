import { ParlorError } from './errors'
import type { Media } from './media'
import type { RoomEvents } from './options'
import type { Anyone, LocalParticipant, Participant } from './participant'
import { Qualities } from './qualities'
import { Roster } from './roster'
import type { Playback } from './sink'
import { Speakers } from './speakers'
import type { LocalTrack, RemoteTrack } from './track'
import { Viewing } from './viewing'
import type { ClientMessage, Entry, ParticipantInfo } from './wire'

export interface CompanyEvents {
  emit<K extends keyof RoomEvents>(event: K, ...args: RoomEvents[K]): void
  send(message: ClientMessage): boolean
  me(): LocalParticipant
  admin(): boolean
  /** We may administer the room from now on. */
  appointed(): void
  media(): Media | undefined
}

/** Who is in the room, and what is known of them and wished from them: who speaks, whose connection is poor, what is looked at. */
export class Company {
  readonly #events: CompanyEvents
  readonly #roster: Roster
  readonly viewing: Viewing
  readonly speakers: Speakers
  readonly qualities: Qualities

  constructor(playback: Playback, autoSubscribe: boolean, events: CompanyEvents) {
    this.#events = events
    const { emit } = events
    this.viewing = new Viewing(autoSubscribe, {
      tracks: () => this.#roster.tracks(),
      send: (message) => events.send(message),
      need: (need) => events.media()?.need(need),
    })
    const find = (id: string) => this.#anyone(id)
    this.speakers = new Speakers({ find, changed: (speakers) => emit('activeSpeakersChanged', speakers) })
    this.qualities = new Qualities({
      find,
      changed: (p) => emit('connectionQualityChanged', p.connectionQuality, p),
    })
    this.#roster = this.#newRoster(playback)
  }

  get participants(): ReadonlyMap<string, Participant> {
    return this.#roster.participants
  }

  find(trackId: string): { track: RemoteTrack; participant: Participant } | undefined {
    return this.#roster.find(trackId)
  }

  /** Who sent a message. */
  sender(id: string): Participant {
    return this.#roster.sender(id)
  }

  /** Who did something, ourselves among them; nobody if it is not known. */
  who(id: string | undefined): [Anyone?] {
    if (id === undefined) return []
    return [this.#anyone(id) ?? this.sender(id)]
  }

  apply(entry: Entry): void {
    this.#roster.apply(entry)
    this.#changed()
  }

  /** The room as it is now. */
  sync(participants: readonly ParticipantInfo[]): void {
    this.#roster.me = this.#events.me().id
    this.#roster.sync(participants)
    this.#changed()
  }

  muted(track: RemoteTrack | LocalTrack, participant: Anyone, by?: Participant): void {
    const event = track.muted ? 'trackMuted' : 'trackUnmuted'
    if (by) this.#events.emit(event, track, participant, by)
    else this.#events.emit(event, track, participant)
  }

  /** A track plays in a slot. */
  subscribed(track: RemoteTrack, participant: Participant): void {
    if (track.tell(true)) this.#events.emit('trackSubscribed', track, participant)
  }

  /**
   * It does not any more. That what is attached is out of sight for a while is no news: pages take elements away when they hear
   * of it, and then it could never be seen again.
   */
  unsubscribed(track: RemoteTrack, participant: Participant): void {
    const [attached] = track.elements
    if (attached && track.wish !== false && participant.tracks.get(track.id) === track) return
    if (track.tell(false)) this.#events.emit('trackUnsubscribed', track, participant)
  }

  #changed(): void {
    this.viewing.changed()
    this.speakers.look()
    this.qualities.look()
  }

  #anyone(id: string): Anyone | undefined {
    const me = this.#events.me()
    return id === me.id ? me : this.#roster.participants.get(id)
  }

  #newRoster(playback: Playback): Roster {
    const { emit, media, admin, send } = this.#events
    const mute = (participant: string, track: string, muted: boolean) => {
      if (!admin()) throw new ParlorError('not_allowed', 'you may not mute others')
      send({ t: 'mute', participant, track, muted })
    }
    return new Roster(
      { playback, watcher: this.viewing, mute },
      {
        connected: (p) => emit('participantConnected', p),
        disconnected: (p, reason) => {
          this.qualities.left(p.id)
          emit('participantDisconnected', p, reason)
        },
        published: (track, p) => {
          emit('trackPublished', track, p)
          media()?.published(track.id)
        },
        unpublished: (track, p) => {
          media()?.unpublished(track.id)
          this.unsubscribed(track, p)
          this.viewing.unpublished(track)
          track.detach()
          emit('trackUnpublished', track, p)
        },
        muted: (track, p, by) => this.muted(track, p, by),
        appointed: (p) => emit('adminChanged', p),
        own: {
          appointed: () => this.#events.appointed(),
          published: (track) => media()?.publications.named(track),
          unpublished: (id) => media()?.publications.unnamed(id),
          muted: (id, by) => media()?.publications.mutedBy(id, by),
        },
      },
    )
  }
}
