import { type ConnectionStats, connectionStats } from './connectionstats'
import { Negotiation } from './negotiation'
import type { Coding } from './codecs'
import type { ParlorError } from './errors'
import type { Participant } from './participant'
import { Path } from './path'
import { Peer } from './peer'
import { Pool } from './pool'
import { Publications, type PublicationEvents } from './publications'
import { Renewal } from './renewal'
import { Repair } from './repair'
import { Slots } from './slots'
import type { RemoteTrack } from './track'
import type {
  Answer,
  ClientMessage,
  Grant,
  Joined,
  Kind,
  Limits,
  Refusal,
  Resumed,
  Sending,
  SlotInfo,
} from './wire'

/** `none`: this browser has no WebRTC. */
export type MediaState = 'none' | 'connecting' | 'connected' | 'failed'

export interface MediaEvents {
  send(message: ClientMessage): boolean
  state(state: MediaState): void
  /** The reliable data channel is open. */
  channel(channel: RTCDataChannel): void
  /** The lossy one is. */
  lossy(channel: RTCDataChannel): void
  /** The PeerConnection of the last channel is gone. */
  channelClosed(): void
  /** Makes the server say something on the data channel, if it can be asked. `broke`: media had been flowing until then. */
  ask(broke: boolean): boolean
  /** The path that the data channel shares is dead. */
  silent(): void
  find(trackId: string): { track: RemoteTrack; participant: Participant } | undefined
  subscribed(track: RemoteTrack, participant: Participant): void
  unsubscribed(track: RemoteTrack, participant: Participant): void
  /** Our connection is too slow for it, or not any more. */
  paused(track: RemoteTrack, participant: Participant): void
}

export type LocalEvents = Pick<PublicationEvents, 'published' | 'muted' | 'refused'>

/**
 * The media side of a session: one PeerConnection at a time, kept alive. It restarts ICE when the path is lost, makes
 * a new PeerConnection when that does not help or the server lost its own, and has as many slots as the page needs.
 */
export class Media {
  readonly #events: MediaEvents
  readonly #coding: Coding
  readonly #negotiation: Negotiation
  readonly #slots: Slots
  readonly publications: Publications
  #peer: Peer | undefined
  #iceServers: RTCIceServer[] = []
  #limits: Limits | undefined
  #grant: Grant | undefined
  #state: MediaState = 'connecting'
  #closed = false
  #narrow = false
  #restarting: Promise<void> | undefined

