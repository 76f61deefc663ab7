import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ParlorError } from '../src/errors'
import type { Outgoing } from '../src/outbox'
import { RoomState } from '../src/state'
import type { Cell, Op } from '../src/wire'
import { Client } from './client'
import { limits, random, Server } from './world'

const set = (key: string, value: unknown): Op => ({ key, del: false, value })
const del = (key: string): Op => ({ key, del: true })
const cell = (key: string, value: unknown, o: number): Cell => ({ key, del: false, value, o, by: '' })

/** A state whose server is the test. */
function alone() {
  const posted: Outgoing[] = []
  const told: string[] = []
  const state = new RoomState({
    post: (outgoing) => posted.push(outgoing),
    limits: () => limits,
    me: () => 'me',
    changed: (key, value, by, o) => told.push(`${key}=${JSON.stringify(value)} ${by} ${o}`),
  })
  const ops = (i: number) => JSON.parse(`{${posted[i]?.members ?? ''}}`) as { ops: unknown[] }
  return { state, posted, told, ops: (i: number) => ops(i).ops }
}

const quiet = (promise: Promise<unknown>) => promise.catch((err: ParlorError) => err.code)

describe('what others did', () => {
  it('shows, and is told with who did it and where', () => {
    const { state, told } = alone()
    state.replace([cell('a', 1, 3)], false, 'e1')
    state.apply([set('b', { x: 1 }), del('a')], 'p_1', 4)
    state.apply([del('b')], '', 5)
    expect(told).toEqual(['a=1  3', 'b={"x":1} p_1 4', 'a=undefined p_1 4', 'b=undefined  5'])
    expect(state.entries()).toEqual([])
  })

  it('is told when all of it is done, and only where something changed', () => {
    const { state, told } = alone()
    const seen: unknown[] = []
    state.subscribe('', () => seen.push([state.get('a'), state.get('b')]))
    state.apply([set('a', 1), set('b', 2)], 'p', 1)
    state.apply([set('a', 1)], 'q', 2)
    expect(seen).toEqual([
      [1, 2],
      [1, 2],
    ])
    expect(told).toHaveLength(2)
    expect(state.offset('a')).toBe(2)
    expect(state.offset('none')).toBe(0)
  })

  it('says who set a key, ourselves from the start', () => {
    const { state, posted } = alone()
    state.replace([{ ...cell('own/hand/p_1', true, 3), by: 'p_1' }], false, 'e1')
    state.apply([set('b', 1)], 'p_2', 4)
    void state.set('mine', true)
    expect(['own/hand/p_1', 'b', 'mine', 'none'].map((key) => state.by(key))).toEqual([
      'p_1',
      'p_2',
      'me',
      '',
    ])
    void state.delete('b')
    expect(state.by('b')).toBe('')
    state.apply([set('mine', true), del('b')], 'me', 5)
    for (const { done } of posted) done(5)
    expect([state.by('mine'), state.by('b')]).toEqual(['me', ''])
  })

  it('is told to those who asked for it, until they have enough', () => {
    const { state } = alone()
    const seen: string[] = []
    const end = state.subscribe('a/', (key) => seen.push(key))
    vi.stubGlobal('reportError', () => undefined)
    state.subscribe('a/', () => {
      throw new Error('harms nobody else')
    })
    state.subscribe('a/1', (key) => seen.push(`again ${key}`))
    state.apply([set('a/1', 1), set('b/1', 1), set('a', 1)], 'p', 1)
    end()
    state.apply([set('a/2', 1)], 'p', 2)
    expect(seen).toEqual(['a/1', 'again a/1'])
    vi.unstubAllGlobals()
  })

  it('is listed by key', () => {
    const { state } = alone()
    state.replace([cell('b/2', 2, 1), cell('b/1', 1, 2), cell('a', 0, 3)], false, 'e1')
    void state.set('b/3', 3)
    void state.delete('b/2')
    expect(state.entries('b/')).toEqual([
      ['b/1', 1],
      ['b/3', 3],
    ])
    expect(state.entries().map(([key]) => key)).toEqual(['a', 'b/1', 'b/3'])
  })

  it('has keys that mean something to JavaScript', () => {
    const { state, told } = alone()
    for (const key of ['__proto__', 'constructor', 'toString']) {
      expect(state.get(key)).toBeUndefined()
      state.apply([set(key, JSON.parse('{"__proto__":{"evil":1}}'))], 'p', 1)
    }
    expect(told).toHaveLength(3)
    expect(({} as Record<string, unknown>).evil).toBeUndefined()
    expect(state.entries()).toHaveLength(3)
  })
})

