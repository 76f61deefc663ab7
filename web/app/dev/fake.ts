// A stand-in for the SDK while working on the page: a room without a server, whose people are drawn on canvases.
// `vite --mode fake`; the address says what is in it: /r/demo?people=9&off=2&screen=1&fail=room_full&blocked=1&admin=1&slow_line=1
// The page asks the SDK for more than this only through its types, so what is missing here shows at once.

const options = new URLSearchParams(location.search)
const count = (name: string) => Number(options.get(name) ?? 0)

const NAMES = [
  'Noor Haddad', 'Tomasz', 'Inês Prado', 'Obi', 'Mei Lin', 'Jonas Bergström', 'Aroha', 'Priya N', 'Lucía', 'Sam',
  'Yusuf', 'Hana', 'Leo', 'Wren', 'Kofi Mensah', 'Anneliese von Hohenstein-Lichtenberg',
] // prettier-ignore

type Listener = (...args: unknown[]) => void

class FakeTrack {
  readonly id: string
  readonly kind: 'audio' | 'video'
  readonly source: string
  muted: boolean
  paused = false
  mediaStreamTrack: MediaStreamTrack | undefined
  constructor(id: string, kind: 'audio' | 'video', source: string, muted: boolean, media?: MediaStreamTrack) {
    this.id = id
    this.kind = kind
    this.source = source
    this.muted = muted
    this.mediaStreamTrack = media
  }
  attach(element: HTMLMediaElement) {
    element.srcObject = this.mediaStreamTrack === undefined ? null : new MediaStream([this.mediaStreamTrack])
    void element.play().catch(() => undefined)
    return element
  }
  detach(element: HTMLMediaElement) {
    element.srcObject = null
    return [element]
  }
  setPinned() {
    // All of it is here anyway.
  }
}

class FakeParticipant {
  readonly id: string
  readonly name: string
  isSpeaking = false
  isAdmin = false
  connectionQuality = 'good'
  readonly tracks = new Map<string, FakeTrack>()
  constructor(id: string, name: string) {
    this.id = id
    this.name = name
  }
  getTrack(source: string) {
    return [...this.tracks.values()].find((t) => t.source === source)
  }
  mute(track: FakeTrack) {
    track.muted = true
    theRoom?.emit('trackMuted', track, this)
  }
}

const picture = (index: number): MediaStreamTrack => {
  const canvas = document.createElement('canvas')
  canvas.width = 640
  canvas.height = 360
  const g = canvas.getContext('2d') as CanvasRenderingContext2D
  const hue = (index * 47 + 20) % 360
  const draw = () => {
    const t = performance.now() / 1000 + index * 3
    const wall = g.createLinearGradient(0, 0, 640, 360)
    wall.addColorStop(0, `hsl(${hue} 22% 62%)`)
    wall.addColorStop(1, `hsl(${(hue + 40) % 360} 20% 38%)`)
    g.fillStyle = wall
    g.fillRect(0, 0, 640, 360)
    g.fillStyle = `hsl(${hue} 18% 74% / 0.6)`
    g.fillRect(60 + ((index * 53) % 90), 40, 120, 150)
    g.fillStyle = `hsl(${(hue + 20) % 360} 20% 30% / 0.5)`
    g.fillRect(470, 90 + ((index * 31) % 60), 130, 12)
    const x = 320 + Math.sin(t * 0.7) * 10
    const y = 190 + Math.sin(t * 1.3) * 4
    g.fillStyle = `hsl(${(hue + 200) % 360} 35% 36%)`
    g.beginPath()
    g.ellipse(x, 400, 170, 140, 0, 0, 7)
    g.fill()
    const skin = ['#8d5a3b', '#e3b48f', '#c68a62', '#f0cdb0', '#5d3a26'][index % 5] as string
    g.fillStyle = skin
    g.fillRect(x - 26, y + 50, 52, 60)
    g.beginPath()
    g.ellipse(x, y, 66, 82, 0, 0, 7)
    g.fill()
    g.fillStyle = ['#1d1512', '#3b2a1d', '#6b4a2b', '#c9a86a', '#555'][(index * 3) % 5] as string
    g.beginPath()
    g.ellipse(x, y - 36, 72, 60, 0, Math.PI, 0)
    g.fill()
  }
  draw()
  setInterval(draw, 120)
  return canvas.captureStream(10).getVideoTracks()[0] as MediaStreamTrack
}

