import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ParlorError } from '../src/errors'
import type { JoinOptions } from '../src/options'
import { Room } from '../src/room'
import { FakeSocket } from './socket'

const participant = (id: string, ...tracks: unknown[]) => ({
  id,
  identity: id,
  name: id.toUpperCase(),
  tracks,
})
const joined = (more: Record<string, unknown> = {}) => ({
  t: 'joined',
  room: 'demo',
  sid: 's_1',
  rt: 'rt1',
  epoch: 'e1',
  position: 0,
  you: { id: 'me', identity: 'me', name: 'Me' },
  grant: { publish: true, subscribe: true, data: true, admin: false },
  participants: [participant('a'), participant('b')],
  limits: {
    messageBytes: 57344,
    messagesPerSecond: 200,
    messageBurst: 400,
    bytesPerSecond: 262144,
    byteBurst: 1048576,
    mediaLines: 32,
  },
  ...more,
})
const message = (o: number, data: unknown) => ({
  t: 'log',
  after: o - 1,
  position: o,
  entries: [{ o, from: 'a', type: 'chat', data, at: 1000 }],
})

function storage(): Storage {
  const map = new Map<string, string>()
  return {
    length: 0,
    clear: () => map.clear(),
    getItem: (k) => map.get(k) ?? null,
    key: () => null,
    removeItem: (k) => void map.delete(k),
    setItem: (k, v) => void map.set(k, v),
  }
}

let tab: Storage
let events: string[]

function start(options: Partial<JoinOptions> = {}): { room: Room; joining: Promise<void> } {
  const room = new Room(
    { room: 'demo', url: 'ws://test', ...options },
    {
      openWebSocket: (url) => new FakeSocket(url) as unknown as WebSocket,
      fetch: () => Promise.reject(new TypeError('no network')),
      webrtc: false,
      storage: tab,
    },
  )
  for (const event of ['reconnecting', 'reconnected'] as const) room.on(event, () => events.push(event))
  room.on('participantConnected', (p) => events.push(`+${p.id}`))
  room.on('participantDisconnected', (p, why) => events.push(`-${p.id} ${why}`))
  room.on('disconnected', (why) => events.push(`disconnected ${why}`))
  room.on('reset', (why, lost) => events.push(`reset ${why} ${JSON.stringify(lost.map((m) => m.data))}`))
  const joining = room.start()
  joining.catch(() => undefined)
  return { room, joining }
}

/** The socket of now is opened and says hello. */
async function opened(): Promise<FakeSocket> {
  const socket = FakeSocket.last
  socket.open()
  await vi.advanceTimersByTimeAsync(0)
  return socket
}

async function enter(options: Partial<JoinOptions> = {}): Promise<{ room: Room; socket: FakeSocket }> {
  const { room, joining } = start(options)
  await vi.advanceTimersByTimeAsync(0)
  const socket = await opened()
  socket.say(joined())
  await joining
  await vi.advanceTimersByTimeAsync(0)
  events = []
  return { room, socket }
}

