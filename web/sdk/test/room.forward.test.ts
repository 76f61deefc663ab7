import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { JoinOptions } from '../src/options'
import { Room } from '../src/room'
import { FakePeer, FakeTrack, installRtc } from './rtc'
import { FakeSocket } from './socket'
import { limits } from './world'

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

let opened: FakeTrack[]
let events: string[]
let offset: number

const ada = {
  id: 'p_a',
  identity: 'ada',
  name: 'Ada',
  tracks: [{ id: 't_a', kind: 'video', source: 'camera' }],
}
const joined = (more: Record<string, unknown> = {}) => ({
  t: 'joined',
  room: 'demo',
  sid: 's_1',
  rt: 'rt1',
  epoch: 'e1',
  position: 0,
  you: { id: 'me', identity: 'me', name: 'Me' },
  grant: { publish: true, subscribe: true, data: true, admin: false },
  participants: [ada],
  limits: { ...limits, mediaLines: 64 },
  answer: 'an answer',
  rev: 1,
  slots: [],
  ...more,
})

async function enter(options: Partial<JoinOptions> = {}, more: Record<string, unknown> = {}) {
  const room = new Room(
    { room: 'demo', url: 'ws://test', ...options },
    {
      openWebSocket: (url) => new FakeSocket(url) as unknown as WebSocket,
      fetch: () => Promise.reject(new TypeError('no network')),
      webrtc: true,
      storage: undefined,
    },
  )
  room.on('activeSpeakersChanged', (list) => events.push(`speaking ${list.map((p) => p.name).join(' ')}`))
  room.on('connectionQualityChanged', (quality, p) => events.push(`${p.name} ${quality}`))
  room.on('trackPaused', (track) => events.push(`paused ${track.id}`))
  room.on('trackResumed', (track) => events.push(`resumed ${track.id}`))
  room.on('trackMuted', (track, p, by) =>
    events.push(`${p.name} ${track.source} muted by ${by?.name ?? 'themselves'}`),
  )
  room.on('localTrackUnpublished', (track) => events.push(`-${track.source}`))
  const joining = room.start()
  await pass(0)
  const socket = FakeSocket.last
  socket.send = (text) => {
    FakeSocket.prototype.send.call(socket, text)
    const { t, id } = JSON.parse(text) as { t: string; id?: number }
    if (t === 'ping') queueMicrotask(() => socket.say({ t: 'pong', id }))
  }
  socket.open()
  await pass(0)
  socket.say(joined(more))
  await joining
  await pass(0)
  FakePeer.last.become('connected')
  events = []
  return { room, socket }
}

/** Answers the last offer, with all slots empty. */
async function answer(socket: FakeSocket): Promise<void> {
  socket.say({ t: 'answer', id: socket.frame('offer')?.id, sdp: 'an answer', rev: 9, slots: [] })
  await pass(0)
}

const log = (entry: Record<string, unknown>) => {
  const o = ++offset
  return { t: 'log', after: o - 1, position: o, entries: [{ o, ...entry }] }
}
const sender = (mid: unknown) => {
  const transceiver = FakePeer.last.transceivers.find((t) => t.mid === mid)
  if (!transceiver) throw new Error(`no m-line ${String(mid)}`)
  return transceiver.sender
}
const layersOf = (message: Record<string, unknown> | undefined) =>
  (message?.layers as { rid: string; scale: number }[] | undefined)
    ?.map((l) => `${l.rid}${l.scale}`)
    .join(' ')

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.all = []
  events = []
  offset = 0
  opened = installRtc()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const picture = (width: number, height: number) =>
  Object.assign(new FakeTrack('video'), { size: { width, height } })

