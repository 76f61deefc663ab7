import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ParlorError } from '../src/errors'
import { depth, utf8Length } from '../src/measure'
import { Client } from './client'
import { limits, type Pipe, random, Server } from './world'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('messages', () => {
  it('resolve with their offset and reach the others in order', async () => {
    const server = new Server()
    const a = new Client(server, 'a')
    const b = new Client(server, 'b')
    const sent = [1, 2, 3].map((x) => a.session.send('n', x, undefined))
    await vi.advanceTimersByTimeAsync(100)
    expect(await Promise.all(sent)).toEqual([{ offset: 1 }, { offset: 2 }, { offset: 3 }])
    expect(b.got).toEqual(['1 a 1', '2 a 2', '3 a 3'])
    expect(a.got).toEqual([])
    expect(a.session.bufferedBytes).toBe(0)
  })

  it('written in one go travel in few frames', async () => {
    const server = new Server()
    const a = new Client(server, 'a')
    const send = vi.spyOn(a.ws as Pipe, 'send')
    for (let i = 0; i < 100; i++) void a.session.send('n', i, undefined)
    await vi.advanceTimersByTimeAsync(1)
    expect(send.mock.calls.length).toBe(2)
  })

  it.each([
    ['too_large', 'n', 'x'.repeat((1 << 20) - 1)],
    ['bad_message', '', 1],
    ['bad_message', 'x'.repeat(129), 1],
    ['bad_message', 'n', () => 1],
    ['bad_message', 'n', 10n],
    ['bad_message', 'n', nested(33)],
  ])('are refused here as %s before they are sent', async (code, type, data) => {
    const a = new Client(new Server(), 'a')
    const send = vi.spyOn(a.ws as Pipe, 'send')
    await expect(a.session.send(type, data, undefined)).rejects.toMatchObject({ code })
    await expect(a.session.send('n', 1, [])).rejects.toMatchObject({ code: 'bad_message' })
    await vi.advanceTimersByTimeAsync(1)
    expect(send).not.toHaveBeenCalled()
    expect(a.session.bufferedBytes).toBe(0)
  })

  it('of the largest size and depth are sent', async () => {
    const a = new Client(new Server(), 'a')
    const sent = [
      a.session.send('n', 'x'.repeat((1 << 20) - 2), undefined),
      a.session.send('n', nested(32), undefined),
      a.session.send('n', undefined, undefined),
    ]
    await vi.advanceTimersByTimeAsync(1000)
    await expect(Promise.all(sent)).resolves.toHaveLength(3)
    expect(a.server.server.log[2]?.data).toBeNull()
  })

  it('are refused at their place by the server', async () => {
    const a = new Client(new Server(), 'a')
    const first = a.session.send('n', 1, undefined)
    const second = a.session.send('n', 2, undefined)
    a.session.log(a.ws as Pipe, {
      t: 'log',
      after: 0,
      position: 2,
      entries: [
        { o: 1, is: 'refused', n: 1, code: 'not_allowed', message: 'no' },
        { o: 2, is: 'ok', n: 2, from: '', ops: [] },
      ],
    })
    await expect(first).rejects.toMatchObject({ code: 'not_allowed' })
    await expect(second).resolves.toEqual({ offset: 2 })
  })

  it('stay within the window and below the rate', async () => {
    const server = new Server()
    const a = new Client(server, 'a')
    const sent = Array.from({ length: 1000 }, (_, i) => a.session.send('n', i, undefined))
    await vi.advanceTimersByTimeAsync(500)
    expect(server.log.length).toBeGreaterThan(360)
    expect(server.log.length).toBeLessThan(500)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await Promise.all(sent)).toHaveLength(1000)

    const b = new Client(server, 'b', () => 5, { messagesPerSecond: 1e6, messageBurst: 1e6 })
    b.ws?.toClient({ t: 'pong', id: 0 })
    if (b.ws) b.ws.silent = true
    const frames = vi.spyOn(b.ws as Pipe, 'send')
    for (let i = 0; i < 3000; i++) b.session.send('n', i, undefined).catch(() => undefined)
    await vi.advanceTimersByTimeAsync(50)
    const inFlight = frames.mock.calls.reduce((n, [f]) => n + String(f).split('"t":"m"').length - 1, 0)
    expect(inFlight).toBe(1024)
  })

  it('are refused when too much waits', async () => {
    const a = new Client(new Server(), 'a')
    a.ws?.close()
    const waiting: Promise<unknown>[] = []
    const data = 'x'.repeat(50_000)
    for (let i = 0; i < 336; i++) waiting.push(a.session.send('n', data, undefined).catch((e: unknown) => e))
    await vi.advanceTimersByTimeAsync(1)
    const last = await Promise.race([waiting[335], Promise.resolve('waits')])
    expect(last).toBeInstanceOf(ParlorError)
    expect((last as ParlorError).code).toBe('buffer_full')
    expect(a.session.bufferedBytes).toBeLessThanOrEqual(16 << 20)
  })
})

