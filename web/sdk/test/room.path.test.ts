import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Room } from '../src/room'
import { FakePeer, installRtc } from './rtc'
import { FakeSocket } from './socket'
import { limits } from './world'

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
const slots = { rev: 1, slots: [] }
const sdp =
  'a=candidate:1 1 udp 2130706431 203.0.113.2 443 typ host\r\na=candidate:2 1 tcp 1 203.0.113.2 443 typ host\r\n'
const iceServers = [{ urls: ['turns:test:443?transport=tcp'], username: 'me', credential: 'word' }]

let events: string[]

/** The WebSocket of now is opened, and whoever resumes on it goes on. It answers no pings where it is `dead`. */
async function opened(): Promise<FakeSocket & { dead?: boolean }> {
  const socket = FakeSocket.last as FakeSocket & { dead?: boolean }
  socket.send = (text) => {
    FakeSocket.prototype.send.call(socket, text)
    if (socket.dead) return
    const { t, id, gen } = JSON.parse(text) as { t: string; id?: number; gen?: number }
    if (t === 'ping') queueMicrotask(() => socket.say({ t: 'pong', id }))
    if (t === 'attach') queueMicrotask(() => socket.say({ t: 'attached', gen, n: 0 }))
    if (t === 'resume') queueMicrotask(() => socket.say({ t: 'resumed', rt: 'rt2', peer: true, here: true }))
  }
  socket.open()
  await pass(0)
  return socket
}

/** Somebody in a room, whose microphone is heard. */
async function call(): Promise<{ room: Room; socket: FakeSocket & { dead?: boolean }; peer: FakePeer }> {
  const room = new Room(
    { room: 'demo', url: 'ws://test', audio: true },
    {
      openWebSocket: (url) => new FakeSocket(url) as unknown as WebSocket,
      fetch: () => Promise.reject(new TypeError('no network')),
      webrtc: true,
      storage: undefined,
    },
  )
  room.on('mediaStateChanged', (state) => events.push(state))
  const joining = room.start()
  await pass(0)
  const socket = await opened()
  const you = { id: 'me', identity: 'me', name: 'Me' }
  const grant = { publish: true, subscribe: true, data: true, admin: false }
  const session = { room: 'demo', sid: 's_1', rt: 'rt1', epoch: 'e1', position: 0, participants: [] }
  socket.say({ t: 'joined', ...session, you, grant, limits, iceServers, answer: sdp, ...slots })
  await joining
  const peer = FakePeer.last
  peer.become('connected')
  const { reliable } = peer
  reliable.send = (frame) => {
    reliable.sent.push(frame)
    if (peer.silent && !peer.asked) return
    peer.received += 100
    const { t, id, gen } = JSON.parse(String(frame)) as { t: string; id?: number; gen?: number }
    const say = (message: unknown) => reliable.onmessage?.({ data: JSON.stringify(message) })
    if (t === 'ping') queueMicrotask(() => say({ t: 'pong', id }))
    if (t === 'attach') queueMicrotask(() => say({ t: 'attached', gen, n: 0 }))
  }
  reliable.open()
  await pass(3_000)
  events = []
  return { room, socket, peer }
}

async function answer(socket: FakeSocket): Promise<void> {
  socket.say({ t: 'answer', id: socket.frame('offer')?.id, sdp, ...slots })
  await pass(0)
}

const offers = (socket: FakeSocket) => socket.sent.filter((m) => m.t === 'offer').length

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
  FakeSocket.all = []
  FakePeer.all = []
  events = []
  installRtc()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe('a path that dies in mid-call', () => {
  it('is replaced by one restart of ICE within two seconds, though the browser says that it is well', async () => {
    const { socket, peer } = await call()
    peer.silent = true
    await pass(2_000)
    expect(peer.restarts).toBe(1)
    expect(offers(socket)).toBe(1)
    await answer(socket)
    await pass(1_000)
    peer.silent = false
    await pass(1_000)
    expect(events).toEqual(['connecting', 'connected'])
    expect(FakePeer.all).toHaveLength(1)
    await pass(20_000)
    expect(offers(socket)).toBe(1)
  })

  it('is not given up while the server answers on it', async () => {
    const { peer } = await call()
    peer.silent = true
    peer.asked = true
    await pass(20_000)
    expect(peer.restarts).toBe(0)
  })

  it('takes a WebSocket with it that does not answer within a second', async () => {
    const { socket, peer } = await call()
    socket.dead = peer.silent = true
    await pass(2_500)
    expect(FakeSocket.all.length).toBe(2)
    const next = await opened()
    await pass(200)
    expect(next.sent.map((m) => m.t)).toContain('offer')
    expect(FakePeer.all).toHaveLength(1)
  })

  it('leaves a WebSocket alone that answers', async () => {
    const { peer } = await call()
    peer.silent = true
    await pass(10_000)
    expect(FakeSocket.all.length).toBe(1)
  })
})

describe('media that goes by TCP', () => {
  it('goes back to UDP when that gets through, and not before', async () => {
    const { socket, peer } = await call()
    peer.route.protocol = 'tcp'
    await pass(5_500)
    const first = FakePeer.last
    expect(first).not.toBe(peer)
    expect(first.iceServers[0]?.urls).toEqual(['turn:203.0.113.2:443?transport=udp'])
    first.onicecandidate?.({ candidate: null })
    expect(first.connectionState).toBe('closed')
    await pass(11_000)
    const second = FakePeer.last
    expect(second).not.toBe(first)
    expect(peer.restarts).toBe(0)
    second.onicecandidate?.({ candidate: { candidate: 'candidate:1 1 udp 1 198.18.0.0 1 typ relay' } })
    await pass(10)
    expect(second.connectionState).toBe('closed')
    expect(peer.restarts).toBe(1)
    await answer(socket)
    expect(events).toEqual([])
  })
})

describe('a way that only small packets get through', () => {
  it('is left for one without UDP', async () => {
    const { socket, peer } = await call()
    // A new PeerConnection, whose handshake does not come to its end.
    peer.become('failed')
    await pass(100)
    await answer(socket)
    peer.find()
    await pass(2_900)
    expect(FakePeer.all).toHaveLength(1)
    await pass(200)
    expect(FakePeer.all).toHaveLength(2)
    await answer(socket)
    expect(FakePeer.last.answers).toEqual([sdp.split('\r\n')[1] + '\r\n'])
  })
})