describe('a camera', () => {
  it('is sent in three sizes and described so, from the join on', async () => {
    const { socket } = await enter({ video: picture(1280, 720).asTrack })
    const [, camera] = socket.sent[0]?.tracks as Record<string, unknown>[]
    expect(camera).toMatchObject({ source: 'camera', width: 1280, height: 720 })
    expect(layersOf(camera)).toBe('q4 h2 f1')
    expect(sender(camera?.mid).encodings).toMatchObject([
      { rid: 'q', scaleResolutionDownBy: 4, scalabilityMode: 'L1T3' },
      { rid: 'h', scaleResolutionDownBy: 2 },
      { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_700_000 },
    ])
  })

  it('sends of these what somebody looks at', async () => {
    const { socket } = await enter({ video: picture(1280, 720).asTrack })
    const { mid } = socket.frame('publish') as { mid: string }
    for (const [rids, sends] of [
      [['q', 'h'], 'qh'],
      [[], ''],
      [['f'], 'f'],
      [['q', 'h', 'f'], 'qhf'],
    ] as const) {
      socket.say({ t: 'layers', mid, rids })
      await pass(0)
      expect(sender(mid).sends).toBe(sends)
    }
    socket.say({ t: 'layers', mid: 'none', rids: [] })
  })

  it('that is small, or turned, is sent in fewer, and said anew', async () => {
    const { room, socket } = await enter()
    const small = picture(320, 180)
    await room.localParticipant.publishTrack(small.asTrack, { source: 'camera' })
    const mid = socket.frame('publish')?.mid
    expect(layersOf(socket.frame('publish'))).toBe('q1')
    expect(sender(mid).sends).toBe('q')
    socket.say({ t: 'layers', mid, rids: ['q'] })
    small.size = { width: 1280, height: 720 }
    await pass(2_000)
    expect(layersOf(socket.frame('publish'))).toBe('q4 h2 f1')
    expect(sender(mid).sends).toBe('q')
    socket.say({ t: 'layers', mid, rids: ['f'] })
    await pass(0)
    expect(sender(mid).sends).toBe('f')
    // What is looked at is gone: until that is known, the whole is sent.
    small.size = { width: 640, height: 360 }
    await pass(2_000)
    expect(layersOf(socket.frame('publish'))).toBe('q2 h1')
    expect(sender(mid).sends).toBe('h')
  })

  it('is sent whole alone if one wants so', async () => {
    const { room, socket } = await enter()
    await room.localParticipant.publishTrack(picture(1280, 720).asTrack, {
      source: 'camera',
      simulcast: false,
    })
    expect(layersOf(socket.frame('publish'))).toBe('q1')
    expect(sender(socket.frame('publish')?.mid).encodings[0]).toMatchObject({
      scaleResolutionDownBy: 1,
      maxBitrate: 1_700_000,
    })
    const publishing = room.localParticipant.publishTrack(picture(1280, 720).asTrack, { simulcast: false })
    await pass(0)
    const { tracks } = socket.frame('offer') as { tracks: Record<string, unknown>[] }
    const other = tracks.find((t) => t.source === 'other')
    expect(other).toMatchObject({ width: 1280, height: 720 })
    expect(other?.layers).toBeUndefined()
    await answer(socket)
    await publishing
    socket.say({ t: 'layers', mid: other?.mid, rids: [] })
    await pass(0)
    expect(sender(other?.mid).sends).toBe('')
    socket.say({ t: 'layers', mid: other?.mid, rids: [''] })
    await pass(0)
    expect(sender(other?.mid).sends).toBe('-')
  })
})

describe('who speaks, and whose connection is poor', () => {
  it('is what the server says, of those who are here, ourselves among them', async () => {
    const { room, socket } = await enter()
    socket.say(
      { t: 'speakers', ids: ['p_b', 'me', 'p_a'] },
      { t: 'quality', of: { p_b: 'poor', me: 'good' } },
    )
    expect(events).toEqual(['speaking Me Ada', 'Me good'])
    expect(room.localParticipant.isSpeaking).toBe(true)
    // The log came later than what is said of her.
    socket.say(log({ event: 'joined', participant: { id: 'p_b', identity: 'b', name: 'Ben' } }))
    expect(events.slice(2)).toEqual(['speaking Ben Me Ada', 'Ben poor'])
    expect(room.participants.get('p_b')?.connectionQuality).toBe('poor')
    events = []
    socket.say(log({ event: 'left', id: 'p_b', reason: 'left' }))
    socket.say({ t: 'speakers', ids: [] }, { t: 'quality', of: { me: 'good', p_a: 'strange' } })
    expect(events).toEqual(['speaking Me Ada', 'speaking '])
    expect(room.participants.get('p_a')?.isSpeaking).toBe(false)
  })
})