const slides = (): MediaStreamTrack => {
  const canvas = document.createElement('canvas')
  canvas.width = 1600
  canvas.height = 1000
  const g = canvas.getContext('2d') as CanvasRenderingContext2D
  const draw = () => {
    g.fillStyle = '#fdfcf8'
    g.fillRect(0, 0, 1600, 1000)
    g.fillStyle = '#1d5c49'
    g.fillRect(0, 0, 1600, 84)
    g.fillStyle = '#fff'
    g.font = '600 34px sans-serif'
    g.fillText('Quarterly numbers', 48, 54)
    for (let i = 0; i < 8; i++) {
      const h = 120 + ((i * 137) % 460)
      g.fillStyle = i % 3 === 0 ? '#e0ab62' : '#2f8f68'
      g.fillRect(120 + i * 175, 860 - h, 110, h)
    }
    g.fillStyle = '#8a938e'
    g.fillRect(90, 862, 1420, 4)
  }
  draw()
  setInterval(draw, 500)
  return canvas.captureStream(5).getVideoTracks()[0] as MediaStreamTrack
}

// Only what hands and boards need: who sets a key owns it.
class FakeState {
  readonly ready = Promise.resolve()
  private readonly cells = new Map<string, { value: unknown; by: string; offset: number }>()
  private readonly subscribers = new Set<{ prefix: string; fn: Listener }>()
  private last = 0
  get(key: string) {
    return this.cells.get(key)?.value
  }
  by(key: string) {
    return this.cells.get(key)?.by ?? ''
  }
  offset(key: string) {
    return this.cells.get(key)?.offset ?? 0
  }
  entries(prefix: string) {
    return [...this.cells].filter(([key]) => key.startsWith(prefix)).map(([key, { value }]) => [key, value])
  }
  subscribe(prefix: string, fn: Listener) {
    const subscriber = { prefix, fn }
    this.subscribers.add(subscriber)
    return () => this.subscribers.delete(subscriber)
  }
  async set(key: string, value: unknown, by = 'p_local') {
    const offset = ++this.last
    if (value === undefined) this.cells.delete(key)
    else this.cells.set(key, { value, by, offset })
    for (const { prefix, fn } of this.subscribers) if (key.startsWith(prefix)) fn(key, value, by, offset)
    return { offset }
  }
  delete(key: string) {
    return this.set(key, undefined)
  }
  async patch(changes: ({ key: string } & ({ value: unknown } | { delete: true }))[]) {
    for (const change of changes) await this.set(change.key, 'value' in change ? change.value : undefined)
    return { offset: this.last }
  }
}

let theRoom: FakeRoom | undefined

class FakeRoom {
  readonly name: string
  readonly participants = new Map<string, FakeParticipant>()
  readonly localParticipant: FakeLocal
  readonly state = new FakeState()
  transport = 'webrtc'
  mediaState = 'connected'
  readonly grant = {
    publish: !options.has('watcher'),
    subscribe: true,
    data: !options.has('mute'),
    admin: options.has('admin'),
  }
  isLocked = options.has('locked')
  hasLobby = false
  waiting = NAMES.slice(0, count('waiting')).map((name, i) => ({ id: `k_${i}`, identity: '', name }))
  private readonly listeners = new Map<string, Set<Listener>>()
  private offset = 0
  onMessage: ((...args: unknown[]) => void) | undefined