describe('the log', () => {
  it('is acknowledged within 5 s, or every 1,024 entries', async () => {
    const server = new Server()
    const a = new Client(server, 'a')
    const b = new Client(server, 'b')
    void a.session.send('n', 1, undefined)
    await vi.advanceTimersByTimeAsync(30)
    expect(b.server.acked).toBe(0)
    await vi.advanceTimersByTimeAsync(4_900)
    expect(b.server.acked).toBe(0)
    await vi.advanceTimersByTimeAsync(100)
    expect(b.server.acked).toBe(1)
    for (let i = 0; i < 1_024; i++) void a.session.send('n', 1, undefined)
    await vi.advanceTimersByTimeAsync(4_900)
    expect(b.server.acked).toBe(1_025)
  })

  it('with a gap is attached to again', async () => {
    const server = new Server()
    const a = new Client(server, 'a')
    const b = new Client(server, 'b')
    void a.session.send('n', 1, undefined)
    await vi.advanceTimersByTimeAsync(20)
    b.session.log(b.ws as Pipe, { t: 'log', after: 7, position: 8, entries: [] })
    void a.session.send('n', 2, undefined)
    await vi.advanceTimersByTimeAsync(100)
    expect(b.server.gen).toBe(2)
    expect(b.got).toEqual(['1 a 1', '2 a 2'])
  })

  it('of a former link says nothing', async () => {
    const server = new Server()
    const b = new Client(server, 'b')
    const old = b.ws as Pipe
    b.openChannel()
    await vi.advanceTimersByTimeAsync(100)
    expect(b.session.link).toBe(b.channel)
    old.late({
      t: 'log',
      after: 0,
      position: 1,
      entries: [{ o: 1, is: 'message', from: 'a', type: 'n', data: 1, at: 0, direct: false }],
    })
    expect(b.got).toEqual([])
  })

  it.each([['trimmed'], ['epoch'], ['ahead']])('that cannot be gone on with is reset: %s', async (reason) => {
    const server = new Server()
    const a = new Client(server, 'a')
    const b = new Client(server, 'b')
    void b.session.send('n', 0, undefined)
    await vi.advanceTimersByTimeAsync(100)

    a.ws?.close()
    const lost = a.session.send('n', 'lost', undefined)
    lost.catch(() => undefined)
    // The server has it, but its confirmation got lost with the link.
    a.server.n = 1
    const waits = a.session.send('n', 'waits', undefined)
    if (reason === 'trimmed') server.tail = 5
    if (reason === 'epoch') server.epoch = 'e2'
    if (reason === 'ahead') server.log.length = 0
    a.openWebSocket()
    await vi.advanceTimersByTimeAsync(200)
    expect(a.resets).toEqual([{ reason, unconfirmed: [{ type: 'n', data: 'lost', to: undefined }] }])
    await expect(lost).rejects.toMatchObject({ code: 'unconfirmed' })
    await expect(waits).resolves.toEqual({ offset: server.log.length })
  })

  it('begins anew with what was never sent', async () => {
    const server = new Server()
    const a = new Client(server, 'a')
    const first = a.session.send('n', 1, undefined)
    first.catch(() => undefined)
    await vi.advanceTimersByTimeAsync(1)
    a.ws?.close()
    const second = a.session.send('n', 2, undefined)
    a.server.n = 0
    a.server.gen = 1
    const ws = a.open('websocket')
    a.ws = ws
    a.server.link = ws
    const unconfirmed = a.session.begin({ epoch: 'e1', position: server.log.length, state: 0, limits }, ws)
    a.ladder.begun(ws)
    await vi.advanceTimersByTimeAsync(100)
    expect(unconfirmed).toEqual([{ type: 'n', data: 1, to: undefined }])
    await expect(first).rejects.toMatchObject({ code: 'unconfirmed' })
    await expect(second).resolves.toEqual({ offset: 1 })
    expect(server.log.map((e) => e.data)).toEqual([2])
  })

  it('rejects what waits when it ends', async () => {
    const a = new Client(new Server(), 'a')
    const sent = a.session.send('n', 1, undefined)
    a.session.end(new ParlorError('left', 'left'))
    await expect(sent).rejects.toMatchObject({ code: 'left' })
    await expect(a.session.send('n', 1, undefined)).rejects.toMatchObject({ code: 'left' })
    expect(a.session.bufferedBytes).toBe(0)
  })
})

