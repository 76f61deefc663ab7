import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { JoinOptions } from '../src/options'
import { Room } from '../src/room'
import { FakeSocket } from './socket'

const joined = (more: Record<string, unknown> = {}) => ({
  t: 'joined',
  room: 'demo',
  sid: 's_1',
  rt: 'rt1',
  epoch: 'e1',
  position: 0,
  you: { id: 'me', identity: 'me', name: 'Me' },
  grant: { publish: true, subscribe: true, data: true, admin: false },
  participants: [{ id: 'p_a', identity: 'ada', name: 'Ada', admin: true }],
  settings: { locked: false, lobby: false },
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
const admin = { grant: { publish: true, subscribe: true, data: true, admin: true } }
const log = (o: number, event: Record<string, unknown>) => ({
  t: 'log',
  after: o - 1,
  position: o,
  entries: [{ o, ...event }],
})
const wait = (more: Record<string, unknown> = {}) => ({
  t: 'wait',
  attempt: 'a-word',
  attended: true,
  ...more,
})

let events: string[]
let answers: (() => Response)[]
let posted: Record<string, unknown>[]

function start(options: Partial<JoinOptions> = {}) {
  const room = new Room(
    {
      room: 'demo',
      url: 'ws://test',
      onWaiting: (attended) => events.push(`waiting ${attended}`),
      ...options,
    },
    {
      openWebSocket: (url) => new FakeSocket(url) as unknown as WebSocket,
      fetch: (_, init) => {
        if (typeof init?.body === 'string') posted.push(JSON.parse(init.body) as Record<string, unknown>)
        const answer = answers.shift()
        return answer ? Promise.resolve(answer()) : new Promise(() => undefined)
      },
      webrtc: false,
      storage: undefined,
    },
  )
  room.on('lockedChanged', (locked, by) => events.push(`locked ${locked} ${by?.name}`))
  room.on('lobbyChanged', (lobby, by) => events.push(`lobby ${lobby} ${by?.name}`))
  room.on('waitingChanged', (list) => events.push(`knocks ${list.map((w) => w.name).join()}`))
  room.on('adminChanged', (p) => events.push(`admin ${p.name} ${p.isAdmin}`))
  room.on('disconnected', (why) => events.push(`disconnected ${why}`))
  const joining = room.start()
  joining.catch(() => undefined)
  return { room, joining }
}

const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms)

async function opened(): Promise<FakeSocket> {
  await pass()
  const socket = FakeSocket.last
  socket.open()
  await pass()
  return socket
}

async function enter(more: Record<string, unknown> = {}) {
  const { room, joining } = start()
  const socket = await opened()
  socket.say(joined(more))
  await joining
  await pass()
  events = []
  return { room, socket }
}

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.all = []
  events = []
  answers = []
  posted = []
})
afterEach(() => vi.useRealTimers())

describe('moderating', () => {
  it('is for those who may', async () => {
    const { room } = await enter()
    for (const ask of [
      () => room.remove('p_a'),
      () => room.setLocked(true),
      () => room.setLobby(true),
      () => room.admit(),
      () => room.deny('k_1'),
      () => room.end(),
    ])
      expect(ask).toThrow(expect.objectContaining({ code: 'not_allowed' }))
    expect([room.localParticipant.isAdmin, room.participants.get('p_a')?.isAdmin]).toEqual([false, true])
  })

  it('is asked of the server, and what comes of it is told', async () => {
    const { room, socket } = await enter(admin)
    room.remove('p_a')
    room.setLocked(true)
    room.setLobby(false)
    room.admit('k_1')
    room.admit()
    room.deny('k_2')
    room.deny()
    room.end()
    expect(socket.sent.filter((m) => m.t !== 'join')).toEqual([
      { t: 'remove', participant: 'p_a' },
      { t: 'settings', locked: true },
      { t: 'settings', lobby: false },
      { t: 'admit', knock: 'k_1' },
      { t: 'admit', all: true },
      { t: 'deny', knock: 'k_2' },
      { t: 'deny', all: true },
      { t: 'end' },
    ])
    socket.say(log(1, { event: 'settings', locked: true, lobby: true, by: 'p_a' }))
    socket.say(log(2, { event: 'settings', locked: false, lobby: true, by: 'me' }))
    socket.say(log(3, { event: 'settings', locked: false, lobby: false }))
    expect(events).toEqual(['locked true Ada', 'lobby true Ada', 'locked false Me', 'lobby false undefined'])
    socket.say({ t: 'knocks', knocks: [{ id: 'k_1', name: 'Ben' }] })
    expect(room.waiting).toEqual([{ id: 'k_1', identity: '', name: 'Ben' }])
    socket.say({ t: 'knocks', knocks: [] }, { t: 'knocks', knocks: [] })
    expect(events.slice(4)).toEqual(['knocks Ben', 'knocks '])
  })

  it('says so where there is no connection to ask by', async () => {
    const { room, socket } = await enter(admin)
    socket.break()
    expect(() => room.setLocked(true)).toThrow(expect.objectContaining({ code: 'unreachable' }))
  })

  it('may come to us when the host has gone', async () => {
    const { room, socket } = await enter()
    socket.say(log(1, { event: 'appointed', id: 'me' }), log(2, { event: 'appointed', id: 'p_a' }))
    expect(events).toEqual(['admin Me true'])
    expect([room.grant.admin, room.localParticipant.isAdmin]).toEqual([true, true])
    room.setLocked(true)
    expect(socket.frame('settings')).toEqual({ t: 'settings', locked: true })
  })

  it('is as the server says when the log could not be gone on with', async () => {
    const { room, socket } = await enter()
    const now = { settings: { locked: true, lobby: false }, ...admin }
    const reset = { t: 'reset', gen: 1, reason: 'trimmed', epoch: 'e1', position: 9, n: 0, participants: [] }
    socket.say({ ...reset, ...now })
    expect([room.isLocked, room.hasLobby, room.grant.admin]).toEqual([true, false, true])
  })
})