/** As browsers treat a tab that is hidden for long: its intervals come once a minute. */
function throttle(): void {
  const { setInterval } = globalThis
  vi.stubGlobal('setInterval', (fn: () => void, ms: number) => setInterval(fn, Math.max(ms, 60_000)))
}

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.all = []
  tab = storage()
  events = []
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('joining', () => {
  it('says who comes, and resolves with the room', async () => {
    const { room, joining } = start({ name: 'Me', token: 'tok', create: false })
    await vi.advanceTimersByTimeAsync(0)
    const socket = await opened()
    expect(socket.url).toBe('ws://test/v1/ws')
    expect(socket.sent).toEqual([
      {
        t: 'join',
        room: 'demo',
        name: 'Me',
        token: 'tok',
        create: false,
        attempt: expect.stringMatching(/^\w{32}$/),
      },
    ])
    socket.say(joined())
    await joining
    expect(room.localParticipant.id).toBe('me')
    expect([...room.participants.keys()]).toEqual(['a', 'b'])
    expect(room.transport).toBe('websocket')
    expect(room.mediaState).toBe('none')
  })

  it('tells what came along with the answer only once the page could listen', async () => {
    const heard: unknown[] = []
    const { room, joining } = start()
    await vi.advanceTimersByTimeAsync(0)
    ;(await opened()).say(joined(), message(1, 'early'))
    await joining
    room.on('message', (type, data, from, meta) => heard.push([type, data, from.id, meta.offset]))
    await vi.advanceTimersByTimeAsync(0)
    expect(heard).toEqual([['chat', 'early', 'a', 1]])
  })

  it.each([
    ['room_not_found', 1],
    ['room_full', 0],
    ['unauthorized', 0],
    ['draining', 0],
  ])('rejects with %s', async (code, calls) => {
    const roomNotFoundCallback = vi.fn()
    const { joining } = start({ roomNotFoundCallback })
    await vi.advanceTimersByTimeAsync(0)
    ;(await opened()).say({ t: 'error', re: 'join', code, message: 'no', retryMs: 5 })
    await expect(joining).rejects.toMatchObject({ code, message: 'no', retryMs: 5 })
    expect(roomNotFoundCallback).toHaveBeenCalledTimes(calls)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(FakeSocket.all).toHaveLength(1)
  })

  it('rejects with room_not_found even if the callback for it throws', async () => {
    const reported = vi.fn()
    vi.stubGlobal('reportError', reported)
    const roomNotFoundCallback = () => {
      throw new Error('of the page')
    }
    const { joining } = start({ roomNotFoundCallback })
    await vi.advanceTimersByTimeAsync(0)
    ;(await opened()).say({ t: 'error', re: 'join', code: 'room_not_found', message: 'no' })
    await expect(joining).rejects.toMatchObject({ code: 'room_not_found' })
    expect(reported).toHaveBeenCalledWith(new Error('of the page'))
  })

  it('rejects when nobody answers, after some tries', async () => {
    const { joining } = start()
    for (let i = 0; i < 4; i++) {
      await vi.advanceTimersByTimeAsync(0)
      FakeSocket.last.break()
      await vi.advanceTimersByTimeAsync(2_000)
    }
    await expect(joining).rejects.toMatchObject({ code: 'unreachable' })
    expect(FakeSocket.all).toHaveLength(4)
  })

  it('keeps the place of the page before for another try when nobody answers', async () => {
    tab.setItem('parlor:ws://test/v1/ws|demo', '{"sid":"s_0","rt":"r0"}')
    const { joining } = start()
    for (let i = 0; i < 4; i++) {
      await vi.advanceTimersByTimeAsync(0)
      FakeSocket.last.break()
      await vi.advanceTimersByTimeAsync(2_000)
    }
    await expect(joining).rejects.toMatchObject({ code: 'unreachable' })
    start()
    await vi.advanceTimersByTimeAsync(0)
    expect((await opened()).sent[0]).toMatchObject({ resume: { sid: 's_0', rt: 'r0' } })
  })

  it('rejects when the server accepts and says nothing', async () => {
    const { joining } = start()
    await vi.advanceTimersByTimeAsync(0)
    await opened()
    await vi.advanceTimersByTimeAsync(12_000)
    await expect(joining).rejects.toMatchObject({ code: 'unreachable' })
  })

  it('rejects when the answer is garbage', async () => {
    const { joining } = start()
    for (let i = 0; i < 4; i++) {
      await vi.advanceTimersByTimeAsync(0)
      ;(await opened()).say({ t: 'joined', room: 17 })
      await vi.advanceTimersByTimeAsync(2_000)
    }
    await expect(joining).rejects.toBeInstanceOf(ParlorError)
  })

  it('can be given up', async () => {
    const abort = new AbortController()
    const { joining } = start({ signal: abort.signal })
    await vi.advanceTimersByTimeAsync(0)
    abort.abort()
    await expect(joining).rejects.toMatchObject({ code: 'aborted' })
  })
})