describe('what we do', () => {
  it('shows at once, and is told once', async () => {
    const { state, posted, told, ops } = alone()
    const value = { at: new Date(0), none: undefined, x: -0 }
    const done = state.set('a', value, { ttl: 500, nonce: 2, version: 7, if: 0 })
    value.x = 5
    expect(state.get('a')).toEqual({ at: '1970-01-01T00:00:00.000Z', x: 0 })
    expect(ops(0)).toEqual([
      { k: 'a', v: { at: '1970-01-01T00:00:00.000Z', x: 0 }, base: 0, if: 0, ver: 7, nonce: 2, ttl: 500 },
    ])
    expect(told).toEqual(['a={"at":"1970-01-01T00:00:00.000Z","x":0} me 0'])
    state.apply([set('a', { at: '1970-01-01T00:00:00.000Z', x: 0 })], 'me', 8)
    posted[0]?.done(8)
    expect(await done).toEqual({ offset: 8 })
    expect(told).toHaveLength(1)
    expect(state.offset('a')).toBe(8)
  })

  it('covers what others do meanwhile, until it is confirmed', () => {
    const { state, posted, told } = alone()
    state.replace([cell('a', 0, 1)], false, 'e1')
    void state.set('a', 'mine')
    state.apply([set('a', 'theirs')], 'p', 2)
    expect(state.get('a')).toBe('mine')
    expect(state.offset('a')).toBe(2)
    state.apply([set('a', 'mine')], 'me', 3)
    posted[0]?.done(3)
    expect(told).toEqual(['a=0  1', 'a="mine" me 0'])
  })

  it.each([
    ['there is what others did', set('a', 'theirs'), 'a="theirs" p 2', 'theirs'],
    ['there is nothing any more', del('a'), 'a=undefined p 2', undefined],
  ])('is taken back when it is refused: %s', async (_, theirs, last, value) => {
    const { state, posted, told } = alone()
    state.replace([cell('a', 0, 1)], false, 'e1')
    const done = quiet(state.patch([{ key: 'b', value: 1 }, { key: 'a', value: 'mine' }])) // prettier-ignore
    state.apply([theirs], 'p', 2)
    posted[0]?.failed(new ParlorError('conflict', ''))
    expect(await done).toBe('conflict')
    expect(told.slice(3)).toEqual(['b=undefined  0', last])
    expect(state.get('a')).toBe(value)
    expect(state.entries().map(([key]) => key)).toEqual(value === undefined ? [] : ['a'])
  })

  it('makes room for what won against it', async () => {
    const { state, posted, told } = alone()
    state.replace([cell('ver/a', 'old', 1)], false, 'e1')
    const done = state.set('ver/a', 'mine', { version: 3 })
    state.apply([set('ver/a', 'winner')], 'p', 2)
    posted[0]?.done(3)
    expect(await done).toEqual({ offset: 3 })
    expect(told.at(-1)).toBe('ver/a="winner" p 2')
  })

  it('piles up, and is settled one by one', () => {
    const { state, posted, told } = alone()
    for (const value of [1, 2, 3]) void quiet(state.set('a', value))
    state.apply([set('a', 1)], 'me', 1)
    posted[0]?.done(1)
    expect(state.get('a')).toBe(3)
    posted[1]?.failed(new ParlorError('conflict', ''))
    expect(state.get('a')).toBe(3)
    posted[2]?.failed(new ParlorError('conflict', ''))
    expect(told).toEqual(['a=1 me 0', 'a=2 me 0', 'a=3 me 0', 'a=1 me 1'])
  })

  it('says what it was made for', () => {
    const { state, ops } = alone()
    state.replace([cell('a', 0, 7)], false, 'e1')
    void state.set('a', 1)
    state.apply([del('a')], 'p', 8)
    // Still on top of what was deleted: it must not bring it back.
    void state.set('a', 2)
    void state.delete('a')
    void state.set('a', 3)
    void state.patch([{ key: 'b', value: 1 }, { key: 'b', delete: true }, { key: 'b', value: 2 }]) // prettier-ignore
    expect([0, 1, 2, 3].map((i) => (ops(i)[0] as { base: number }).base)).toEqual([7, 7, 7, 0])
    expect(ops(2)).toEqual([{ k: 'a', del: true, base: 7 }])
    expect(ops(4)).toMatchObject([{ base: 0 }, { base: 0 }, { base: 0 }])
  })

  it('to a key that it made stays on top of that, however little it waits', () => {
    const { state, posted, ops } = alone()
    const base = (i: number) => (ops(i)[0] as { base: number }).base
    void state.set('a', 0)
    void state.set('a', 1)
    state.apply([set('a', 0)], 'me', 7)
    posted[0]?.done(7)
    // There is always one on its way.
    void state.set('a', 2)
    state.apply([set('a', 1)], 'me', 8)
    posted[1]?.done(8)
    void state.set('a', 3)
    expect([0, 1, 2, 3].map(base)).toEqual([0, 0, 7, 7])
    state.apply([del('a')], 'p', 9)
    void state.set('a', 4)
    expect(base(4)).toBe(7)
  })

  it('to a key that it deleted makes it anew', () => {
    const { state, posted, ops } = alone()
    const bases = () => posted.map((_, i) => (ops(i)[0] as { base: number }).base)
    void state.set('a', 0)
    void state.set('a', 1)
    void state.delete('a')
    void state.set('a', 2)
    state.apply([set('a', 0)], 'me', 7)
    posted[0]?.done(7)
    void state.set('a', 3)
    expect(bases()).toEqual([0, 0, 0, 0, 0])
    for (const [i, op] of [set('a', 1), del('a'), set('a', 2)].entries()) {
      state.apply([op], 'me', 8 + i)
      posted[1 + i]?.done(8 + i)
      void state.set('a', 4 + i)
    }
    expect(bases().slice(5)).toEqual([0, 0, 10])
  })

  it.each([
    ['bad_message', '', 1],
    ['bad_message', 'k'.repeat(257), 1],
    ['bad_message', 'a', undefined],
    ['bad_message', 'a', () => 1],
    ['bad_message', 'a', 1n],
    ['bad_message', 'a', new Uint8Array(3)],
    ['too_large', 'a', 'x'.repeat(262_143)],
  ])('is refused here as %s before it shows', async (code, key, value) => {
    const { state, posted, told } = alone()
    expect(await quiet(state.set(key, value))).toBe(code)
    expect(await quiet(state.patch([{ key: 'ok', value: 1 }, { key, value }]))).toBe(code) // prettier-ignore
    expect(await quiet(state.patch([]))).toBe('bad_message')
    expect([posted, told, state.entries()]).toEqual([[], [], []])
  })

  it('does not show if it cannot even wait', async () => {
    const told: string[] = []
    const state = new RoomState({
      post: () => {
        throw new ParlorError('left', '')
      },
      limits: () => limits,
      me: () => 'me',
      changed: (key) => told.push(key),
    })
    expect(await quiet(state.set('a', 1))).toBe('left')
    expect(told).toEqual([])
  })
})