  constructor(name: string, own: string) {
    this.name = name
    this.localParticipant = new FakeLocal('p_local', own, this)
  }
  on(event: string, fn: Listener) {
    const set = this.listeners.get(event) ?? new Set()
    this.listeners.set(event, set.add(fn))
    return () => set.delete(fn)
  }
  emit(event: string, ...args: unknown[]) {
    for (const fn of [...(this.listeners.get(event) ?? [])]) fn(...args)
  }
  async sendMessage() {
    await new Promise((resolve) => setTimeout(resolve, options.has('slow') ? 60_000 : 120))
    return { offset: ++this.offset }
  }
  history() {
    return Promise.resolve({ messages: [], more: false })
  }
  setLocked(locked: boolean) {
    this.isLocked = locked
    this.emit('lockedChanged', locked, this.localParticipant)
  }
  setLobby(lobby: boolean) {
    this.hasLobby = lobby
    this.emit('lobbyChanged', lobby, this.localParticipant)
  }
  admit(id?: string) {
    this.deny(id)
    this.come(this.participants.size)
  }
  deny(id?: string) {
    this.waiting = this.waiting.filter((w) => id !== undefined && w.id !== id)
    this.emit('waitingChanged', this.waiting)
  }
  remove(id: string) {
    this.go(id)
  }
  end() {
    this.emit('disconnected', 'room_closed')
  }
  setAudioOnly() {
    // The page does what can be seen of it.
  }
  async connectionStats() {
    const at = performance.now()
    return {
      at,
      way: options.get('way') ?? 'udp',
      relayProtocol: options.get('way') === 'relay' ? 'tls' : undefined,
      roundTripMs: 23,
      availableBitrate: 2e6,
      bytesSent: at * 140,
      bytesReceived: at * 312,
      packetsReceived: at,
      packetsLost: at / 90,
      packetsSent: at,
      sentPacketsLost: at / 400,
      sending: [{ width: 1280, height: 720, framesPerSecond: 30 }],
      receiving: [{ width: 640, height: 360, framesPerSecond: 30 }],
    }
  }
  startAudio() {
    return Promise.resolve()
  }
  leave() {
    this.participants.clear()
  }
  come(index: number) {
    const person = new FakeParticipant(`p_${index}`, NAMES[index % NAMES.length] as string)
    const quiet = index % 3 === 2
    person.tracks.set(`a${index}`, new FakeTrack(`a${index}`, 'audio', 'microphone', quiet))
    if (index >= count('off'))
      person.tracks.set(`v${index}`, new FakeTrack(`v${index}`, 'video', 'camera', false, picture(index)))
    if (options.has('slow_line')) {
      person.connectionQuality = ['good', 'poor', 'lost'][index % 3] as string
      const camera = person.getTrack('camera')
      if (camera !== undefined) camera.paused = index % 2 === 1
    }
    this.participants.set(person.id, person)
    this.emit('participantConnected', person)
    return person
  }
  go(id: string) {
    const person = this.participants.get(id)
    this.participants.delete(id)
    this.emit('participantDisconnected', person)
  }
  raise(id: string) {
    void this.state.set(`own/hand/${id}`, true, id)
  }
  react(id: string, emoji: string) {
    this.emit('message', 'reaction', { emoji }, this.participants.get(id), {
      sentAt: new Date(),
      lossy: false,
    })
  }
  say(id: string, text: string) {
    this.onMessage?.('chat', { text }, this.participants.get(id), {
      offset: ++this.offset,
      sentAt: new Date(),
    })
  }
  speak(...ids: string[]) {
    for (const p of this.participants.values()) p.isSpeaking = ids.includes(p.id)
    this.emit('activeSpeakersChanged', [])
  }
  show(id: string) {
    this.participants
      .get(id)
      ?.tracks.set(`s_${id}`, new FakeTrack(`s_${id}`, 'video', 'screen', false, slides()))
    this.emit('trackSubscribed')
  }
}

class FakeLocal extends FakeParticipant {
  private readonly room: FakeRoom
  constructor(id: string, name: string, room: FakeRoom) {
    super(id, name)
    this.room = room
  }
  get isMicrophoneEnabled() {
    return this.getTrack('microphone')?.muted === false
  }
  get isCameraEnabled() {
    return this.getTrack('camera')?.muted === false
  }
  async setMicrophoneEnabled(on: boolean) {
    await this.set('microphone', on, { audio: true })
  }
  async setCameraEnabled(on: boolean) {
    await this.set('camera', on, { video: true })
  }
  async setScreenShareEnabled(on: boolean) {
    if (on) this.tracks.set('own-screen', new FakeTrack('own-screen', 'video', 'screen', false, slides()))
    else this.tracks.delete('own-screen')
    this.room.emit('trackSubscribed')
  }
  publish(media: MediaStreamTrack | undefined, source: string) {
    if (media === undefined) return
    this.tracks.set(source, new FakeTrack(source, media.kind as 'audio', source, false, media))
  }
  private async set(source: string, on: boolean, ask: MediaStreamConstraints) {
    const track = this.getTrack(source)
    if (on) this.publish((await navigator.mediaDevices.getUserMedia(ask)).getTracks()[0], source)
    else if (track !== undefined) {
      track.muted = true
      if (source === 'camera') track.mediaStreamTrack?.stop()
    }
    this.room.emit('trackMuted', this.getTrack(source), this)
  }
}

export const joinRoom = async (given: {
  room: string
  name: string
  audio?: MediaStreamTrack
  video?: MediaStreamTrack
  onMessage?: (...args: unknown[]) => void
  onWaiting?: (attended: boolean) => void
}): Promise<unknown> => {
  if (options.has('lobby')) {
    given.onWaiting?.(options.get('lobby') === '1')
    await new Promise(() => undefined)
  }
  await new Promise((resolve) => setTimeout(resolve, count('delay') || 150))
  const fail = options.get('fail')
  if (fail !== null) throw Object.assign(new Error(fail), { code: fail })
  const room = new FakeRoom(given.room, given.name)
  theRoom = room
  room.onMessage = given.onMessage
  room.localParticipant.publish(given.audio, 'microphone')
  room.localParticipant.publish(given.video, 'camera')
  for (let i = 0; i < count('people'); i++) room.come(i)
  for (let i = 0; i < count('screen'); i++) room.show(`p_${i}`)
  if (options.has('blocked')) setTimeout(() => room.emit('audioBlocked'), 50)
  return room
}

export const maySend = (grant: { data: boolean }): boolean => grant.data
export const mayWrite = maySend
