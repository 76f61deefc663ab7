// WebRTC as far as the SDK uses it: nothing goes anywhere, and a test says how connections and channels fare.
import { vi } from 'vitest'

export class FakeTrack extends EventTarget {
  readyState: 'live' | 'ended' = 'live'
  enabled = true
  contentHint = ''
  /** What getSettings() says of its size. */
  size: { width?: number; height?: number } = {}
  readonly kind: string

  constructor(kind: string) {
    super()
    this.kind = kind
  }

  getSettings(): MediaTrackSettings {
    return this.size
  }

  stop(): void {
    this.readyState = 'ended'
  }

  /** As the browser ends it: the user's own "stop sharing", a cable that was pulled. */
  end(): void {
    this.stop()
    this.dispatchEvent(new Event('ended'))
  }

  get asTrack(): MediaStreamTrack {
    return this as unknown as MediaStreamTrack
  }
}

export class FakeChannel {
  readyState = 'connecting'
  bufferedAmount = 0
  binaryType = ''
  onopen: (() => void) | null = null
  onmessage: ((e: { data: unknown }) => void) | null = null
  onclose: ((e: Event) => void) | null = null
  onerror: ((e: Event) => void) | null = null
  readonly sent: (string | Uint8Array)[] = []

  send(frame: string | Uint8Array): void {
    if (this.readyState !== 'open') throw new DOMException('', 'InvalidStateError')
    this.sent.push(frame)
  }

  open(): void {
    this.readyState = 'open'
    this.onopen?.()
  }

  close(): void {
    this.readyState = 'closed'
  }

  /** By the other side, or because the association under it broke. */
  break(): void {
    this.close()
    this.onclose?.(new Event('close'))
  }

  get messages(): Record<string, unknown>[] {
    return this.sent.flatMap<Record<string, unknown>>(
      (f) => JSON.parse(String(f)) as Record<string, unknown> | Record<string, unknown>[],
    )
  }

  get asChannel(): RTCDataChannel {
    return this as unknown as RTCDataChannel
  }
}

export class FakePeer {
  static all: FakePeer[] = []
  connectionState: RTCPeerConnectionState = 'new'
  iceConnectionState: RTCIceConnectionState = 'new'
  signalingState = 'stable'
  localDescription: { sdp: string } | null = null
  onconnectionstatechange: (() => void) | null = null
  oniceconnectionstatechange: (() => void) | null = null
  onicecandidate: ((e: { candidate: { candidate: string } | null }) => void) | null = null
  restarts = 0
  /** Nothing comes any more, which the browser has not noticed yet. */
  silent = false
  /** But what is asked for comes. */
  asked = false
  /** The kind of the pair of candidates in use, and what came by it. */
  route = { protocol: 'udp', candidateType: 'host' }
  received = 0
  /** The answers it was given. */
  readonly answers: string[] = []
  /** The TURN servers it was given last, at first none. */
  iceServers: RTCIceServer[] = []
  readonly channels: FakeChannel[] = []
  readonly transceivers: FakeTransceiver[] = []

  constructor(configuration?: RTCConfiguration) {
    this.iceServers = configuration?.iceServers ?? []
    FakePeer.all.push(this)
  }

  static get last(): FakePeer {
    const last = FakePeer.all.at(-1)
    if (!last) throw new Error('there is no PeerConnection')
    return last
  }

  createDataChannel(): FakeChannel {
    const channel = new FakeChannel()
    this.channels.push(channel)
    return channel
  }

  addTransceiver(
    what: unknown,
    { direction, sendEncodings = [] }: { direction: string; sendEncodings?: RTCRtpEncodingParameters[] },
  ): FakeTransceiver {
    const transceiver = new FakeTransceiver(direction, what instanceof FakeTrack ? what : null)
    transceiver.sender.encodings = sendEncodings
    this.transceivers.push(transceiver)
    return transceiver
  }

  getTransceivers(): FakeTransceiver[] {
    return this.transceivers
  }

  async createOffer(): Promise<{ type: string; sdp: string }> {
    return { type: 'offer', sdp: 'an offer' }
  }

