import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { JoinOptions } from '../src/options'
import { Room } from '../src/room'
import { FakePeer, FakeTrack, installRtc } from './rtc'
import { FakeSocket } from './socket'
import { limits } from './world'

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
const slots = { rev: 1, slots: [] }

let opened: FakeTrack[]
let events: string[]

/** What the server says to a join; it lets in with an answer. */
const joined = (more: Record<string, unknown> = {}) => ({
  t: 'joined',
  room: 'demo',
  sid: 's_1',
  rt: 'rt1',
  epoch: 'e1',
  position: 0,
  you: { id: 'me', identity: 'me', name: 'Me' },
  grant: { publish: true, subscribe: true, data: true, admin: false },
  participants: [],
  limits,
  answer: 'an answer',
  ...slots,
  ...more,
})

function start(options: Partial<JoinOptions> = {}): { room: Room; joining: Promise<void> } {
  const room = new Room(
    { room: 'demo', url: 'ws://test', ...options },
    {
      openWebSocket: (url) => new FakeSocket(url) as unknown as WebSocket,
      fetch: () => Promise.reject(new TypeError('no network')),
      webrtc: true,
      storage: undefined,
    },
  )
  room.on('mediaStateChanged', (state) => events.push(state))
  room.on('localTrackPublished', (track) => events.push(`+${track.source}`))
  room.on('localTrackUnpublished', (track) => events.push(`-${track.source}`))
  room.on('publishRefused', (track, err) => events.push(`refused ${track.source} ${err.code}`))
  room.on('disconnected', (why) => events.push(`disconnected ${why}`))
  room.on('transportChanged', (now) => events.push(now))
  const joining = room.start()
  joining.catch(() => undefined)
  return { room, joining }
}

/** The socket of now is opened and says hello. It answers what has but one answer. */
async function dialled(): Promise<FakeSocket> {
  const socket = FakeSocket.last
  socket.send = (text) => {
    FakeSocket.prototype.send.call(socket, text)
    const { t, id, gen } = JSON.parse(text) as { t: string; id?: number; gen?: number }
    if (t === 'ping') queueMicrotask(() => socket.say({ t: 'pong', id }))
    if (t === 'attach') queueMicrotask(() => socket.say({ t: 'attached', gen, n: 0 }))
  }
  socket.open()
  await pass(0)
  return socket
}

async function enter(options: Partial<JoinOptions> = {}, more: Record<string, unknown> = {}) {
  const { room, joining } = start(options)
  await pass(0)
  const socket = await dialled()
  socket.say(joined(more))
  await joining
  await pass(0)
  events = []
  return { room, socket }
}

/** Answers the last offer. */
async function answer(socket: FakeSocket): Promise<void> {
  const offer = socket.frame('offer')
  socket.say({ t: 'answer', id: offer?.id, sdp: 'an answer', ...slots })
  await pass(0)
}

const mids = (socket: FakeSocket) =>
  Object.fromEntries(
    ((socket.sent[0]?.tracks ?? []) as { mid: string; source: string }[]).map((t) => [t.source, t.mid]),
  )

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
  FakeSocket.all = []
  events = []
  opened = installRtc()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe('TURN servers', () => {
  const turn = (word: string) => [
    { urls: ['turns:test:443?transport=tcp'], username: word, credential: word },
  ]

  it('are tried when there is no way without them after a moment', async () => {
    const { socket } = await enter({}, { iceServers: turn('first') })
    const peer = FakePeer.last
    expect(peer.iceServers).toEqual(turn('first'))
    await pass(900)
    expect(peer.restarts).toBe(0)
    await pass(200)
    expect(peer.restarts).toBe(1)
    await answer(socket)
    await pass(5_000) // they are looking for a way
    expect(peer.restarts).toBe(1)
    peer.become('connected')
    expect(FakePeer.all.length).toBe(1)
  })

  it('cost nothing where there is a way', async () => {
    await enter({}, { iceServers: turn('first') })
    FakePeer.last.become('connected')
    await pass(20_000)
    expect(FakePeer.last.restarts).toBe(0)
  })

  it('are not waited for where there are none', async () => {
    await enter({}, { iceServers: [] })
    await pass(5_000)
    expect(FakePeer.last.restarts).toBe(0)
  })

  it('get new credentials when a session goes on', async () => {
    const { socket } = await enter({}, { iceServers: turn('first') })
    FakePeer.last.become('connected')
    socket.break()
    await pass(300)
    const again = await dialled()
    again.say({ t: 'resumed', rt: 'rt2', peer: true, here: true, iceServers: turn('second'), ...slots })
    await pass(0)
    expect(FakePeer.last.iceServers).toEqual(turn('second'))
  })

  it('get new credentials with every answer, which are no reason to look again', async () => {
    const { socket } = await enter({}, { iceServers: turn('first') })
    await pass(1_100)
    expect(FakePeer.last.restarts).toBe(1)
    const id = socket.frame('offer')?.id
    socket.say({ t: 'answer', id, sdp: 'an answer', ...slots, iceServers: turn('second') })
    await pass(5_000)
    expect(FakePeer.last.iceServers).toEqual(turn('second'))
    expect(FakePeer.last.restarts).toBe(1)
  })
})

