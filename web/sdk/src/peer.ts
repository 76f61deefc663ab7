import { trim, type Coding } from './codecs'
import { encodingsOf, type Shape } from './encodings'
import { udpServers, withoutUdp } from './reach'
import type { Kind } from './wire'

/** An m-line on which we send. It stays for the life of the PeerConnection; what it carries changes without an offer. */
export interface Line {
  readonly kind: Kind
  readonly transceiver: RTCRtpTransceiver
}

export interface PeerEvents {
  state(peer: Peer, state: RTCPeerConnectionState): void
  /** A way to the server was found; whether anything else than checks gets through is not known yet. */
  found(peer: Peer): void
  /** The reliable data channel is open. */
  channel(peer: Peer, channel: RTCDataChannel): void
  /** The lossy one is. */
  lossy(peer: Peer, channel: RTCDataChannel): void
}

export interface PeerOptions {
  coding: Coding
  iceServers: RTCIceServer[]
  /** Does without UDP: large packets get lost on the way. */
  narrow: boolean
}

/** One RTCPeerConnection: lines we send on, a pool of slots we receive in, two data channels. */
export class Peer {
  readonly #pc: RTCPeerConnection
  readonly #coding: Coding
  readonly #narrow: boolean
  readonly #lines: Line[] = []
  /** The pool, in the order in which slots were added. */
  readonly #slots: Record<Kind, RTCRtpTransceiver[]> = { audio: [], video: [] }
  #answer: string | undefined
  /** Whether a way was ever looked for with TURN servers, and whether there are any. */
  #relayed: boolean
  #relays: boolean

  constructor(options: PeerOptions, events: PeerEvents) {
    this.#coding = options.coding
    this.#narrow = options.narrow
    this.#relays = this.#relayed = options.iceServers.length > 0
    this.#pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers: options.iceServers })
    this.#pc.onconnectionstatechange = () => events.state(this, this.#pc.connectionState)
    this.#pc.oniceconnectionstatechange = () => {
      if (this.found) events.found(this)
    }
    const reliable = this.#pc.createDataChannel('reliable', { negotiated: true, id: 0 })
    reliable.onopen = () => events.channel(this, reliable)
    const unordered = { negotiated: true, id: 1, ordered: false, maxRetransmits: 0 }
    const lossy = this.#pc.createDataChannel('lossy', unordered)
    lossy.onopen = () => events.lossy(this, lossy)
  }

  /** Uses these TURN servers, from the next time on that ways to the server are looked for: the next restart of ICE. */
  configure(iceServers: RTCIceServer[]): void {
    this.#relays = iceServers.length > 0
    try {
      this.#pc.setConfiguration({ bundlePolicy: 'max-bundle', iceServers })
    } catch {
      // A browser that does not take them has the ways it has.
    }
  }

  /** Whether there are TURN servers that were not tried. */
  get late(): boolean {
    return this.#relays && !this.#relayed
  }

  /** Whether the server has answered an offer of this PeerConnection. */
  get accepted(): boolean {
    return this.#answer !== undefined
  }

  /** TURN servers at the server's UDP addresses, if these are wanted. */
  udpServers(iceServers: readonly RTCIceServer[]): RTCIceServer[] {
    return this.#narrow ? [] : udpServers(this.#answer ?? '', iceServers)
  }

  get state(): RTCPeerConnectionState {
    return this.#pc.connectionState
  }

  /** Whether a way to the server was found, be it that nothing but checks gets through. */
  get found(): boolean {
    return ['connected', 'completed'].includes(this.#pc.iceConnectionState)
  }

  get lines(): readonly Line[] {
    return this.#lines
  }

  /** M-lines of the next offer: sending lines, slots, and the one of the data channels. */
  get mediaLines(): number {
    return this.#lines.length + this.#slots.audio.length + this.#slots.video.length + 1
  }

  slots(kind: Kind): number {
    return this.#slots[kind].length
  }

  /** Adds a line to send on; the next offer takes it along. */
  addLine(
    kind: Kind,
    media: MediaStreamTrack | null,
    rids: readonly string[],
    shapes: readonly Shape[],
    svc = false,
  ): Line {
    const add = (sendEncodings: RTCRtpEncodingParameters[]) =>
      this.#pc.addTransceiver(media ?? kind, { direction: 'sendonly', sendEncodings })
    const encodings = kind === 'video' ? encodingsOf(rids, shapes, this.#coding.codec, svc) : []
    let transceiver
    try {
      transceiver = add(encodings)
    } catch {
      // This browser knows no such layers in time.
      transceiver = add(
        encodings.map((e) => ({ ...e, scalabilityMode: undefined })) as RTCRtpEncodingParameters[],
      )
    }
    trim(transceiver, kind, this.#coding.codec, this.#coding.redundant)
    const line = { kind, transceiver }
    this.#lines.push(line)
    return line
  }

  /** Adds slots to the pool; the next offer takes them along. */
  addSlots(kind: Kind, count: number): void {
    for (let i = 0; i < count; i++) {
      const transceiver = this.#pc.addTransceiver(kind, { direction: 'recvonly' })
      trim(transceiver, kind, this.#coding.codec)
      this.#slots[kind].push(transceiver)
    }
  }

  /** Takes slots out of the pool, those that show nothing first; the next offer says so, and later ones have their m-lines again. */
  dropSlots(kind: Kind, count: number, plays: (mid: string | null) => boolean): void {
    const slots = this.#slots[kind]
    const last = [...slots].reverse()
    const going = [...last.filter((t) => !plays(t.mid)), ...last.filter((t) => plays(t.mid))].slice(0, count)
    for (const transceiver of going) transceiver.stop()
    this.#slots[kind] = slots.filter((t) => !going.includes(t))
  }

  receiver(mid: string): RTCRtpReceiver | undefined {
    return this.#pc.getTransceivers().find((t) => t.mid === mid && t.direction === 'recvonly')?.receiver
  }

  /** Makes an offer. The server needs no candidates of ours, so it is ready at once. */
  async offer(): Promise<string> {
    await this.#pc.setLocalDescription(await this.#pc.createOffer())
    return this.#pc.localDescription?.sdp ?? ''
  }

  async accept(sdp: string): Promise<void> {
    await this.#pc.setRemoteDescription({ type: 'answer', sdp: this.#narrow ? withoutUdp(sdp) : sdp })
    this.#answer = sdp
  }

  /** Takes the last offer back: the server would not have it. */
  async rollback(): Promise<void> {
    if (this.#pc.signalingState === 'have-local-offer')
      await this.#pc.setLocalDescription({ type: 'rollback' })
  }

  restartIce(): void {
    this.#relayed ||= this.#relays
    this.#pc.restartIce()
  }

  stats(): Promise<RTCStatsReport> {
    return this.#pc.getStats()
  }

  close(): void {
    this.#pc.onconnectionstatechange = this.#pc.oniceconnectionstatechange = null
    this.#pc.close()
  }
}