  async setLocalDescription(description = { type: 'offer', sdp: 'an offer' }): Promise<void> {
    if (description.type !== 'offer') {
      this.signalingState = 'stable'
      return
    }
    this.signalingState = 'have-local-offer'
    this.localDescription = description
    for (const [i, t] of this.transceivers.entries()) t.mid ??= `${i}`
    for (const t of this.transceivers) if (t.stopping) t.direction = 'stopped'
  }

  async setRemoteDescription({ sdp }: { sdp: string }): Promise<void> {
    this.signalingState = 'stable'
    this.answers.push(sdp)
  }

  async getStats(): Promise<Map<string, unknown>> {
    if (!this.silent) this.received += 1_000
    return new Map<string, unknown>([
      ['T', { id: 'T', type: 'transport', selectedCandidatePairId: 'P' }],
      ['P', { id: 'P', type: 'candidate-pair', localCandidateId: 'L', bytesReceived: this.received }],
      ['L', { id: 'L', type: 'local-candidate', ...this.route }],
    ])
  }

  setConfiguration({ iceServers }: RTCConfiguration): void {
    this.iceServers = iceServers ?? []
  }

  restartIce(): void {
    this.restarts++
  }

  close(): void {
    this.connectionState = 'closed'
    for (const channel of this.channels) channel.close()
  }

  become(state: RTCPeerConnectionState): void {
    this.connectionState = state
    this.onconnectionstatechange?.()
  }

  /** A way was found: checks get through. */
  find(): void {
    this.iceConnectionState = 'connected'
    this.connectionState = 'connecting'
    this.oniceconnectionstatechange?.()
  }

  get reliable(): FakeChannel {
    const [reliable] = this.channels
    if (!reliable) throw new Error('there is no channel')
    return reliable
  }
}

export class FakeSender {
  track: FakeTrack | null
  encodings: RTCRtpEncodingParameters[] = []

  constructor(track: FakeTrack | null) {
    this.track = track
  }

  async replaceTrack(track: FakeTrack | null): Promise<void> {
    this.track = track
  }

  getParameters(): { encodings: RTCRtpEncodingParameters[] } {
    return { encodings: this.encodings.map((e) => ({ ...e })) }
  }

  async setParameters({ encodings }: { encodings: RTCRtpEncodingParameters[] }): Promise<void> {
    this.encodings = encodings
  }

  /** The names of those that are sent. */
  get sends(): string {
    return this.encodings
      .filter((e) => e.active !== false)
      .map((e) => e.rid ?? '-')
      .join('')
  }
}

export class FakeTransceiver {
  mid: string | null = null
  direction: string
  stopping = false
  readonly sender: FakeSender
  readonly receiver = { track: new FakeTrack('video') }

  constructor(direction: string, track: FakeTrack | null) {
    this.direction = direction
    this.sender = new FakeSender(track)
  }

  stop(): void {
    this.stopping = true
  }
}

/** Puts them in the browser's places, with devices that always open; returns what was opened. */
export function installRtc(): FakeTrack[] {
  FakePeer.all = []
  const opened: FakeTrack[] = []
  const open = (kind: string) => {
    const track = new FakeTrack(kind)
    opened.push(track)
    return track
  }
  const none = { getCapabilities: () => null }
  vi.stubGlobal('RTCPeerConnection', FakePeer)
  vi.stubGlobal('RTCRtpSender', none)
  vi.stubGlobal('RTCRtpReceiver', none)
  vi.stubGlobal('MediaStreamTrack', FakeTrack)
  const mediaDevices = {
    getUserMedia: async ({ audio }: MediaStreamConstraints) => {
      const track = open(audio ? 'audio' : 'video')
      return { getTracks: () => [track] }
    },
    getDisplayMedia: async () => {
      const [video, audio] = [open('video'), open('audio')]
      return { getVideoTracks: () => [video], getAudioTracks: () => [audio] }
    },
  }
  vi.stubGlobal('navigator', { mediaDevices })
  return opened
}