describe('a WebSocket that breaks', () => {
  it('comes back, and the log goes on where it was', async () => {
    const heard: unknown[] = []
    const { room, socket } = await enter({ onMessage: (_, data) => heard.push(data) })
    socket.say(message(1, 'one'))
    const sent = room.sendMessage('chat', 'mine')
    await vi.advanceTimersByTimeAsync(0)
    expect(socket.frame('m')).toMatchObject({ n: 1, type: 'chat', data: 'mine' })
    socket.break()
    expect(events).toEqual(['reconnecting'])
    await vi.advanceTimersByTimeAsync(300)
    const next = await opened()
    expect(next.sent).toEqual([{ t: 'resume', sid: 's_1', rt: 'rt1' }])
    next.say({ t: 'resumed', rt: 'rt2', peer: false, here: true })
    expect(next.frame('attach')).toEqual({ t: 'attach', gen: 2, epoch: 'e1', position: 1 })
    next.say({ t: 'attached', gen: 2, n: 0 })
    await vi.advanceTimersByTimeAsync(0)
    expect(next.frame('m')).toMatchObject({ n: 1 })
    next.say({ t: 'log', after: 1, position: 2, entries: [{ o: 2, ok: 1 }] })
    expect(await sent).toEqual({ offset: 2 })
    expect(heard).toEqual(['one'])
    expect(events).toEqual(['reconnecting', 'reconnected'])

    next.break()
    await vi.advanceTimersByTimeAsync(300)
    expect((await opened()).sent).toEqual([{ t: 'resume', sid: 's_1', rt: 'rt2' }])
  })

  it('is tried again ever more slowly, and at once when the network is back', async () => {
    const online: (() => void)[] = []
    vi.stubGlobal('addEventListener', (type: string, fn: () => void) => type === 'online' && online.push(fn))
    vi.stubGlobal('removeEventListener', () => undefined)
    const { socket } = await enter()
    socket.break()
    const before = FakeSocket.all.length
    for (let ms = 0; ms < 60_000; ms += 50) {
      await vi.advanceTimersByTimeAsync(50)
      if (FakeSocket.last.readyState === 0) FakeSocket.last.break()
    }
    // At most every 2 s in the first half minute, then every 5 s.
    const tries = FakeSocket.all.length - before
    expect(tries).toBeGreaterThan(20)
    expect(tries).toBeLessThan(38)
    await vi.advanceTimersByTimeAsync(0)
    const count = FakeSocket.all.length
    for (const fn of online) fn()
    expect(FakeSocket.all.length).toBe(count + 1)
  })

  it('is noticed when it is silent', async () => {
    const { socket } = await enter()
    await vi.advanceTimersByTimeAsync(6_500)
    expect(socket.frame('ping')).toBeDefined()
    socket.say({ t: 'pong', id: 1 })
    await vi.advanceTimersByTimeAsync(6_500)
    expect(events).toEqual([])
    await vi.advanceTimersByTimeAsync(9_000)
    expect(events).toEqual(['reconnecting'])
  })

  it('is noticed when it is silent in a tab that is let run once a minute', async () => {
    throttle()
    const { socket } = await enter()
    for (let minute = 0; minute < 5; minute++) {
      await vi.advanceTimersByTimeAsync(60_500)
      const id = socket.frame('ping')?.id
      // An answer need not wait for such a tab's timers.
      if (id !== undefined) socket.say({ t: 'pong', id })
    }
    expect(events).toEqual([])
    await vi.advanceTimersByTimeAsync(180_000)
    expect(events).toEqual(['reconnecting'])
  })

  it('is asked at once when somebody looks', async () => {
    const page = Object.assign(new EventTarget(), { hidden: true })
    vi.stubGlobal('document', page)
    throttle()
    const { socket } = await enter()
    await vi.advanceTimersByTimeAsync(10_000)
    page.dispatchEvent(new Event('visibilitychange'))
    expect(socket.frame('ping')).toBeUndefined()
    page.hidden = false
    page.dispatchEvent(new Event('visibilitychange'))
    expect(socket.frame('ping')).toBeDefined()
  })

  it('is given up when garbage comes over it', async () => {
    const { socket } = await enter()
    socket.raw('{"t":"log"}')
    expect(events).toEqual(['reconnecting'])
    socket.say(message(1, 'late'))
  })

  it('that another page took over ends the session', async () => {
    const { room, socket } = await enter()
    socket.break(4000, 'superseded')
    expect(events).toEqual(['disconnected replaced'])
    expect(room.connectionState).toBe('disconnected')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(FakeSocket.all).toHaveLength(1)
  })
})