describe('the ladder', () => {
  it('climbs to the data channel once it answers', async () => {
    const a = new Client(new Server(), 'a')
    a.openChannel()
    expect(a.session.link?.kind).toBe('websocket')
    await vi.advanceTimersByTimeAsync(50)
    expect(a.carriers).toEqual(['websocket', 'webrtc'])
  })

  it('falls back within 7 s when the channel goes silent, and climbs again', async () => {
    const server = new Server()
    const a = new Client(server, 'a')
    const b = new Client(server, 'b')
    a.openChannel()
    await vi.advanceTimersByTimeAsync(3_000)
    expect(a.session.link).toBe(a.channel)
    const channel = a.channel as Pipe
    channel.silent = true
    const sent = a.session.send('n', 1, undefined)
    await vi.advanceTimersByTimeAsync(7_000)
    expect(a.session.link).toBe(a.ws)
    expect(await sent).toEqual({ offset: 1 })
    expect(b.got).toEqual(['1 a 1'])
    channel.silent = false
    await vi.advanceTimersByTimeAsync(10_000)
    expect(a.session.link).toBe(channel)
    expect(a.carriers).toEqual(['websocket', 'webrtc', 'websocket', 'webrtc'])
  })

  it('stays on the channel while the WebSocket is away', async () => {
    const server = new Server()
    const a = new Client(server, 'a')
    a.openChannel()
    await vi.advanceTimersByTimeAsync(50)
    a.ws?.close()
    const sent = a.session.send('n', 1, undefined)
    await vi.advanceTimersByTimeAsync(50)
    expect(await sent).toEqual({ offset: 1 })
    a.openWebSocket()
    await vi.advanceTimersByTimeAsync(50)
    expect(a.session.link).toBe(a.channel)
    expect(a.carriers).toEqual(['websocket', 'webrtc'])
  })

  it('says that nothing carries messages when both are gone, and goes on with the first that comes', async () => {
    const a = new Client(new Server(), 'a')
    a.openChannel()
    await vi.advanceTimersByTimeAsync(50)
    a.ws?.close()
    a.channel?.close()
    expect(a.carriers.at(-1)).toBe('none')
    expect(a.channelsGone).toBe(1)
    a.openWebSocket()
    await vi.advanceTimersByTimeAsync(50)
    expect(a.carriers.at(-1)).toBe('websocket')
  })

  it('takes a WebSocket that does not answer an attach for broken', async () => {
    const a = new Client(new Server(), 'a')
    a.ws?.close()
    a.openWebSocket()
    const ws = a.ws as unknown as Pipe
    ws.silent = true
    await vi.advanceTimersByTimeAsync(4_100)
    expect(ws.open).toBe(false)
  })
})

describe('a signal link that another takes the place of', () => {
  it('disturbs nothing that the channel carries', async () => {
    const server = new Server()
    const [a, b] = [new Client(server, 'a'), new Client(server, 'b')]
    a.openChannel()
    await vi.advanceTimersByTimeAsync(50)
    for (const kind of ['sse', 'poll', 'websocket'] as const) {
      const former = a.ws
      a.openWebSocket(kind)
      former?.close()
      await vi.advanceTimersByTimeAsync(1_000)
      expect(a.session.link).toBe(a.channel)
    }
    const gen = a.server.gen
    void a.session.send('n', 1, undefined)
    await vi.advanceTimersByTimeAsync(50)
    expect(b.got).toEqual(['1 a 1'])
    expect(a.carriers).toEqual(['websocket', 'webrtc'])
    expect(gen).toBe(2)
    // It is what the session falls back on.
    a.channel?.close()
    await vi.advanceTimersByTimeAsync(50)
    expect(a.session.link).toBe(a.ws)
  })

  it('takes the log over at once if it carries it, without a gap', async () => {
    const server = new Server()
    const [a, b] = [new Client(server, 'a'), new Client(server, 'b')]
    const former = b.ws
    void a.session.send('n', 1, undefined)
    b.openWebSocket('sse')
    void a.session.send('n', 2, undefined)
    former?.close()
    await vi.advanceTimersByTimeAsync(100)
    expect(b.got).toEqual(['1 a 1', '2 a 2'])
    expect(b.carriers).toEqual(['websocket', 'sse'])
  })
})

