import type { RemoteTrack } from './track'
import type { Participant } from './participant'
import type { SlotInfo } from './wire'

export interface SlotEvents {
  /** The receiver behind an m-line of the current PeerConnection. */
  receiver(mid: string): RTCRtpReceiver | undefined
  /** A published track, if the log has told of it already. */
  find(trackId: string): { track: RemoteTrack; participant: Participant } | undefined
  /** Former tracks are out of sight: the server may send what this revision says. */
  confirm(rev: number): void
  subscribed(track: RemoteTrack, participant: Participant): void
  unsubscribed(track: RemoteTrack, participant: Participant): void
  /** The line does not carry it at the moment, or does again. */
  paused(track: RemoteTrack, participant: Participant): void
}

interface Shown {
  trackId: string
  after: number | undefined
  paused: boolean
  /** Set while the track plays here; not while the log has yet to tell of it. */
  bound: { track: RemoteTrack; participant: Participant } | undefined
}

/**
 * What is shown in which slot. The server's word (slots) and the log's (published, unpublished) come over different
 * links and in any order: a track plays when both have spoken.
 */
export class Slots {
  readonly #events: SlotEvents
  readonly #shown = new Map<string, Shown>()
  #rev = -1

  constructor(events: SlotEvents) {
    this.#events = events
  }

  /** The state of all slots. Older revisions than the last are late and say nothing. */
  apply(rev: number, slots: readonly SlotInfo[]): void {
    if (rev < this.#rev) return
    this.#rev = rev
    const now = new Map(slots.map((slot) => [slot.mid, slot]))
    for (const [mid, shown] of [...this.#shown]) {
      if (now.get(mid)?.track === shown.trackId) continue
      this.#shown.delete(mid)
      this.#release(shown)
    }
    this.#events.confirm(rev)
    for (const { mid, track, after, paused = false } of slots) {
      const before = this.#shown.get(mid)
      if (before) this.#pause(before, paused)
      if (track === undefined || before) continue
      const shown: Shown = { trackId: track, after, paused, bound: undefined }
      this.#shown.set(mid, shown)
      this.#bind(mid, shown)
    }
  }

  /** The log told of this track. */
  published(trackId: string): void {
    for (const [mid, shown] of this.#shown) if (shown.trackId === trackId) this.#bind(mid, shown)
  }

  /** The log took it back; its slot may follow later. */
  unpublished(trackId: string): void {
    for (const shown of this.#shown.values()) if (shown.trackId === trackId) this.#release(shown)
  }

  /** The PeerConnection is gone, and with it its slots and their revisions. */
  clear(): void {
    const all = [...this.#shown.values()]
    this.#shown.clear()
    this.#rev = -1
    for (const shown of all) this.#release(shown)
  }

  /** Which track plays in which m-line. */
  playing(): { mid: string; track: RemoteTrack; participant: Participant }[] {
    return [...this.#shown].flatMap(([mid, { bound }]) => (bound ? [{ mid, ...bound }] : []))
  }

  #bind(mid: string, shown: Shown): void {
    if (shown.bound) return
    const receiver = this.#events.receiver(mid)
    const found = this.#events.find(shown.trackId)
    if (!receiver || !found || found.track.subscribed) return
    shown.bound = found
    const { after } = shown
    found.track.bind({ media: receiver.track, receiver, ...(after === undefined ? {} : { after }) })
    found.track.setPaused(shown.paused)
    this.#events.subscribed(found.track, found.participant)
    if (shown.paused) this.#events.paused(found.track, found.participant)
  }

  #pause(shown: Shown, paused: boolean): void {
    shown.paused = paused
    if (shown.bound?.track.setPaused(paused)) this.#events.paused(shown.bound.track, shown.bound.participant)
  }

  #release(shown: Shown): void {
    const { bound } = shown
    if (!bound) return
    shown.bound = undefined
    bound.track.unbind()
    this.#events.unsubscribed(bound.track, bound.participant)
  }
}