describe('a snapshot', () => {
  it('takes away what is not in it, and tells only what differs', () => {
    const { state, told } = alone()
    state.replace([cell('a', 1, 1), cell('b', 2, 2), cell('c', 3, 3)], false, 'e1')
    told.length = 0
    state.replace([cell('a', 1, 1), cell('b', 5, 9), cell('d', 4, 8)], false, 'e1')
    expect(told.sort()).toEqual(['b=5  9', 'c=undefined  0', 'd=4  8'])
    // Offsets of another epoch say nothing.
    state.replace([cell('a', 7, 1), cell('b', 5, 1), cell('d', 4, 2)], false, 'e2')
    expect(told.slice(3)).toEqual(['a=7  1'])
  })

  it('of what changed leaves the rest', () => {
    const { state, told } = alone()
    state.replace([cell('a', 1, 1), cell('b', 2, 2)], false, 'e1')
    told.length = 0
    state.replace([cell('c', 3, 8), { ...del('b'), o: 9, by: '' }], true, 'e1')
    expect(told).toEqual(['c=3  8', 'b=undefined  9'])
    expect(state.entries()).toEqual([
      ['a', 1],
      ['c', 3],
    ])
  })

  it('says what became of changes whose answer was lost, without a flicker', async () => {
    const { state, posted, told } = alone()
    state.replace([cell('a', 0, 1)], false, 'e1')
    const done = [quiet(state.set('a', 1)), quiet(state.set('b', 1)), quiet(state.set('c', 1))]
    told.length = 0
    posted[0]?.failed(new ParlorError('unconfirmed', ''))
    posted[1]?.failed(new ParlorError('unconfirmed', ''))
    expect(state.entries()).toHaveLength(3)
    state.replace([cell('a', 1, 5)], false, 'e1')
    expect(told).toEqual(['b=undefined  0'])
    expect(state.entries()).toEqual([
      ['a', 1],
      ['c', 1],
    ])
    posted[2]?.done(6)
    expect(await Promise.all(done)).toEqual(['unconfirmed', 'unconfirmed', { offset: 6 }])
  })

  it('makes it ready; leaving ends the wait', async () => {
    const { state } = alone()
    state.replace([], false, 'e1')
    await state.ready
    const other = alone().state
    other.end(new ParlorError('left', ''))
    await expect(other.ready).rejects.toMatchObject({ code: 'left' })
  })
})