describe('a picture that is shown', () => {
  it('stays subscribed while it is attached and published, in a slot or not', async () => {
    const { room, socket } = await enter()
    room.on('trackSubscribed', (t) => events.push(`+${t.id}`))
    room.on('trackUnsubscribed', (t) => events.push(`-${t.id}`))
    const mid = FakePeer.last.transceivers.find((t) => t.direction === 'recvonly')?.mid
    let rev = 1
    const shown = (yes: boolean) =>
      socket.say({
        t: 'slots',
        rev: ++rev,
        slots: [{ mid, kind: 'video', ...(yes ? { track: 't_a' } : {}) }],
      })
    const track = room.participants.get('p_a')?.tracks.get('t_a')
    if (!track) throw new Error('nobody is here')
    shown(true)
    shown(false)
    expect(events).toEqual(['+t_a', '-t_a'])
    const element = {} as HTMLMediaElement
    Object.defineProperty(track, 'elements', { value: [element], configurable: true })
    events = []
    for (const yes of [true, false, true, false]) shown(yes)
    expect(events).toEqual(['+t_a'])
    track.setSubscribed(false)
    shown(true)
    shown(false)
    expect(events).toEqual(['+t_a', '-t_a'])
    track.setSubscribed(true)
    shown(true)
    shown(false)
    socket.say(log({ event: 'unpublished', id: 'p_a', track: 't_a' }))
    expect(events.slice(2)).toEqual(['+t_a', '-t_a'])
  })
})

describe('a picture that the line does not carry', () => {
  it('is paused as long as its slot is', async () => {
    const { room, socket } = await enter()
    const mid = FakePeer.last.transceivers.find((t) => t.direction === 'recvonly')?.mid
    const say = (rev: number, paused: boolean) =>
      socket.say({
        t: 'slots',
        rev,
        slots: [{ mid, kind: 'video', track: 't_a', participant: 'p_a', paused }],
      })
    say(2, true)
    const track = room.participants.get('p_a')?.tracks.get('t_a')
    expect([track?.subscribed, track?.paused]).toEqual([true, true])
    say(3, true)
    say(4, false)
    expect(track?.paused).toBe(false)
    expect(events).toEqual(['paused t_a', 'resumed t_a'])
    say(5, true)
    socket.say({ t: 'slots', rev: 6, slots: [{ mid, kind: 'video' }] })
    expect(track?.paused).toBe(false)
  })
})

