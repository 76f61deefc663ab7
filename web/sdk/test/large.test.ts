import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { encodeText } from '../src/bytes'
import { Client } from './client'
import { type Pipe, random, Server } from './world'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const mib = 1 << 20

function noise(length: number, seed = 1): Uint8Array {
  const chance = random(seed)
  return Uint8Array.from({ length }, () => Math.floor(chance() * 256))
}

/** Byte by byte; toEqual takes seconds for as many. */
function same(a: unknown, b: Uint8Array): boolean {
  return a instanceof Uint8Array && a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** A channel that takes what it is given at a rate, as a real one does. */
function slow(pipe: Pipe, bytesPerMs: number): void {
  const send = pipe.send.bind(pipe)
  let free = 0
  vi.spyOn(pipe, 'send').mockImplementation((frame) => {
    const size = typeof frame === 'string' ? encodeText(frame).length : frame.length
    pipe.buffered += size
    free = Math.max(free, Date.now()) + size / bytesPerMs
    setTimeout(() => {
      pipe.buffered -= size
      send(frame)
    }, free - Date.now())
  })
}

describe('large messages', () => {
  it.each(['webrtc', 'websocket'] as const)('of 1 MiB go whole over %s', async (kind) => {
    const server = new Server()
    const a = new Client(server, 'a')
    const b = new Client(server, 'b')
    if (kind === 'webrtc') {
      a.openChannel()
      b.openChannel()
      await vi.advanceTimersByTimeAsync(50)
      expect(a.session.link?.kind).toBe('webrtc')
    }
    const text = '€'.repeat(Math.floor(mib / 3) - 1)
    const bytes = noise(mib)
    const sent = [a.session.send('n', text, undefined), a.session.send('n', bytes, undefined)]
    await vi.advanceTimersByTimeAsync(20_000)
    expect(await Promise.all(sent)).toEqual([{ offset: 1 }, { offset: 2 }])
    expect(b.received[0]).toBe(text)
    expect(same(b.received[1], bytes)).toBe(true)
    await expect(a.session.send('n', noise(mib + 1), undefined)).rejects.toMatchObject({ code: 'too_large' })
  })

  it('let acks and pings pass between their pieces', async () => {
    const server = new Server()
    const a = new Client(server, 'a')
    const b = new Client(server, 'b')
    a.openChannel()
    await vi.advanceTimersByTimeAsync(50)
    slow(a.channel as Pipe, 100)
    const order: string[] = []
    const receive = a.server.receive.bind(a.server)
    vi.spyOn(a.server, 'receive').mockImplementation((link, json, raw) => {
      order.push((JSON.parse(json) as { t: string }).t)
      receive(link, json, raw)
    })
    const sent = a.session.send('n', noise(mib), undefined)
    void b.session.send('n', 1, undefined)
    await vi.advanceTimersByTimeAsync(1_000)
    a.channel?.send('{"t":"ping","id":77}')
    a.session.ackNow()
    await vi.advanceTimersByTimeAsync(2_000)
    expect(order).toContain('ack')
    expect(order).toContain('ping')
    expect(order).not.toContain('m')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await sent).toEqual({ offset: 2 })
    expect(a.session.link).toBe(a.channel)
  })

  it.each([0, 1, 2, 3, 4])('are sent again when their link ends between pieces (%i)', async (seed) => {
    const chance = random(seed)
    const server = new Server()
    const a = new Client(server, 'a')
    const b = new Client(server, 'b')
    a.openChannel()
    await vi.advanceTimersByTimeAsync(50)
    slow(a.channel as Pipe, 100)
    const large = noise(mib, seed)
    const sent = [1, large, 3].map((x) => a.session.send('n', x, undefined))
    await vi.advanceTimersByTimeAsync(500 + chance() * 5_000)
    expect(server.log.length).toBe(1)
    a.channel?.close()
    await vi.advanceTimersByTimeAsync(20_000)
    expect(await Promise.all(sent)).toEqual([{ offset: 1 }, { offset: 2 }, { offset: 3 }])
    expect(b.received.length).toBe(3)
    expect([b.received[0], b.received[2]]).toEqual([1, 3])
    expect(same(b.received[1], large)).toBe(true)
    expect(a.resets).toEqual([])
  })

  it.each([0, 1, 2, 3, 4])(
    'are sent again when another link takes over between pieces (%i)',
    async (seed) => {
      const chance = random(seed)
      const server = new Server()
      const a = new Client(server, 'a')
      const b = new Client(server, 'b')
      slow(a.ws as Pipe, 200)
      const large = noise(mib, seed)
      const sent = [1, large, 3].map((x) => a.session.send('n', x, undefined))
      // There, back, and to the same one again: a first piece between those of another frame is no protocol.
      for (let i = 0; i < 3; i++) {
        await vi.advanceTimersByTimeAsync(200 + chance() * 500)
        if (a.channel) a.ladder.drop()
        else {
          a.openChannel()
          slow(a.channel as unknown as Pipe, 100)
        }
      }
      if (a.session.link) a.session.attach(a.session.link)
      await vi.advanceTimersByTimeAsync(60_000)
      expect(await Promise.all(sent)).toEqual([{ offset: 1 }, { offset: 2 }, { offset: 3 }])
      expect(b.received.length).toBe(3)
      expect(same(b.received[1], large)).toBe(true)
      expect(vi.getTimerCount()).toBeLessThan(5)
    },
  )

  it.each([20, 40, 60])(
    'come again to a reader whose link ended between pieces (after %i ms)',
    async (after) => {
      const server = new Server()
      const a = new Client(server, 'a')
      let wait = 0
      const b = new Client(server, 'b', () => (wait += 4))
      const large = noise(mib)
      const sent = [large, 2].map((x) => a.session.send('n', x, undefined))
      await vi.advanceTimersByTimeAsync(after)
      b.ws?.close()
      b.openWebSocket()
      await vi.advanceTimersByTimeAsync(10_000)
      await Promise.all(sent)
      expect(b.received).toHaveLength(2)
      expect(same(b.received[0], large)).toBe(true)
      expect(b.resets).toEqual([])
    },
  )

  it('stay as they were when they were sent', async () => {
    const server = new Server()
    const a = new Client(server, 'a')
    const b = new Client(server, 'b')
    const bytes = new Uint8Array([9, 1, 2, 3, 9])
    const sent = [
      a.session.send('n', bytes.subarray(1, 4), undefined),
      a.session.send('n', bytes.buffer, undefined),
      a.session.send('n', new DataView(bytes.buffer, 4), undefined),
      a.session.send('n', new Float32Array([1.5]), undefined),
      a.session.send('n', new Uint8Array(), undefined),
    ]
    bytes.fill(0)
    await vi.advanceTimersByTimeAsync(100)
    await Promise.all(sent)
    expect(b.received.map((data) => [...(data as Uint8Array)])).toEqual([
      [1, 2, 3],
      [9, 1, 2, 3, 9],
      [9],
      [0, 0, 192, 63],
      [],
    ])
  })
})