describe('what is published no more', () => {
  it('is taken back also if nobody heard of its end', async () => {
    const { room, socket } = await enter()
    const sharing = room.localParticipant.setScreenShareEnabled(true)
    await pass(0)
    await answer(socket)
    await answer(socket)
    await sharing
    const shown = [...new Set(socket.sent.filter((m) => m.t === 'publish').map((m) => m.mid))]
    expect(shown).toHaveLength(2)
    socket.break()
    await room.localParticipant.setScreenShareEnabled(false)
    await pass(300)
    const next = await dialled()
    next.say({ t: 'resumed', rt: 'rt2', peer: true, here: true, ...slots })
    const taken = next.sent.filter((m) => m.t === 'unpublish').map((m) => m.mid)
    expect(taken).toEqual(shown)
  })

  it('does not come back with the next offer', async () => {
    const { room, socket } = await enter()
    const { camera } = mids(socket)
    await room.localParticipant.setCameraEnabled(true)
    expect(socket.frame('publish')).toMatchObject({ mid: camera, source: 'camera' })
    const [track] = room.localParticipant.tracks.values()
    if (!track) throw new Error('no track')
    await room.localParticipant.unpublishTrack(track)
    expect(socket.frame('unpublish')).toMatchObject({ mid: camera })
    const sharing = room.localParticipant.setScreenShareEnabled(true)
    await pass(0)
    const sources = () => (socket.frame('offer')?.tracks as { source: string }[]).map((t) => t.source)
    expect(sources()).toEqual(['microphone', 'screen'])
    await answer(socket)
    await answer(socket)
    await sharing
    // Turned on again, it is named again.
    await room.localParticipant.setCameraEnabled(true)
    expect(socket.frame('publish')).toMatchObject({ mid: camera, muted: false })
  })

  it('was published on a former PeerConnection only', async () => {
    const { room, socket } = await enter()
    await room.localParticipant.setCameraEnabled(true)
    const [track] = room.localParticipant.tracks.values()
    if (!track) throw new Error('no track')
    await room.localParticipant.unpublishTrack(track)
    socket.break()
    await pass(300)
    const next = await dialled()
    next.say({ t: 'resumed', rt: 'rt2', peer: false, here: true })
    await pass(0)
    expect(next.frame('offer')).toMatchObject({ fresh: true })
    await answer(next)
    expect(next.frame('unpublish')).toBeUndefined()
  })
})

describe('what may not be published', () => {
  const voiceOnly = { grant: { ...joined().grant, sources: ['microphone'] } }

  it('is not even opened', async () => {
    const { room } = await enter({}, voiceOnly)
    const me = room.localParticipant
    for (const refused of [
      me.setCameraEnabled(true),
      me.setScreenShareEnabled(true),
      me.publishTrack(new FakeTrack('video').asTrack),
    ])
      await expect(refused).rejects.toMatchObject({ code: 'not_allowed' })
    expect(opened).toEqual([])
    await me.setMicrophoneEnabled(true)
    expect(events).toEqual(['+microphone'])
  })

  it('is no longer shown as if it were published when the server refuses it', async () => {
    const { room, socket } = await enter({ video: true })
    const { camera, microphone } = mids(socket)
    expect(room.localParticipant.isCameraEnabled).toBe(true)
    const refusal = { t: 'error', re: 'publish', code: 'not_allowed', message: 'no' }
    socket.say({ ...refusal, mid: microphone }, { ...refusal, mid: 'none' }, refusal)
    await pass(0)
    expect(events).toEqual([])
    // Each time it is said.
    socket.say({ ...refusal, mid: camera }, { ...refusal, mid: camera })
    await pass(0)
    expect(events).toEqual(['-camera', 'refused camera not_allowed'])
    expect(room.localParticipant.isCameraEnabled).toBe(false)
    expect(opened.map((track) => track.readyState)).toEqual(['ended'])
    expect(FakePeer.last.transceivers.map((t) => t.sender.track)).toEqual(Array(10).fill(null))
  })

  it('is said again if it was only too much at once, or we were away', async () => {
    const { room, socket } = await enter({ video: true })
    socket.sent.length = 0
    socket.say({ t: 'error', re: 'publish', code: 'session_not_found', message: '', mid: '1' })
    socket.say({ t: 'error', re: 'publish', code: 'rate_limited', message: '', retryMs: 700 })
    await pass(699)
    expect(socket.frame('publish')).toBeUndefined()
    await pass(1)
    expect(socket.frame('publish')).toMatchObject({ source: 'camera', muted: false })
    expect(events).toEqual([])
    expect(room.localParticipant.isCameraEnabled).toBe(true)
  })
})