describe('over links', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
  })

  const filled = (count: number) => {
    const server = new Server()
    server.page = 10
    server.log.length = 1
    for (let i = 0; i < count; i++) server.cells.set(`k${i}`, { k: `k${i}`, v: i, o: 1 })
    return server
  }

  it('newcomers see what is there, and what follows', async () => {
    const server = filled(95)
    const a = new Client(server, 'a')
    const b = new Client(server, 'b')
    void a.state.set('k3', 'new')
    void a.state.delete('k4')
    await vi.advanceTimersByTimeAsync(100)
    for (const { state } of [a, b]) {
      await state.ready
      expect(state.entries()).toHaveLength(94)
      expect(state.get('k3')).toBe('new')
    }
    expect(b.server.acked).toBe(1)
    expect(b.told.slice(-2)).toEqual(['k3="new" a 2', 'k4=undefined a 3'])
    expect(a.told.filter((t) => t.startsWith('k3='))).toHaveLength(1)
  })

  it('a snapshot goes on after a switch in the middle of it', async () => {
    const server = filled(95)
    let at = 0
    // The pages come one after the other.
    const a = new Client(server, 'a', () => (at += 2))
    const b = new Client(server, 'b')
    await vi.advanceTimersByTimeAsync(9)
    expect(a.state.entries()).toEqual([])
    a.ws?.close()
    void b.state.set('k5', 'five')
    a.openWebSocket()
    await vi.advanceTimersByTimeAsync(2_000)
    expect(a.server.asked.length).toBeGreaterThan(0)
    expect(a.server.asked[0]).toBeGreaterThan(0)
    expect(a.server.asked[0]).toBeLessThan(95)
    expect(a.resets).toEqual([])
    expect(a.state.entries()).toEqual(b.state.entries())
    expect(a.state.get('k5')).toBe('five')
    expect(a.state.entries()).toHaveLength(95)
    // From then on there is nothing to say of it.
    a.openChannel()
    await vi.advanceTimersByTimeAsync(2_000)
    expect(a.server.asked.at(-1)).toBeUndefined()
  })

  it('what was deleted meanwhile stays deleted, and other edits are kept', async () => {
    const server = filled(3)
    const a = new Client(server, 'a')
    const b = new Client(server, 'b')
    await vi.advanceTimersByTimeAsync(100)
    a.ws?.close()
    const offline = [
      quiet(a.state.set('k1', 'offline')),
      quiet(a.state.set('k2', 'offline')),
      quiet(a.state.set('new', 'offline')),
    ]
    expect(a.state.get('k1')).toBe('offline')
    void b.state.delete('k1')
    void b.state.set('k2', 'online')
    await vi.advanceTimersByTimeAsync(100)
    a.openWebSocket()
    await vi.advanceTimersByTimeAsync(200)
    expect(await Promise.all(offline)).toEqual(['conflict', { offset: 5 }, { offset: 6 }])
    for (const { state } of [a, b]) {
      expect(state.entries()).toEqual([
        ['k0', 0],
        ['k2', 'offline'],
        ['new', 'offline'],
      ])
    }
  })

  it('what was deleted while its maker went on with it stays deleted', async () => {
    const server = filled(0)
    const a = new Client(server, 'a', () => 50)
    const b = new Client(server, 'b')
    await vi.advanceTimersByTimeAsync(200)
    const outcomes = new Set<unknown>()
    // Sixty times a second: before one is confirmed, six more are on their way.
    const drag = async (steps: number) => {
      for (let i = 0; i < steps; i++) {
        void quiet(a.state.set('shape', { x: i })).then((outcome) =>
          outcomes.add(typeof outcome === 'string' ? outcome : 'ok'),
        )
        await vi.advanceTimersByTimeAsync(16)
      }
    }
    await drag(60)
    void b.state.delete('shape')
    await drag(60)
    await vi.advanceTimersByTimeAsync(1_000)
    expect([...outcomes]).toEqual(['ok', 'conflict'])
    for (const { state } of [a, b]) expect(state.entries()).toEqual([])
  })

  it.each(['trimmed', 'epoch'])('so after a reset: %s', async (reason) => {
    const server = filled(30)
    const a = new Client(server, 'a')
    const b = new Client(server, 'b')
    await vi.advanceTimersByTimeAsync(100)
    a.ws?.close()
    const offline = [quiet(a.state.set('k1', 'offline')), quiet(a.state.set('k2', 'offline'))]
    void b.state.delete('k1')
    void b.state.delete('k5')
    void b.state.set('k6', 6.5)
    await vi.advanceTimersByTimeAsync(100)
    if (reason === 'trimmed') server.tail = 4
    else server.epoch = 'e2'
    a.openWebSocket()
    await vi.advanceTimersByTimeAsync(200)
    expect(a.resets.map((r) => r.reason)).toEqual([reason])
    expect(await Promise.all(offline)).toEqual(['conflict', { offset: 6 }])
    expect(a.state.entries()).toEqual(b.state.entries())
    expect(a.state.entries()).toHaveLength(28)
    expect(a.told.filter((t) => t.startsWith('k0='))).toHaveLength(1)
  })

  it.each(Array.from({ length: 10 }, (_, seed) => [seed]))(
    'all agree in the end, whatever happens to links (seed %i)',
    async (seed) => {
      const chance = random(seed)
      vi.spyOn(Math, 'random').mockImplementation(chance)
      const server = filled(40)
      server.page = 3
      const clients = ['a', 'b', 'c'].map((id) => new Client(server, id, () => Math.floor(chance() * 40)))
      // What each was told, put together, has to be what it shows.
      const shadows = clients.map(({ state }) => {
        const shadow = new Map<string, unknown>()
        state.subscribe('', (key, value) => {
          expect(shadow.get(key)).not.toEqual(value)
          if (value === undefined) shadow.delete(key)
          else shadow.set(key, value)
        })
        return shadow
      })
      for (let step = 0; step < 250; step++) {
        for (const client of clients) {
          const roll = chance()
          const key = `k${Math.floor(chance() * 50)}`
          if (roll < 0.03) client.ws?.close()
          else if (roll < 0.04) server.tail = server.log.length
          else if (roll < 0.2 && !client.ws) client.openWebSocket()
          else if (roll < 0.5) void quiet(client.state.set(key, step))
          else if (roll < 0.6) void quiet(client.state.delete(key))
        }
        await vi.advanceTimersByTimeAsync(Math.floor(chance() * 30))
      }
      for (const client of clients) if (!client.ws) client.openWebSocket()
      await vi.advanceTimersByTimeAsync(10_000)
      const truth = [...server.cells.values()].filter((c) => !c.del).map((c) => [c.k, c.v] as const)
      for (const [i, { state, session }] of clients.entries()) {
        expect(session.bufferedBytes).toBe(0)
        expect(state.entries()).toEqual(truth.sort(([x], [y]) => (x < y ? -1 : 1)))
        expect(new Map(state.entries())).toEqual(shadows[i])
      }
    },
  )
})