describe('the window', () => {
  it('tells when there is room again', async () => {
    const a = new Client(new Server(), 'a')
    const sent = [1, 2, 3].map(() => a.session.send('n', noise(60_000), undefined))
    expect(a.session.bufferedBytes).toBeGreaterThan(180_000)
    await vi.advanceTimersByTimeAsync(5_000)
    await Promise.all(sent)
    expect(a.session.bufferedBytes).toBe(0)
    // At 64 KiB, and at nothing.
    expect(a.drained).toBe(2)
  })

  it('never has more unanswered than a second lets through', async () => {
    const a = new Client(new Server(), 'a')
    if (a.ws) a.ws.silent = true
    const frames = vi.spyOn(a.ws as Pipe, 'send')
    for (let i = 0; i < 400; i++) a.session.send('n', i, undefined).catch(() => undefined)
    await vi.advanceTimersByTimeAsync(3_000)
    expect(frames.mock.calls.flatMap(([f]) => JSON.parse(String(f)) as unknown[])).toHaveLength(200)
  })
})

describe('JSON that is easily spoilt', () => {
  it.each([
    ['line separators', '\u2028\u2029'],
    ['half of a pair', 'a\ud800b'],
    ['the other half', { '\udc00': '\udfff' }],
    ['minus zero', -0],
    ['a number above what is whole', 2 ** 53 + 2],
    ['the smallest number', 5e-324],
    ['the largest number', 1.7976931348623157e308],
    ['controls', '\u0000\u001f\u007f\u0080'],
    ['a byte order mark', '\ufeff'],
    ['keys with a meaning', JSON.parse('{"__proto__":{"evil":1},"constructor":1,"toJSON":2}')],
    ['keys that look like numbers', { 2: 'b', 1: 'a', x: 0 }],
    ['the member that means bytes', { bytes: 7, t: 'm', n: 1 }],
    ['nothing', null],
  ])('comes through: %s', async (_, value: unknown) => {
    const server = new Server()
    const a = new Client(server, 'a')
    const b = new Client(server, 'b')
    const sent = a.session.send('n', value, undefined)
    await vi.advanceTimersByTimeAsync(100)
    await sent
    expect(JSON.stringify(b.received[0])).toBe(JSON.stringify(value))
    expect(Object.hasOwn(Object.prototype, 'evil')).toBe(false)
    expect(({} as Record<string, unknown>).evil).toBeUndefined()
  })
})
