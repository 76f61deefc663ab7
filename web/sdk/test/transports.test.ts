import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { JoinOptions } from '../src/options'
import { Room } from '../src/room'
import type { Transport } from '../src/transport'
import { Network } from './network'
import { random } from './world'

let network: Network

/** Somebody in the room, and what they noticed. */
class Person {
  readonly room: Room
  readonly joining: Promise<void>
  readonly heard: unknown[] = []
  readonly events: string[] = []

  constructor(name: string, options: Partial<JoinOptions> = {}) {
    this.room = new Room(
      { room: 'demo', url: 'ws://test', name, ...options },
      {
        openWebSocket: network.openWebSocket,
        fetch: network.fetch,
        webrtc: false,
        storage: undefined,
      },
    )
    this.room.on('message', (_type, data) => this.heard.push(data))
    this.room.on('transportChanged', (now, before) => this.events.push(`${before}>${now}`))
    for (const event of ['reconnecting', 'reconnected', 'reset', 'disconnected'] as const)
      this.room.on(event, () => this.events.push(event))
    this.joining = this.room.start()
    this.joining.catch(() => undefined)
  }

  say(data: unknown): Promise<{ offset: number }> {
    return this.room.sendMessage('n', data)
  }
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

/** Joins and lets some time pass. */
async function enter(name: string, ms: number, options: Partial<JoinOptions> = {}): Promise<Person> {
  const person = new Person(name, options)
  await pass(ms)
  await person.joining
  return person
}

/** Both ways, each once. */
async function talk(a: Person, b: Person, ms = 1_000): Promise<void> {
  const [fromA, fromB] = [a.heard.length, b.heard.length]
  const sent = [a.say('from a'), b.say('from b'), a.say('again')]
  await pass(ms)
  expect(await Promise.all(sent)).toHaveLength(3)
  expect(b.heard.slice(fromB)).toEqual(['from a', 'again'])
  expect(a.heard.slice(fromA)).toEqual(['from b'])
}

beforeEach(() => {
  vi.useFakeTimers()
  network = new Network()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe('the first link', () => {
  it('is a WebSocket where one gets through, and nothing else is tried', async () => {
    const a = await enter('a', 50)
    expect(a.room.transport).toBe('websocket')
    await pass(60_000)
    expect(network.asked).toEqual([])
    expect(network.sockets).toHaveLength(1)
  })

  it.each([
    ['refused', 1_000],
    ['swallowed', 5_000],
  ] as const)('is a stream where WebSockets are %s', async (fate, within) => {
    network.webSockets = fate
    const a = await enter('a', within)
    expect(a.room.transport).toBe('sse')
    expect(network.entries).toHaveLength(1)
    // The WebSocket had a second chance once it was clear that the server is there.
    expect(network.sockets).toHaveLength(2)
    network.webSockets = 'pass'
    const b = await enter('b', 50)
    await talk(a, b)
  })

  it('is a poll where streams are held up too', async () => {
    network.webSockets = 'refused'
    network.streams = 'held'
    const a = await enter('a', 3_000)
    expect(a.room.transport).toBe('poll')
    network.webSockets = 'pass'
    await talk(a, await enter('b', 50))
  })

  it('that was given up and came through after all makes no second participant', async () => {
    // It opens and swallows all answers: the join gets there, and another goes by HTTP.
    const { openWebSocket } = network
    vi.spyOn(network, 'openWebSocket').mockImplementation(() => {
      const socket = openWebSocket()
      Object.defineProperty(socket, 'onmessage', { set: () => undefined, get: () => null })
      return socket
    })
    const a = await enter('a', 12_000)
    expect(a.room.transport).toBe('sse')
    expect(network.entries).toHaveLength(1)
  })

  it.each([
    [['poll'], 'poll', 0],
    [['sse'], 'sse', 0],
    [['webrtc', 'sse', 'poll'], 'sse', 0],
    [['websocket', 'poll'], 'websocket', 1],
  ] as const)('is one of those allowed: %j', async (transports, transport, sockets) => {
    const a = await enter('a', 2_000, { transports: [...transports] })
    expect(a.room.transport).toBe(transport)
    expect(network.sockets).toHaveLength(sockets)
    await pass(120_000)
    expect(a.events).toEqual([])
  })

  it('is never one that is not allowed', async () => {
    network.webSockets = 'refused'
    const a = new Person('a', { transports: ['websocket'] })
    await pass(20_000)
    await expect(a.joining).rejects.toMatchObject({ code: 'unreachable' })
    expect(network.asked).toEqual([])
  })

  it.each<[Transport[]]>([[['sse', 'poll']], [['websocket', 'sse', 'poll']], [['poll']]])(
    'is not waited for without end if the server is away: %j',
    async (transports) => {
      network.up = false
      const a = new Person('a', { transports })
      void a.joining.catch((err: { code: string }) => a.events.push(err.code))
      await pass(15_000)
      expect(a.events).toEqual(['disconnected', 'unreachable'])
      const asked = network.asked.length
      await pass(20_000)
      expect(network.asked).toHaveLength(asked)
    },
  )

  it('is a poll where a stream may not be used otherwise', async () => {
    network.streams = 'held'
    const a = await enter('a', 3_000, { transports: ['sse', 'poll'] })
    expect(a.room.transport).toBe('poll')
  })

  it('is refused in the same words over HTTP', async () => {
    vi.spyOn(network, 'fetch').mockImplementation(async () =>
      Response.json(
        { code: 'room_full', title: 'full', detail: 'it is full' },
        { status: 409, headers: { 'retry-after': '7' } },
      ),
    )
    const a = new Person('a', { transports: ['poll'] })
    await pass(100)
    await expect(a.joining).rejects.toMatchObject({ code: 'room_full', message: 'it is full', retryMs: 7000 })
  })

  it('that only a data channel could carry is not waited for without WebRTC', async () => {
    const a = new Person('a', { transports: ['webrtc'] })
    await expect(a.joining).rejects.toMatchObject({ code: 'unsupported' })
  })
})

describe('climbing', () => {
  it.each(['held', 'pass'] as const)('goes back to the WebSocket (streams: %s)', async (streams) => {
    network.webSockets = 'refused'
    network.streams = streams
    const a = await enter('a', 3_000)
    const b = await enter('b', 3_000)
    const before = a.room.transport
    network.webSockets = 'pass'
    await pass(13_000)
    expect(a.events).toEqual([`${before}>websocket`])
    expect(a.room.transport).toBe('websocket')
    await talk(a, b)
  })

  it('goes from polls to a stream when streams come through again', async () => {
    network.webSockets = 'refused'
    network.streams = 'held'
    const a = await enter('a', 3_000)
    network.streams = 'pass'
    await pass(10_000)
    expect(a.events).toEqual(['poll>sse'])
    network.webSockets = 'pass'
    const b = await enter('b', 50)
    await talk(a, b)
    await pass(60_000)
    expect(a.events).toEqual(['poll>sse', 'sse>websocket'])
  })

  it('loses nothing that is said meanwhile', async () => {
    network.webSockets = 'refused'
    const a = await enter('a', 3_000)
    const b = await enter('b', 3_000)
    network.webSockets = 'pass'
    const sent: Promise<unknown>[] = []
    for (let i = 0; i < 1_500; i++) {
      sent.push(a.say(i))
      if (i % 5 === 0) sent.push(b.say(i))
      await pass(10)
    }
    await pass(1_000)
    await Promise.all(sent)
    expect(b.heard).toEqual(Array.from({ length: 1_500 }, (_, i) => i))
    expect(a.heard).toEqual(Array.from({ length: 300 }, (_, i) => 5 * i))
    expect([...a.events, ...b.events]).toEqual(['sse>websocket', 'sse>websocket'])
  })

  it('is tried ever more rarely', async () => {
    network.webSockets = 'refused'
    await enter('a', 3_000)
    const before = network.sockets.length
    await pass(30_000)
    const soon = network.sockets.length - before
    expect(soon).toBeGreaterThanOrEqual(2)
    await pass(600_000)
    const later = network.sockets.length - before - soon
    expect(later).toBeGreaterThan(7)
    expect(later).toBeLessThan(20)
  })

  it('is tried at once when the network is back or the page is looked at', async () => {
    const target = new EventTarget()
    vi.stubGlobal('addEventListener', target.addEventListener.bind(target))
    vi.stubGlobal('removeEventListener', target.removeEventListener.bind(target))
    const page = Object.assign(new EventTarget(), { hidden: true })
    vi.stubGlobal('document', page)
    network.webSockets = 'refused'
    const a = await enter('a', 3_000)
    await pass(60_000)
    network.webSockets = 'pass'
    const before = network.sockets.length
    page.dispatchEvent(new Event('visibilitychange'))
    expect(network.sockets).toHaveLength(before)
    page.hidden = false
    page.dispatchEvent(new Event('visibilitychange'))
    target.dispatchEvent(new Event('online'))
    expect(network.sockets).toHaveLength(before + 1)
    await pass(1_000)
    expect(a.room.transport).toBe('websocket')
    // On the best there is, nothing is tried.
    target.dispatchEvent(new Event('online'))
    expect(network.sockets).toHaveLength(before + 1)
  })

  it.each([
    ['before the resume is there', 522],
    ['before the resume is answered', 527],
  ])('to a WebSocket that proves itself and dies %s goes on where it was', async (_, lifeMs) => {
    network.webSockets = 'refused'
    const a = await enter('a', 3_000)
    const b = await enter('b', 3_000)
    network.webSockets = lifeMs
    await pass(20_000)
    expect(network.sockets.length).toBeGreaterThan(6)
    expect([...a.events, ...b.events].filter((e) => e.includes('>'))).toEqual([])
    network.webSockets = 'refused'
    await pass(3_000)
    await talk(a, b)
    expect(network.entries).toHaveLength(2)
  })
})

describe('a WebSocket that opens and dies after 200 ms, again and again', () => {
  it('is left for a stream, and not come back to', async () => {
    const a = await enter('a', 50)
    const b = await enter('b', 50)
    network.webSockets = 200
    a.room.debug.closeWebSocket()
    await pass(3_000)
    expect(a.room.transport).toBe('sse')
    await talk(a, b)
    const events = a.events.length
    await pass(60_000)
    expect(a.events).toHaveLength(events)
    await talk(a, b)
    network.webSockets = 'pass'
    await pass(75_000)
    expect(a.room.transport).toBe('websocket')
  })
})

describe('a server that goes and comes back', () => {
  it.each(['pass', 'refused'] as const)('demotes nobody (WebSockets: %s)', async (fate) => {
    network.webSockets = fate
    const a = await enter('a', 3_000)
    const b = await enter('b', 3_000)
    const transport = a.room.transport
    for (const away of [10, 300, 3_000, 40_000]) {
      network.down()
      const sent = a.say(away)
      await pass(away)
      expect(a.room.connectionState).toBe('reconnecting')
      network.up = true
      await pass(Math.min(away, 5_000) + 2_500)
      await sent
      expect(a.room.transport).toBe(transport)
    }
    expect(b.heard).toEqual([10, 300, 3_000, 40_000])
    expect(new Set(a.events)).toEqual(new Set(['reconnecting', 'reconnected']))
  })

  it('is found again within 2 s, by many at different times', async () => {
    const people = await Promise.all(Array.from({ length: 30 }, (_, i) => enter(`p${i}`, 50)))
    network.down()
    await pass(20_000)
    network.up = true
    const back = new Set<number>()
    for (let ms = 0; ms < 2_500; ms += 10) {
      await pass(10)
      for (const [i, p] of people.entries()) if (p.room.connectionState === 'connected') back.add(i)
      if (back.size === people.length) break
      if (ms === 100) expect(back.size).toBeLessThan(15)
    }
    expect(back.size).toBe(people.length)
  })
})

describe('a stream', () => {
  it('whose server answers lives on', async () => {
    network.webSockets = 'refused'
    const a = await enter('a', 3_000)
    await pass(120_000)
    expect(a.events).toEqual([])
    // It said each time that it is there, at the place where it is.
    expect(network.posted.filter((body) => body.includes('"t":"ack"')).length).toBeGreaterThan(20)
  })

  it('that falls silent is noticed', async () => {
    network.webSockets = 'refused'
    const a = await enter('a', 3_000)
    const b = await enter('b', 3_000)
    await pass(20_000)
    const link = network.entries[0]?.signal as unknown as { fallSilent(): void }
    link.fallSilent()
    const sent = b.say('into the silence')
    await pass(13_500)
    expect(await sent).toBeDefined()
    expect(a.events).toEqual(['reconnecting', 'reconnected'])
    expect(a.heard).toEqual(['into the silence'])
    expect(a.room.transport).toBe('sse')
  })

  it('that falls silent is noticed at the second waking of a tab that is let run once a minute', async () => {
    network.webSockets = 'refused'
    const { setInterval } = globalThis
    // The server's beats come as ever.
    const throttled = (fn: () => void, ms: number) => setInterval(fn, ms === 1_000 ? 60_000 : ms)
    vi.stubGlobal('setInterval', throttled)
    const a = await enter('a', 3_000)
    await pass(600_000)
    expect(a.events).toEqual([])
    const link = network.entries[0]?.signal as unknown as { fallSilent(): void }
    link.fallSilent()
    await pass(60_000)
    expect(a.events).toEqual([])
    await pass(61_000)
    expect(a.events).toEqual(['reconnecting', 'reconnected'])
  })

  it('that is never heard, though a probe was, is left for polls', async () => {
    network.webSockets = 'refused'
    network.streams = 'silent'
    const a = await enter('a', 3_000)
    expect(a.room.transport).toBe('sse')
    await pass(15_000)
    expect(a.room.transport).toBe('poll')
    const events = a.events.length
    await talk(a, await enter('b', 17_000))
    await pass(60_000)
    expect(a.events).toHaveLength(events)
  })
})

describe('what gets lost on the way', () => {
  const once = (what: RegExp, fate: 'request' | 'response' | 'status 502', times = 1) => {
    network.lose = (request) => (what.test(request) && times-- > 0 ? fate : undefined)
  }

  it.each(['request', 'response', 'status 502'] as const)('is posted again: %s', async (fate) => {
    network.webSockets = 'refused'
    const a = await enter('a', 3_000)
    const b = await enter('b', 3_000)
    once(/^POST \/s_/, fate, 2)
    await talk(a, b, 3_000)
    expect([...a.events, ...b.events]).toEqual([])
    expect(network.server.log.map((e) => e.data).sort()).toEqual(['again', 'from a', 'from b'])
  })

  it('for good ends the link, not the session', async () => {
    network.webSockets = 'refused'
    const a = await enter('a', 3_000)
    const b = await enter('b', 3_000)
    once(/^POST \/s_/, 'response', 6)
    await talk(a, b, 5_000)
    expect(a.events).toEqual(['reconnecting', 'reconnected'])
    expect(network.server.log).toHaveLength(3)
  })

  it('is polled for again', async () => {
    network.webSockets = 'refused'
    const options = { transports: ['poll'] as const }
    const a = await enter('a', 100, { transports: [...options.transports] })
    const b = await enter('b', 100, { transports: [...options.transports] })
    await pass(20_000)
    once(/poll/, 'response', 3)
    await talk(a, b, 9_500)
    expect([...a.events, ...b.events]).toEqual([])
    const asked = network.asked.filter((request) => request.includes('/poll'))
    expect(asked.length).toBeGreaterThan(new Set(asked).size)
  })

  it('is not a link that another took the place of', async () => {
    const a = await enter('a', 100, { transports: ['poll'] })
    const [entry] = network.entries
    entry?.signal?.cut(true)
    await pass(1_000)
    expect(a.events).toEqual(['reconnecting', 'reconnected'])
    expect(network.entries).toHaveLength(1)
  })

  it('waits behind a POST and goes together, in order', async () => {
    const a = await enter('a', 100, { transports: ['sse'] })
    const sent: Promise<unknown>[] = []
    for (let i = 0; i < 300; i++) {
      sent.push(a.say(i))
      await pass(1)
    }
    await pass(100)
    await Promise.all(sent)
    expect(network.server.log.map((e) => e.data)).toEqual(Array.from({ length: 300 }, (_, i) => i))
    expect(network.posted.length).toBeLessThan(60)
    for (const body of network.posted) expect(() => JSON.parse(body) as unknown).not.toThrow()
  })
})

describe('leaving over HTTP', () => {
  it.each(['sse', 'poll'] as const)('gets out even if the page is gone: %s', async (kind) => {
    const listeners = new Map<string, (e: unknown) => void>()
    vi.stubGlobal('addEventListener', (type: string, fn: (e: unknown) => void) => listeners.set(type, fn))
    vi.stubGlobal('removeEventListener', () => undefined)
    const a = await enter('a', 2_000, { transports: [kind] })
    const fetch = vi.spyOn(network, 'fetch')
    network.lose = (request) => (request.startsWith('POST') ? undefined : 'request')
    // Something is on its way just now; the farewell does not wait behind it.
    a.say(1).catch(() => undefined)
    await pass(1)
    // The connection took the fetch of its beginning: look at what the server saw.
    listeners.get('pagehide')?.({ persisted: false })
    await pass(10)
    expect(network.posted.at(-1)).toBe('{"t":"leave","return":true}')
    fetch.mockRestore()
    a.room.leave()
    await pass(20)
    expect(network.entries[0]?.left).toBe(true)
    expect(a.events.at(-1)).toBe('disconnected')
    const asked = network.asked.length
    await pass(60_000)
    expect(network.asked).toHaveLength(asked)
  })
})

it('keeps the stream open until the farewell has arrived: the server ends the link with it', async () => {
  const a = await enter('a', 2_000, { transports: ['sse'] })
  const stream = vi.spyOn(AbortController.prototype, 'abort')
  a.room.leave()
  await pass(3)
  expect(stream).not.toHaveBeenCalled()
  await pass(20)
  expect(network.entries[0]?.left).toBe(true)
  expect(stream).toHaveBeenCalled()
})

describe('for tests, the SDK', () => {
  it('behaves as if a proxy refused one transport after the other', async () => {
    const a = await enter('a', 50)
    a.room.debug.blockWebSocket(true)
    await pass(2_000)
    expect(a.room.transport).toBe('sse')
    a.room.debug.blockStreams(true)
    await pass(3_000)
    expect(a.room.transport).toBe('poll')
    a.room.debug.blockStreams(false)
    await pass(30_000)
    expect(a.room.transport).toBe('sse')
    a.room.debug.blockWebSocket(false)
    await pass(75_000)
    expect(a.room.transport).toBe('websocket')
  })
})

describe('whatever the network does', () => {
  it.each(Array.from({ length: 12 }, (_, seed) => [seed]))(
    'nothing is lost, doubled or out of order (seed %i)',
    async (seed) => {
      const chance = random(seed + 100)
      vi.spyOn(Math, 'random').mockImplementation(chance)
      const people = await Promise.all(['a', 'b', 'c'].map((name) => enter(name, 50)))
      network.lose = () => {
        const roll = chance()
        return roll < 0.02 ? 'request' : roll < 0.04 ? 'response' : roll < 0.05 ? 'status 502' : undefined
      }
      const sent: Promise<{ offset: number }>[] = []
      for (let step = 0; step < 400; step++) {
        const roll = chance()
        if (roll < 0.03) network.webSockets = 'pass'
        else if (roll < 0.06) network.webSockets = 'refused'
        else if (roll < 0.07) network.webSockets = 'swallowed'
        else if (roll < 0.08) network.webSockets = 200 + Math.floor(chance() * 3_000)
        else if (roll < 0.1) network.streams = 'held'
        else if (roll < 0.13) network.streams = 'pass'
        else if (roll < 0.14) network.streams = 'silent'
        else if (roll < 0.15) network.down()
        else if (roll < 0.19) network.up = true
        for (const [i, person] of people.entries()) {
          if (chance() < 0.03) person.room.debug.closeWebSocket()
          if (chance() < 0.5) sent.push(person.say(`${i} ${step}`))
        }
        await pass(Math.floor(chance() * 400))
      }
      network.up = true
      network.webSockets = 'pass'
      network.streams = 'pass'
      network.lose = () => undefined
      await pass(120_000)
      const offsets = (await Promise.all(sent)).map(({ offset }) => offset)
      expect(new Set(offsets).size).toBe(sent.length)
      expect(network.server.log).toHaveLength(sent.length)
      for (const [i, person] of people.entries()) {
        const others = network.server.log.filter((e) => e.session.from !== 'abc'[i]).map((e) => e.data)
        expect(person.heard).toEqual(others)
        expect(person.room.transport).toBe('websocket')
        expect(person.events).not.toContain('reset')
      }
    },
  )
})