  readonly #pool = new Pool({
    lines: () => {
      if (!this.#peer || !this.#limits || this.#grant?.subscribe === false) return undefined
      return this.#limits.mediaLines - this.#peer.lines.length - 1
    },
    resized: () => void this.#negotiation.run((peer) => this.#fit(peer)).catch(() => undefined),
  })

  /** Slots that came while their answer was still being put in force. */
  #late: { rev: number; slots: SlotInfo[] } | undefined
  #joining = false
  readonly #repair = new Repair({
    state: () => this.#peer?.state,
    untried: () => this.#peer?.late ?? false,
    found: () => this.#peer?.found ?? false,
    busy: () => this.#restarting !== undefined,
    restart: () => this.#restart(),
    renew: () => this.#renew(),
    narrow: () => this.#renewNarrow(),
    failed: () => this.#setState('failed'),
  })
  readonly #renewal = new Renewal(() => void this.#renew())
  readonly #path = new Path({
    stats: () => (this.#flows ? this.#peer?.stats() : undefined),
    ask: (broke) => this.#events.ask(broke),
    lost: () => {
      this.#setState('connecting')
      this.#events.silent()
      this.#repair.silent()
    },
    back: () => {
      if (this.#peer?.state === 'connected') this.#connected()
    },
    udp: () => this.#peer?.udpServers(this.#iceServers) ?? [],
    better: () => void this.#restart().catch(() => undefined),
  })

  constructor(coding: Coding, events: MediaEvents, local: LocalEvents) {
    this.#coding = coding
    this.#events = events
    this.#negotiation = new Negotiation({
      send: events.send,
      peer: () => this.#peer,
      sending: (peer) => this.publications.sending(peer),
      settled: (peer, answer) => this.#settled(peer, answer.rev, answer.slots),
    })
    this.#slots = new Slots({
      receiver: (mid) => this.#peer?.receiver(mid),
      find: events.find,
      confirm: (rev) => events.send({ t: 'slotted', rev }),
      subscribed: events.subscribed,
      unsubscribed: events.unsubscribed,
      paused: events.paused,
    })
    this.publications = new Publications(coding, {
      send: events.send,
      peer: () => this.#peer,
      negotiate: (change) => this.#negotiation.run(change),
      mediaLines: () => this.#limits?.mediaLines ?? 0,
      mayPublish: (source) => {
        const { publish, sources } = this.#grant ?? { publish: true }
        return publish && (sources?.includes(source) ?? true)
      },
      ...local,
    })
  }

  get state(): MediaState {
    return this.#state
  }

  get offers(): number {
    return this.#negotiation.offers
  }

  /** What plays in which m-line. */
  playing(): { mid: string; track: RemoteTrack; participant: Participant }[] {
    return this.#slots.playing()
  }

  stats(): Promise<RTCStatsReport> | undefined {
    return this.#peer?.stats()
  }

  async connectionStats(): Promise<ConnectionStats | undefined> {
    const report = await this.#peer?.stats()
    return report && connectionStats(report, performance.now())
  }

  /** The offer for a join. A session that is new has no PeerConnection of ours. */
  async joinOffer(): Promise<{ offer: string; tracks: Sending[] }> {
    this.#negotiation.setUp(false)
    if (!this.#peer || this.#peer.accepted) this.#replace()
    const peer = this.#current()
    const offer = await peer.offer()
    this.#negotiation.offers++
    return { offer, tracks: this.publications.sending(peer) }
  }

  joined(joined: Joined): void {
    this.#limits = joined.limits
    this.#grant = joined.grant
    this.#useServers(joined.iceServers)
    if (joined.answer === undefined) {
      this.#signallingUp()
      void this.#renew()
      return
    }
    const peer = this.#current()
    this.#joining = true
    peer.accept(joined.answer).then(
      () => {
        this.#joining = false
        if (peer !== this.#peer) return
        this.#settled(peer, joined.rev ?? 0, joined.slots ?? [])
        this.#signallingUp()
      },
      () => {
        this.#joining = false
        this.#signallingUp()
        void this.#renew()
      },
    )
  }

  resumed(resumed: Resumed): void {
    if (this.#closed) return
    if (resumed.iceServers) this.#useServers(resumed.iceServers)
    if (!resumed.peer && this.#peer?.accepted) this.#replace()
    if (this.#peer?.accepted && resumed.slots) this.#slots.apply(resumed.rev ?? 0, resumed.slots)
    const waiting = this.#negotiation.asking
    this.#signallingUp()
    // An offer that waits for its turn makes the new PeerConnection known just as well.
    if (!this.#peer?.accepted && !waiting) void this.#offer()
    else this.publications.tellAll()
  }

  /** The WebSocket is gone for now. */
  interrupted(): void {
    this.#negotiation.setUp(false)
  }

  answered(answer: Answer): void {
    if (answer.iceServers) this.#useServers(answer.iceServers)
    this.#negotiation.answered(answer)
  }

  refused(refusal: Refusal): void {
    if (refusal.re === 'offer') this.#negotiation.refused(refusal)
    else if (refusal.re === 'publish' || refusal.re === 'unpublish') this.publications.refused(refusal)
  }

  slots(rev: number, slots: SlotInfo[]): void {
    if (this.#joining || this.#negotiation.settling) this.#late = { rev, slots }
    else if (this.#peer?.accepted) this.#slots.apply(rev, slots)
  }

  published(trackId: string): void {
    this.#slots.published(trackId)
  }

  unpublished(trackId: string): void {
    this.#slots.unpublished(trackId)
  }

  /** So many tracks of the others are to be shown. */
  need(need: Record<Kind, number>): void {
    if (!this.#closed) this.#pool.need(need)
  }

  /** The data channel ended. */
  channelLost(): void {
    this.#renewal.lost(this.#peer)
  }

  /** The server takes no media of ours: the room goes on without. */
  giveUp(why: ParlorError): void {
    this.publications.giveUp(why)
    this.close()
    this.#setState('failed')
  }

  close(): void {
    this.#closed = true
    this.#path.close()
    this.#repair.cancel()
    this.#renewal.cancel()
    this.#pool.close()
    this.#negotiation.close()
    this.publications.close()
    this.#slots.clear()
    this.#peer?.close()
    this.#peer = undefined
  }

  #useServers(iceServers: RTCIceServer[]): void {
    this.#iceServers = iceServers
    this.#peer?.configure(iceServers)
  }

  #current(): Peer {
    return this.#peer ?? this.#replace()
  }

  #replace(): Peer {
    this.#repair.cancel()
    const former = this.#peer
    this.#slots.clear()
    this.#late = undefined
    const peer = new Peer(
      { coding: this.#coding, iceServers: this.#iceServers, narrow: this.#narrow },
      {
        found: (p) => {
          if (p === this.#peer && p.state !== 'connected') this.#repair.found()
        },
        state: (p, state) => {
          if (p === this.#peer) this.#stateChanged(state)
        },
        channel: (p, channel) => {
          if (p !== this.#peer) return
          this.#renewal.opened(p)
          this.#events.channel(channel)
        },
        lossy: (p, channel) => {
          if (p === this.#peer) this.#events.lossy(channel)
        },
      },
    )
    this.#peer = peer
    former?.close()
    if (former) this.#events.channelClosed()
    this.#renewal.cancel()
    this.publications.addLines(peer)
    this.#fit(peer)
    return peer
  }

  #signallingUp(): void {
    this.#negotiation.setUp(true)
    this.#pool.grow()
  }

  #settled(peer: Peer, rev: number, slots: SlotInfo[]): void {
    if (peer !== this.#peer) return
    this.#slots.apply(rev, slots)
    const late = this.#late
    this.#late = undefined
    if (late) this.#slots.apply(late.rev, late.slots)
    this.publications.tellAll()
    if (peer.state !== 'connected') this.#repair.await()
  }

  /** Gives the PeerConnection as many slots as there should be. */
  #fit(peer: Peer): void {
    const playing = this.#slots.playing()
    for (const kind of ['audio', 'video'] as const) {
      const missing = this.#pool.size[kind] - peer.slots(kind)
      if (missing > 0) peer.addSlots(kind, missing)
      else if (missing < 0) peer.dropSlots(kind, -missing, (mid) => playing.some((p) => p.mid === mid))
    }
  }

  #stateChanged(state: RTCPeerConnectionState): void {
    if (state === 'connected') this.#connected()
    else if (state === 'failed') {
      this.#narrow = false
      this.#setState('failed')
      this.#repair.lost()
    } else if (state === 'disconnected') {
      this.#setState('connecting')
      this.#repair.interrupted()
    } else if (state !== 'closed' && this.#state !== 'failed') this.#setState('connecting')
  }

  #connected(): void {
    this.#repair.connected()
    this.#setState('connected')
  }

  /** Whether media is on its way, either way. */
  get #flows(): boolean {
    const peer = this.#peer
    if (!peer?.accepted || (peer.state !== 'connected' && peer.state !== 'disconnected')) return false
    return this.#slots.playing().length > 0 || this.publications.sending(peer).some((line) => !line.muted)
  }

  #setState(state: MediaState): void {
    if (this.#state === state) return
    this.#state = state
    this.#events.state(state)
  }

  /** Finds another path, once: whoever asks meanwhile waits for the same. */
  #restart(): Promise<void> {
    this.#restarting ??= this.#negotiation
      .run((peer) => peer.restartIce())
      .finally(() => (this.#restarting = undefined))
    return this.#restarting
  }

  async #renewNarrow(): Promise<void> {
    if (this.#narrow) return this.#repair.again()
    this.#narrow = true
    await this.#renew()
  }

  /** Goes on with a new PeerConnection. */
  async #renew(): Promise<void> {
    if (this.#closed) return
    this.#replace()
    await this.#offer()
  }

  async #offer(): Promise<void> {
    try {
      await this.#negotiation.run(() => undefined)
    } catch {
      if (this.#closed) return
      this.#setState('failed')
      this.#repair.again()
    }
  }
}
