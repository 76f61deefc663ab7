import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { encodeBytes } from '../src/bytes'
import type { ParlorError } from '../src/errors'
import { split } from '../src/pieces'
import { Room } from '../src/room'
import { FakeSocket } from './socket'
import { limits } from './world'

/** Takes frames with bytes as well. */
class Socket extends FakeSocket {
  readonly binary: Uint8Array[] = []

  override send(frame: string | Uint8Array): void {
    if (typeof frame === 'string') super.send(frame)
    else this.binary.push(frame)
  }
}

const joined = {
  t: 'joined',
  room: 'demo',
  sid: 's_1',
  rt: 'rt1',
  epoch: 'e1',
  position: 5,
  state: 2,
  history: ['chat'],
  you: { id: 'me', identity: 'me', name: 'Me' },
  grant: { publish: true, subscribe: true, data: true, admin: false },
  participants: [{ id: 'a', identity: 'a', name: 'A' }],
  limits,
}
const cells = [
  { k: 'x', v: 1, o: 3 },
  { k: 'y', v: 2, o: 4 },
]

let room: Room
let socket: Socket
let events: string[]

beforeEach(async () => {
  vi.useFakeTimers()
  FakeSocket.all = []
  events = []
  const openWebSocket = (url: string) => new Socket(url) as unknown as WebSocket
  const environment = {
    openWebSocket,
    fetch: () => Promise.reject(new TypeError('no network')),
    webrtc: false,
    storage: undefined,
  }
  room = new Room({ room: 'demo', url: 'ws://test' }, environment)
  room.on('message', (type, data, from, { offset, lossy }) =>
    events.push(`${type} ${JSON.stringify(data)} ${from.id} ${offset} ${lossy}`),
  )
  room.on('stateChanged', (...change) => events.push(`state ${JSON.stringify(change)}`))
  room.on('drain', () => events.push('drain'))
  const joining = room.start()
  await vi.advanceTimersByTimeAsync(0)
  socket = FakeSocket.last as Socket
  socket.open()
  await vi.advanceTimersByTimeAsync(0)
  socket.say(joined)
  await joining
  await vi.advanceTimersByTimeAsync(0)
})
afterEach(() => {
  room.leave()
  vi.useRealTimers()
})

const log = (o: number, entry: Record<string, unknown>) => ({
  t: 'log',
  after: o - 1,
  position: o,
  entries: [{ o, at: 1, ...entry }],
})
const ready = async () => {
  socket.say({ t: 'state', position: 5, at: 0, of: 2, cells })
  await room.state.ready
}