describe('a session that is gone', () => {
  it('is followed by another, and the room is as it is then', async () => {
    const { room, socket } = await enter()
    const lost = room.sendMessage('chat', 'sent')
    lost.catch(() => undefined)
    await vi.advanceTimersByTimeAsync(0)
    socket.break()
    const waits = room.sendMessage('chat', 'waits')
    await vi.advanceTimersByTimeAsync(300)
    ;(await opened()).say({ t: 'error', re: 'resume', code: 'session_not_found', message: '' })
    await vi.advanceTimersByTimeAsync(500)
    const third = await opened()
    expect(third.sent[0]).toMatchObject({ t: 'join', room: 'demo' })
    third.say(
      joined({
        sid: 's_2',
        rt: 'x',
        epoch: 'e2',
        position: 40,
        you: { id: 'me2', identity: 'me', name: 'Me' },
        participants: [participant('b'), participant('c'), participant('me2')],
      }),
    )
    await vi.advanceTimersByTimeAsync(0)
    expect(events).toEqual([
      'reconnecting',
      '-a reset',
      '+c',
      'reconnected',
      'reset session_not_found ["sent"]',
    ])
    expect(room.localParticipant.id).toBe('me2')
    await expect(lost).rejects.toMatchObject({ code: 'unconfirmed' })
    expect(third.frame('m')).toMatchObject({ n: 1, data: 'waits' })
    third.say({ t: 'log', after: 40, position: 41, entries: [{ o: 41, ok: 1 }] })
    expect(await waits).toEqual({ offset: 41 })
  })

  it('may not be followed by another: then it is over', async () => {
    const { room, socket } = await enter()
    socket.break()
    await vi.advanceTimersByTimeAsync(300)
    ;(await opened()).say({ t: 'error', re: 'resume', code: 'session_not_found', message: '' })
    await vi.advanceTimersByTimeAsync(500)
    ;(await opened()).say({ t: 'error', re: 'join', code: 'token_expired', message: '' })
    expect(events).toEqual(['reconnecting', 'disconnected token_expired'])
    await expect(room.sendMessage('x')).rejects.toMatchObject({ code: 'left' })
    await vi.advanceTimersByTimeAsync(20_000)
    expect(FakeSocket.all).toHaveLength(3)
  })

  it('is not gone with a server that comes back and still knows it', async () => {
    const { socket } = await enter()
    socket.say({ t: 'closed', code: 'draining', message: '' })
    await vi.advanceTimersByTimeAsync(300)
    ;(await opened()).say({ t: 'error', re: 'join', code: 'draining', message: '' })
    await vi.advanceTimersByTimeAsync(1_000)
    const third = await opened()
    expect(third.sent[0]).toMatchObject({ t: 'resume', sid: 's_1' })
    third.say({ t: 'resumed', rt: 'rt2', peer: false, here: true })
    const attach = third.sent.at(-1)
    third.say({ t: 'attached', gen: attach?.gen, n: 0, epoch: 'other' })
    expect(events).toEqual(['reconnecting', 'reconnected'])
  })

  it('is waited for while the server is full or on its way down', async () => {
    const { socket } = await enter()
    socket.say({ t: 'closed', code: 'draining', message: '' })
    await vi.advanceTimersByTimeAsync(300)
    const second = await opened()
    expect(second.sent[0]).toMatchObject({ t: 'resume' })
    second.say({ t: 'error', re: 'resume', code: 'session_not_found', message: '' })
    await vi.advanceTimersByTimeAsync(300)
    const third = await opened()
    expect(third.sent[0]).toMatchObject({ t: 'join' })
    third.say({ t: 'error', re: 'join', code: 'overloaded', message: '', retryMs: 3000 })
    const count = FakeSocket.all.length
    await vi.advanceTimersByTimeAsync(2_900)
    expect(FakeSocket.all).toHaveLength(count)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(FakeSocket.all).toHaveLength(count + 1)
    ;(await opened()).say(joined({ sid: 's_2' }))
    expect(events).toEqual(['reconnecting', 'reconnected', 'reset session_not_found []'])
  })

  it.each(['removed', 'room_closed', 'replaced'])('by %s is over', async (code) => {
    const { socket } = await enter()
    socket.say({ t: 'closed', code, message: '' })
    socket.break(1000)
    expect(events).toEqual([`disconnected ${code}`])
    await vi.advanceTimersByTimeAsync(20_000)
    expect(FakeSocket.all).toHaveLength(1)
  })
})