describe('messages that only the channel may carry', () => {
  it('wait for it, and for it to come back', async () => {
    const server = new Server()
    const other = new Client(server, 'b')
    const a = new Client(server, 'a', () => 5, {}, true)
    const first = a.session.send('n', 1, undefined)
    void other.session.send('n', 'for a', undefined)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(other.got).toEqual([])
    expect(a.got).toEqual([])
    a.openChannel()
    await vi.advanceTimersByTimeAsync(50)
    await first
    expect(other.got).toEqual(['2 a 1'])
    expect(a.got).toEqual(['1 b "for a"'])

    a.channel?.close()
    const second = a.session.send('n', 2, undefined)
    a.openWebSocket()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(other.got).toHaveLength(1)
    expect(a.session.link).toBeUndefined()
    a.openChannel()
    await vi.advanceTimersByTimeAsync(50)
    await second
    expect(other.got).toEqual(['2 a 1', '3 a 2'])
  })
})

describe('whatever happens to links', () => {
  it.each(Array.from({ length: 20 }, (_, seed) => [seed]))(
    'nothing is lost, doubled or out of order (seed %i)',
    async (seed) => {
      const chance = random(seed)
      vi.spyOn(Math, 'random').mockImplementation(chance)
      const server = new Server()
      const delay = () => Math.floor(chance() * 60)
      const clients = ['a', 'b', 'c'].map(
        (id) => new Client(server, id, delay, { messagesPerSecond: 5000, messageBurst: 5000 }),
      )
      const sent: Promise<{ offset: number }>[] = []
      const each = 150
      let left = clients.map(() => each)
      for (let step = 0; left.some((n) => n > 0) || step < 300; step++) {
        for (const [i, client] of clients.entries()) {
          const roll = chance()
          if (roll < 0.02) client.ws?.close()
          else if (roll < 0.04) client.channel?.close()
          else if (roll < 0.05 && client.channel) client.channel.silent = true
          else if (roll < 0.06) client.ladder.drop()
          else if (roll < 0.2 && !client.ws) client.openWebSocket()
          else if (roll < 0.3 && !client.channel) client.openChannel()
          else if (roll < 0.7) {
            for (let burst = Math.ceil(chance() * 5); burst > 0 && (left[i] ?? 0) > 0; burst--) {
              left = left.map((n, j) => (i === j ? n - 1 : n))
              sent.push(client.session.send('n', each - (left[i] ?? 0), undefined))
            }
          }
        }
        await vi.advanceTimersByTimeAsync(Math.floor(chance() * 40))
      }
      for (const client of clients) if (!client.ws) client.openWebSocket()
      await vi.advanceTimersByTimeAsync(20_000)
      for (const client of clients) if (!client.ws) client.openWebSocket()
      await vi.advanceTimersByTimeAsync(20_000)

      const offsets = (await Promise.all(sent)).map((r) => r.offset)
      expect(new Set(offsets).size).toBe(each * clients.length)
      expect(server.log).toHaveLength(each * clients.length)
      for (const [i, client] of clients.entries()) {
        const expected = server.log
          .filter((e) => e.session !== client.server)
          .map((e) => `${e.o} ${e.session.from} ${JSON.stringify(e.data)}`)
        expect(client.got).toEqual(expected)
        const own = server.log.filter((e) => e.session === client.server).map((e) => e.data)
        expect(own).toEqual(Array.from({ length: each }, (_, n) => n + 1))
        expect(client.resets, `client ${i}`).toEqual([])
        client.ladder.stop()
      }
    },
  )
})

describe('measures', () => {
  it('count bytes of UTF-8', () => {
    for (const s of ['', 'abc', 'é', '€', '🎨', 'aé€🎨\u2028'])
      expect(utf8Length(s)).toBe(new TextEncoder().encode(s).length)
  })
  it('count the depth of JSON', () => {
    expect(depth('1')).toBe(0)
    expect(depth('{"a":[1,{"b":"[[[[{\\"["}]}')).toBe(3)
  })
})

function nested(levels: number): unknown {
  let value: unknown = []
  for (let i = 1; i < levels; i++) value = [value]
  return value
}