describe('a room', () => {
  it('sends bytes as bytes, and gives them as bytes', async () => {
    const sent = room.sendMessage('x', new Uint8Array([1, 2, 3]))
    await vi.advanceTimersByTimeAsync(0)
    expect(socket.binary).toEqual([
      encodeBytes(['{"t":"m","n":1,"type":"x","bytes":3}'], [Uint8Array.of(1, 2, 3)]),
    ])
    await ready()
    socket.say(log(6, { ok: 1 }))
    expect(await sent).toEqual({ offset: 6 })
    const frame = encodeBytes(
      [JSON.stringify(log(7, { from: 'a', type: 'y', bytes: 2 }))],
      [Uint8Array.of(8, 9)],
    )
    socket.raw(frame.buffer)
    expect(events.slice(-2)).toEqual(['drain', 'y {"0":8,"1":9} a 7 false'])
  })

  it('takes frames in pieces, and no larger ones than it was told of', async () => {
    await ready()
    const text = JSON.stringify(log(6, { from: 'a', type: 'y', data: '€'.repeat(50) }))
    for (const piece of split(text, 40)) socket.raw(piece.buffer)
    expect(events.at(-1)).toBe(`y "${'€'.repeat(50)}" a 6 false`)
    const [first] = split('x'.repeat(limits.frameBytes + 1), 40)
    expect(socket.readyState).toBe(1)
    socket.raw(first?.buffer)
    expect(socket.readyState).toBe(3)
  })

  it('has a state', async () => {
    expect(room.state.get('x')).toBeUndefined()
    await ready()
    expect(room.state.entries()).toEqual([
      ['x', 1],
      ['y', 2],
    ])
    const done = room.state.set('x', 5)
    await vi.advanceTimersByTimeAsync(0)
    expect(socket.frame('s')).toEqual({ t: 's', n: 1, ops: [{ k: 'x', v: 5, base: 3 }] })
    socket.say(
      log(6, { ok: 1, from: 'me', ops: [{ k: 'x', v: 5 }] }),
      log(7, { from: 'a', ops: [{ k: 'y', del: true }] }),
    )
    expect(await done).toEqual({ offset: 6 })
    expect(events.filter((e) => e.startsWith('state'))).toEqual([
      'state ["x",1,"",3]',
      'state ["y",2,"",4]',
      'state ["x",5,"me",0]',
      'state ["y",null,"a",7]',
    ])
  })

  it('refuses a change of the state at its place', async () => {
    await ready()
    const done = room.state.set('x', 5).catch((err: ParlorError) => err.code)
    socket.say(log(6, { refused: 1, code: 'not_allowed', message: 'no' }))
    expect(await done).toBe('not_allowed')
    expect(room.state.get('x')).toBe(1)
  })

  it('takes back a change that lost against a higher version, which is no refusal', async () => {
    await ready()
    const done = room.state.set('ver/x', 'mine', { version: 1 })
    socket.say(log(6, { from: 'a', ops: [{ k: 'ver/x', v: 'theirs', ver: 2 }] }))
    expect(room.state.get('ver/x')).toBe('mine')
    socket.say(log(7, { ok: 1, from: 'me', ops: [] }))
    expect(await done).toEqual({ offset: 7 })
    expect(room.state.get('ver/x')).toBe('theirs')
    expect(events.at(-1)).toBe('state ["ver/x","theirs","a",6]')
  })

  it('takes only what changed if the server says no more, and what was deleted is gone', async () => {
    await ready()
    events = []
    socket.say({ t: 'reset', gen: 1, reason: 'trimmed', epoch: 'e1', position: 90, n: 0, state: 2, since: true, participants: [] }) // prettier-ignore
    socket.say({
      t: 'state',
      position: 90,
      at: 0,
      of: 2,
      cells: [
        { k: 'x', del: true, o: 50 },
        { k: 'z', v: 3, o: 60 },
      ],
    })
    expect(room.state.entries()).toEqual([
      ['y', 2],
      ['z', 3],
    ])
    socket.say(log(91, { from: 'a', ops: [{ k: 'y', v: 4 }] }))
    expect(room.state.get('y')).toBe(4)
    expect(events).toEqual(['state ["x",null,"",50]', 'state ["z",3,"",60]', 'state ["y",4,"a",91]'])
  })

  it('sends lossy messages beside the others, and takes those of who is there', async () => {
    expect(await room.sendMessage('cursor', { x: 1 }, { lossy: true, key: 'pen', to: 'a' })).toEqual({
      offset: 0,
    })
    expect(socket.frame('e')).toEqual({ t: 'e', type: 'cursor', key: 'pen', to: ['a'], data: { x: 1 } })
    await expect(room.sendMessage('cursor', 'x'.repeat(999), { lossy: true })).rejects.toMatchObject({ code: 'too_large' }) // prettier-ignore
    socket.say(
      { t: 'e', from: 'gone', type: 'cursor', data: 1 },
      { t: 'e', from: 'a', type: 'cursor', data: 2 },
    )
    expect(events).toEqual(['cursor 2 a 0 true'])
  })

  it('sends the last lossy message again when its link turns out to be dead', async () => {
    await ready()
    await room.sendMessage('cursor', 1, { lossy: true })
    await room.sendMessage('cursor', 2, { lossy: true })
    await vi.advanceTimersByTimeAsync(1_000)
    socket.break()
    await vi.advanceTimersByTimeAsync(300)
    const next = FakeSocket.last
    next.open()
    await vi.advanceTimersByTimeAsync(0)
    next.say({ t: 'resumed', rt: 'rt2', peer: false, here: true })
    next.say({ t: 'attached', gen: 2, n: 0 })
    expect(next.frame('e')).toEqual({ t: 'e', type: 'cursor', key: '', data: 2 })
  })

  it('tells of the past', async () => {
    const page = room.history({ type: 'chat', limit: 2 })
    expect(socket.frame('history')).toEqual({ t: 'history', id: 1, type: 'chat', limit: 2 })
    const old = { o: 2, from: 'b', name: 'B', type: 'chat', data: 'hi', at: 7 }
    socket.say({ t: 'history', id: 1, entries: [old], more: true })
    const from = { id: 'b', name: 'B' }
    expect(await page).toEqual({
      messages: [{ type: 'chat', data: 'hi', from, offset: 2, sentAt: new Date(7) }],
      more: true,
    })
    const refused = room.history({ limit: 1000 })
    socket.say({ t: 'error', re: 'history', id: 2, code: 'bad_message', message: '' })
    await expect(refused).rejects.toMatchObject({ code: 'bad_message' })
  })

  it('does none of it once it was left', async () => {
    const waits = room.history()
    room.leave()
    for (const late of [
      waits,
      room.sendMessage('x'),
      room.sendMessage('x', 1, { lossy: true }),
      room.state.set('a', 1),
      room.history(),
      room.state.ready,
    ])
      // prettier-ignore
      await expect(late).rejects.toMatchObject({ code: 'left' })
  })

  it('says how far it is when it is asked', () => {
    socket.say({ t: 'beat' })
    expect(socket.frame('ack')).toEqual({ t: 'ack', position: 5 })
  })
})