describe('muting others', () => {
  const track = (id: string, source: string, kind: string) => ({
    event: 'published',
    id: 'me',
    track: { id, kind, source, muted: false },
  })

  it('is for those who may', async () => {
    const { room } = await enter()
    const other = room.participants.get('p_a')
    const shown = other?.tracks.get('t_a')
    if (!other || !shown) throw new Error('nobody is here')
    expect(() => other.mute(shown)).toThrow(expect.objectContaining({ code: 'not_allowed' }))
  })

  it('is asked of the server', async () => {
    const { grant } = joined()
    const { room, socket } = await enter({}, { grant: { ...grant, admin: true } })
    const other = room.participants.get('p_a')
    const shown = other?.tracks.get('t_a')
    if (!other || !shown) throw new Error('nobody is here')
    other.mute(shown)
    expect(socket.frame('mute')).toEqual({ t: 'mute', participant: 'p_a', track: 't_a', muted: true })
    socket.say(log({ event: 'muted', id: 'p_a', track: 't_a', muted: true, by: 'me' }))
    expect(shown.muted).toBe(true)
    other.mute(shown, false)
    expect(socket.frame('mute')?.muted).toBe(false)
  })

  it('mutes at the sender, and says who did it', async () => {
    const { room, socket } = await enter({ audio: true })
    const mid = socket.frame('publish')?.mid
    socket.say(log(track('t_m', 'microphone', 'audio')))
    socket.say(log({ event: 'muted', id: 'me', track: 't_m', muted: true, by: 'p_a' }))
    await pass(0)
    expect(events).toEqual(['Me microphone muted by Ada'])
    expect(room.localParticipant.isMicrophoneEnabled).toBe(false)
    expect(sender(mid).track).toBeNull()
    expect(socket.frame('publish')).toMatchObject({ mid, muted: true })
    // What we do ourselves is no news.
    await room.localParticipant.setMicrophoneEnabled(true)
    events = []
    socket.say(log({ event: 'muted', id: 'me', track: 't_m', muted: true }))
    socket.say(log({ event: 'muted', id: 'me', track: 't_m', muted: false, by: 'p_a' }))
    await pass(0)
    expect(events).toEqual([])
    expect(room.localParticipant.isMicrophoneEnabled).toBe(true)
  })

  it('ends the sharing of a screen', async () => {
    const { room, socket } = await enter()
    const sharing = room.localParticipant.setScreenShareEnabled(true)
    await pass(0)
    await answer(socket)
    await answer(socket)
    await sharing
    socket.say(log(track('t_s', 'screen', 'video')))
    socket.say(log({ event: 'muted', id: 'me', track: 't_s', muted: true, by: 'p_a' }))
    await pass(0)
    expect(events).toEqual(['Me screen muted by Ada', '-screen_audio', '-screen'])
    expect(opened.find((t) => t.kind === 'video')?.readyState).toBe('ended')
    // And can be begun again.
    const again = room.localParticipant.setScreenShareEnabled(true)
    await pass(0)
    expect(room.localParticipant.isScreenShareEnabled).toBe(true)
    await again
    room.leave()
  })
})

describe('slots', () => {
  const receiving = () => FakePeer.last.transceivers.filter((t) => t.direction === 'recvonly').length
  const crowd = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      id: `p_${i}`,
      identity: `${i}`,
      name: `${i}`,
      tracks: [
        { id: `t_${i}`, kind: 'video', source: 'camera' },
        { id: `v_${i}`, kind: 'audio', source: 'microphone' },
      ],
    }))

  it('grow by one offer, however many came, and no more for who comes and goes', async () => {
    const { room, socket } = await enter({}, { participants: crowd(24) })
    await pass(200)
    expect(socket.sent.filter((m) => m.t === 'offer')).toHaveLength(1)
    await answer(socket)
    expect(receiving()).toBe(38)
    for (let i = 0; i < 10; i++) {
      socket.say(log({ event: 'left', id: `p_${i}`, reason: 'left' }))
      await pass(200)
      socket.say(log({ event: 'joined', participant: crowd(24)[i] }))
      await pass(200)
    }
    expect(room.debug.offers).toBe(2)
  })

  it('are as many as are looked at where pages say so, and go after a minute in which few were', async () => {
    const { room, socket } = await enter({ autoSubscribe: false }, { participants: crowd(24) })
    await pass(1_100)
    // Ten voices, and no picture is looked at.
    await answer(socket)
    expect(receiving()).toBe(14)
    const all = [...room.participants.values()].flatMap((p) => [...p.tracks.values()])
    for (const track of all) track.setSubscribed(true)
    await pass(200)
    await answer(socket)
    expect(receiving()).toBe(38)
    room.setAudioOnly(true)
    await pass(61_000)
    await answer(socket)
    expect(receiving()).toBe(18)
    expect(room.debug.offers).toBe(4)
    // Their m-lines are had again.
    room.setAudioOnly(false)
    await pass(200)
    await answer(socket)
    expect(receiving()).toBe(38)
  })
})