describe('whoever was put out', () => {
  it.each(['removed', 'room_closed'])('does not come back by itself: %s', async (code) => {
    const { socket } = await enter()
    socket.break()
    await pass(2_000)
    const again = await opened()
    expect(again.frame('resume')).toBeDefined()
    again.say({ t: 'error', re: 'resume', code, message: 'no' })
    await pass(60_000)
    expect(events).toEqual([`disconnected ${code}`])
    expect(FakeSocket.all).toHaveLength(2)
  })
})

describe('waiting to be let in', () => {
  it('takes as long as it takes, then goes on with what was decided', async () => {
    const { joining } = start()
    const socket = await opened()
    socket.say(wait())
    for (let n = 0; n < 60; n++) {
      await pass(5_000)
      const ping = socket.frame('ping')
      if (ping) socket.say({ t: 'pong', id: ping.id })
    }
    socket.say(wait({ attended: false }))
    socket.say(wait({ attended: true, decided: true }))
    await pass()
    expect(socket.sent.filter((m) => m.t === 'join')).toMatchObject([{}, { attempt: 'a-word', wait: true }])
    socket.say(joined())
    await joining
    expect(events).toEqual(['waiting true', 'waiting false', 'waiting true'])
    expect(FakeSocket.all).toHaveLength(1)
  })

  it('ends with a word when somebody says no', async () => {
    const { joining } = start()
    const socket = await opened()
    socket.say(wait({ decided: true }))
    await pass()
    socket.say({ t: 'error', re: 'join', code: 'denied', message: 'no' })
    await expect(joining).rejects.toMatchObject({ code: 'denied' })
  })

  it('goes on over another WebSocket when one falls silent', async () => {
    start({ transports: ['websocket'] })
    const socket = await opened()
    socket.say(wait())
    for (let n = 0; n < 100 && FakeSocket.all.length < 2; n++) await pass(250)
    const again = await opened()
    expect(again.frame('join')).toMatchObject({ attempt: 'a-word' })
  })

  it('can be given up', async () => {
    const stop = new AbortController()
    const { joining } = start({ signal: stop.signal })
    const socket = await opened()
    socket.say(wait())
    stop.abort()
    await expect(joining).rejects.toMatchObject({ code: 'aborted' })
    expect(socket.readyState).toBe(3)
  })

  it('asks again over HTTP until it is over', async () => {
    const json = (status: number, body: unknown) => () =>
      new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
    answers = [json(202, wait()), json(202, wait({ attended: false })), json(201, joined({ link: 'key' }))]
    const { joining } = start({ transports: ['poll'] })
    await pass()
    await joining
    expect(events.slice(0, 2)).toEqual(['waiting true', 'waiting false'])
    expect(posted.slice(0, 3)).toMatchObject([
      { t: 'join' },
      { attempt: 'a-word', wait: true },
      { wait: true },
    ])
    expect(posted[0]).not.toHaveProperty('wait')
  })
})