describe('joining with media that the server does not take', () => {
  const refusal = { t: 'error', re: 'join', code: 'too_many_media', message: 'too many' }

  it('goes on without, and says so wherever it matters', async () => {
    const { room, joining } = start({ video: true })
    await pass(0)
    ;(await dialled()).say(refusal)
    await pass(0)
    const socket = await dialled()
    expect(socket.sent[0]?.offer).toBeUndefined()
    socket.say(joined({ answer: undefined, rev: undefined, slots: undefined }))
    await joining
    expect(room.mediaState).toBe('failed')
    expect(events).toEqual(['failed'])
    expect(opened.map((track) => track.readyState)).toEqual(['ended'])
    const me = room.localParticipant
    expect(me.isCameraEnabled).toBe(false)
    for (const refused of [me.setCameraEnabled(true), me.setScreenShareEnabled(true)])
      await expect(refused).rejects.toMatchObject({ code: 'too_many_media' })
    await me.setCameraEnabled(false)
    expect(opened).toHaveLength(1)
    // Nothing of it is tried again, and messages go.
    socket.break()
    await pass(300)
    const next = await dialled()
    next.say({ t: 'resumed', rt: 'rt2', peer: false, here: true })
    await pass(60_000)
    expect(next.frame('offer')).toBeUndefined()
    expect(FakePeer.all.map((peer) => peer.connectionState)).toEqual(['closed'])
    room.leave()
  })

  it('is refused where only a data channel may carry messages', async () => {
    const { joining } = start({ transports: ['webrtc'] })
    await pass(0)
    ;(await dialled()).say(refusal)
    await expect(joining).rejects.toMatchObject({ code: 'too_many_media', message: 'too many' })
    expect(FakeSocket.all).toHaveLength(1)
  })

  it('later, in another session, ends what was published', async () => {
    const { room, socket } = await enter({ video: true })
    socket.break()
    await pass(300)
    ;(await dialled()).say({ t: 'error', re: 'resume', code: 'session_not_found', message: '' })
    await pass(300)
    ;(await dialled()).say(refusal)
    await pass(0)
    const last = await dialled()
    last.say(joined({ sid: 's_2', answer: undefined, rev: undefined, slots: undefined }))
    await pass(0)
    expect(events).toEqual(['-camera', 'failed'])
    expect([room.mediaState, room.connectionState]).toEqual(['failed', 'connected'])
    expect(opened.map((track) => track.readyState)).toEqual(['ended'])
  })
})

describe('a data channel', () => {
  /** The PeerConnection of now is up, and its channel carries messages. */
  async function carry(): Promise<FakePeer> {
    const peer = FakePeer.last
    peer.become('connected')
    const { reliable } = peer
    reliable.open()
    await pass(0)
    const say = (message: unknown) => reliable.onmessage?.({ data: JSON.stringify(message) })
    say({ t: 'pong', id: reliable.messages.at(-1)?.id })
    const attach = reliable.messages.at(-1)
    expect(attach).toMatchObject({ t: 'attach' })
    say({ t: 'attached', gen: attach?.gen, n: 0 })
    // It answers pings.
    reliable.send = (frame) => {
      reliable.sent.push(frame)
      const { t, id } = JSON.parse(String(frame)) as { t: string; id: number }
      if (t === 'ping') queueMicrotask(() => say({ t: 'pong', id }))
    }
    return peer
  }

  it('that ends is had again by a new PeerConnection, whatever the path does meanwhile', async () => {
    const { room, socket } = await enter({ transports: ['webrtc'] })
    const peer = await carry()
    expect(room.transport).toBe('webrtc')
    peer.reliable.break()
    expect(room.connectionState).toBe('reconnecting')
    await pass(1_000)
    peer.become('disconnected')
    await pass(500)
    peer.become('connected')
    await pass(10_000)
    expect(FakePeer.all).toHaveLength(2)
    expect(socket.frame('offer')).toMatchObject({ fresh: true })
    await answer(socket)
    await carry()
    expect(room.connectionState).toBe('connected')
  })

  it('that ends with its PeerConnection, because that is replaced, asks for no other', async () => {
    const { socket } = await enter()
    const peer = await carry()
    peer.reliable.break()
    await pass(6_500)
    expect(FakePeer.all).toHaveLength(2)
    await answer(socket)
    await carry()
    // The server lost its side: all is made anew, and the answer takes its time.
    socket.break()
    await pass(300)
    const next = await dialled()
    next.say({ t: 'resumed', rt: 'rt2', peer: false, here: true })
    await pass(14_000)
    expect(FakePeer.all).toHaveLength(3)
    expect(next.sent.filter((m) => m.t === 'offer')).toHaveLength(1)
  })

  it('is had again ever more rarely, unless it lasts', async () => {
    const { socket } = await enter()
    const waits: number[] = []
    const lose = async (afterMs: number) => {
      const peer = await carry()
      await pass(afterMs)
      const before = performance.now()
      peer.reliable.break()
      const count = FakePeer.all.length
      while (FakePeer.all.length === count) await pass(100)
      waits.push(Math.round((performance.now() - before) / 1_000))
      await answer(socket)
    }
    for (const ms of [10, 10, 10, 31_000, 10]) await lose(ms)
    expect(waits).toEqual([5, 10, 20, 5, 10])
  })
})