describe('the roster', () => {
  it('follows the log', async () => {
    const { room, socket } = await enter()
    const track = { id: 't1', kind: 'video', source: 'camera', muted: false }
    room.on('trackPublished', (t, p) => events.push(`published ${t.source} ${p.id}`))
    room.on('trackUnpublished', (t, p) => events.push(`unpublished ${t.source} ${p.id}`))
    room.on('trackMuted', (t) => events.push(`muted ${t.id}`))
    socket.say({
      t: 'log',
      after: 0,
      position: 9,
      entries: [
        { o: 1, event: 'joined', participant: participant('c') },
        { o: 2, event: 'published', id: 'c', track },
        { o: 3, event: 'muted', id: 'c', track: 't1', muted: true },
        { o: 4, event: 'muted', id: 'c', track: 't1', muted: true },
        { o: 5, event: 'published', id: 'nobody', track },
        { o: 6, event: 'left', id: 'a', reason: 'lost' },
        { o: 7, event: 'joined', participant: participant('me') },
        { o: 8, event: 'left', id: 'c', reason: 'left' },
        { o: 9, event: 'left', id: 'c', reason: 'left' },
      ],
    })
    expect(events).toEqual([
      '+c',
      'published camera c',
      'muted t1',
      '-a lost',
      'unpublished camera c',
      '-c left',
    ])
    expect([...room.participants.keys()]).toEqual(['b'])
  })

  it('forgets what everybody published when the server was restarted', async () => {
    const { room, socket } = await enter()
    const track = (id: string) => ({ id, kind: 'video', source: 'camera', muted: false })
    room.on('trackPublished', (t) => events.push(`published ${t.id}`))
    room.on('trackUnpublished', (t) => events.push(`unpublished ${t.id}`))
    const entries = [
      { o: 1, event: 'published', id: 'a', track: track('t1') },
      { o: 2, event: 'published', id: 'b', track: track('t2') },
      { o: 3, event: 'restarted' },
      { o: 4, event: 'published', id: 'b', track: track('t3') },
    ]
    socket.say({ t: 'log', after: 0, position: 4, entries })
    expect(events).toEqual([
      'published t1',
      'published t2',
      'unpublished t1',
      'unpublished t2',
      'published t3',
    ])
    expect([...room.participants.keys()]).toEqual(['a', 'b'])
  })

  it('knows who sent a message after they left', async () => {
    const heard: string[] = []
    const { socket } = await enter({ onMessage: (_type, _data, from) => heard.push(from.name) })
    socket.say(
      { t: 'log', after: 0, position: 1, entries: [{ o: 1, event: 'left', id: 'a', reason: 'left' }] },
      message(2, 'bye'),
    )
    expect(heard).toEqual(['A'])
  })
})

describe('leaving', () => {
  it('says so and is over', async () => {
    const { room, socket } = await enter()
    const waits = room.sendMessage('x', 1)
    room.leave()
    expect(socket.frame('leave')).toEqual({ t: 'leave' })
    expect(events).toEqual(['disconnected left'])
    await expect(waits).rejects.toMatchObject({ code: 'left' })
    room.leave()
    expect(events).toEqual(['disconnected left'])
  })

  it('for a reload keeps the place for the next page', async () => {
    const listeners = new Map<string, (e: unknown) => void>()
    vi.stubGlobal('addEventListener', (type: string, fn: (e: unknown) => void) => listeners.set(type, fn))
    vi.stubGlobal('removeEventListener', (type: string) => listeners.delete(type))
    const { room, socket } = await enter()
    listeners.get('pagehide')?.({ persisted: false })
    expect(socket.frame('leave')).toEqual({ t: 'leave', return: true })
    expect(room.connectionState).toBe('connected')

    start()
    await vi.advanceTimersByTimeAsync(0)
    expect((await opened()).sent[0]).toMatchObject({ t: 'join', resume: { sid: 's_1', rt: 'rt1' } })
    // A second tab, a copy of the first, is somebody else.
    start()
    await vi.advanceTimersByTimeAsync(0)
    expect((await opened()).sent[0]?.resume).toBeUndefined()
  })
})
