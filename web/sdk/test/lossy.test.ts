import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ParlorError } from '../src/errors'
import { History } from '../src/history'
import type { Link } from '../src/link'
import { Lossy } from '../src/lossy'
import { limits } from './world'

class Wire implements Link {
  readonly kind = 'webrtc'
  readonly pieceBytes = 16_000
  open = true
  buffered = 0
  readonly frames: (string | Uint8Array)[] = []

  send(frame: string | Uint8Array): void {
    this.frames.push(frame)
  }

  close(): void {
    this.open = false
  }

  get said(): Record<string, unknown>[] {
    return this.frames.flatMap((f) => JSON.parse(String(f)) as Record<string, unknown>[])
  }
}

let link: Wire | undefined
const wire = () => (link ??= new Wire())

beforeEach(() => {
  vi.useFakeTimers()
  link = new Wire()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('lossy messages', () => {
  const start = (mayLose = false) =>
    new Lossy({ link: () => link && { link, mayLose }, limits: () => limits })

  it('go at once, then at most 30 times a second, and the last one at last', async () => {
    const lossy = start()
    for (let i = 0; i < 1000; i++) {
      lossy.send('cursor', i, 'pen', undefined)
      if (i === 0) expect(wire().said).toEqual([{ t: 'e', key: 'pen', type: 'cursor', data: 0 }])
      await vi.advanceTimersByTimeAsync(1)
    }
    await vi.advanceTimersByTimeAsync(100)
    const got = wire().said.map((m) => m.data as number)
    expect(got.length).toBeGreaterThan(28)
    expect(got.length).toBeLessThanOrEqual(31)
    expect(got).toEqual([...got].sort((a, b) => a - b))
    expect(got.at(-1)).toBe(999)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('of each type and key are their own', async () => {
    const lossy = start()
    lossy.send('x', 0, '', undefined)
    for (const i of [1, 2]) for (const [type, key] of [['a', 'b'], ['ab', ''], ['a', '']] as const) lossy.send(type, i, key, ['p']) // prettier-ignore
    await vi.advanceTimersByTimeAsync(100)
    expect(wire().frames).toHaveLength(2)
    expect(wire().said.slice(1)).toEqual([
      { t: 'e', key: 'b', type: 'a', to: ['p'], data: 2 },
      { t: 'e', key: '', type: 'ab', to: ['p'], data: 2 },
      { t: 'e', key: '', type: 'a', to: ['p'], data: 2 },
    ])
  })

  it('are never more than the server takes, and each gets its turn', async () => {
    const lossy = start()
    const seen = new Set<unknown>()
    for (let i = 0; i < 2000; i++) {
      for (let key = 0; key < 50; key++) lossy.send('x', i, `${key}`, undefined)
      await vi.advanceTimersByTimeAsync(1)
    }
    for (const m of wire().said) seen.add(m.key)
    expect(wire().said.length).toBeLessThan(2 * 180 + 64)
    expect(wire().said.length).toBeGreaterThan(300)
    expect(seen.size).toBe(50)
  })

  it('wait for a link that has none or is busy, and do not pile up', async () => {
    const lossy = start()
    wire().buffered = 1 << 20
    for (let key = 0; key < 200; key++) lossy.send('x', key, `${key}`, undefined)
    await vi.advanceTimersByTimeAsync(500)
    expect(wire().frames).toEqual([])
    link = undefined
    await vi.advanceTimersByTimeAsync(500)
    expect(vi.getTimerCount()).toBe(0)
    link = new Wire()
    lossy.flush()
    await vi.advanceTimersByTimeAsync(500)
    expect(wire().said.map((m) => m.data)).toEqual(Array.from({ length: 64 }, (_, i) => 136 + i))
  })

  it('travel in packets that are not torn apart', async () => {
    const lossy = start()
    lossy.send('x', 0, '', undefined)
    for (let i = 0; i < 20; i++) lossy.send('x', 'y'.repeat(200), `${i}`, undefined)
    lossy.send('x', new Uint8Array(900), 'bytes', undefined)
    await vi.advanceTimersByTimeAsync(500)
    expect(wire().frames.length).toBeGreaterThan(5)
    for (const frame of wire().frames) expect(frame.length).toBeLessThan(1_200)
    expect(wire().frames.at(-1)).toBeInstanceOf(Uint8Array)
  })

  it('go twice more where they may get lost, if nothing follows', async () => {
    const lossy = start(true)
    const data = () => wire().said.map((m) => m.data)
    lossy.send('cursor', 1, 'pen', undefined)
    lossy.send('cursor', 'other', 'brush', undefined)
    await vi.advanceTimersByTimeAsync(200)
    lossy.send('cursor', 2, 'pen', undefined)
    expect(data()).toEqual([1, 'other', 2])
    await vi.advanceTimersByTimeAsync(100)
    expect(data()).toEqual([1, 'other', 2, 'other'])
    await vi.advanceTimersByTimeAsync(160)
    expect(data()).toEqual([1, 'other', 2, 'other', 2])
    await vi.advanceTimersByTimeAsync(10_000)
    expect(data()).toEqual([1, 'other', 2, 'other', 2, 'other', 2])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('go once more on whatever link there is then, and never after the end', async () => {
    let mayLose = true
    const lossy = new Lossy({ link: () => link && { link, mayLose }, limits: () => limits })
    lossy.send('x', 1, '', undefined)
    link = undefined
    await vi.advanceTimersByTimeAsync(5_000)
    mayLose = false
    lossy.flush()
    link = new Wire()
    lossy.flush()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(wire().said.map((m) => m.data)).toEqual([1])

    mayLose = true
    lossy.send('x', 2, '', undefined)
    lossy.end()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(wire().said.map((m) => m.data)).toEqual([1, 2])
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each([true, false])(
    'go again on another link, each the latest of its kind (may lose: %s)',
    async (mayLose) => {
      const lossy = start(mayLose)
      lossy.carried(wire())
      for (const x of [1, 2]) {
        for (let key = 0; key < 80; key++) lossy.send('x', x, `${key}`, undefined)
        await vi.advanceTimersByTimeAsync(3_000)
      }
      lossy.send('x', 'new', '70', undefined)
      await vi.advanceTimersByTimeAsync(3_000)
      // The same link once more has lost nothing.
      const before = wire().said.length
      lossy.carried(wire())
      await vi.advanceTimersByTimeAsync(3_000)
      expect(wire().said).toHaveLength(before)
      // What went on this one up to now went into the void: it took its time to be noticed.
      link = new Wire()
      lossy.send('x', 'newer', '71', undefined)
      lossy.carried(link)
      await vi.advanceTimersByTimeAsync(3_000)
      const last = new Map(wire().said.map((m) => [m.key, m.data]))
      expect(last.size).toBe(64)
      for (let key = 16; key < 80; key++)
        expect(last.get(`${key}`)).toBe({ 70: 'new', 71: 'newer' }[key] ?? 2)
      expect(vi.getTimerCount()).toBe(0)
      lossy.end()
      link = new Wire()
      lossy.carried(link)
      expect(wire().frames).toEqual([])
    },
  )

  it('hold back nothing new for what went before, and stay within the rate', async () => {
    const lossy = start(true)
    for (let i = 0; i < 3000; i++) {
      for (let key = 0; key < 70; key++) lossy.send('x', i, `${key}`, undefined)
      await vi.advanceTimersByTimeAsync(1)
    }
    expect(wire().said.length).toBeLessThan(3 * 180 + 64)
    await vi.advanceTimersByTimeAsync(5_000)
    const last = new Map(wire().said.map((m) => [m.key, m.data as number]))
    const newest = [...last.values()].filter((value) => value === 2999)
    expect(newest.length).toBe(64)
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each([
    ['too_large', 'x', 'y'.repeat(999), ''],
    ['too_large', 'x', new Uint8Array(1001), ''],
    ['bad_message', '', 1, ''],
    ['bad_message', 'x', 1, 'k'.repeat(129)],
    ['bad_message', 'x', () => 1, ''],
  ])('are refused as %s', (code, type, data, key) => {
    expect(() => start().send(type, data, key, undefined)).toThrow(expect.objectContaining({ code }))
    expect(wire().frames).toEqual([])
  })
})

describe('history', () => {
  const answer = { t: 'history' as const, more: true, entries: [{ o: 7, from: 'p', name: 'P', type: 'chat', data: 'hi', at: 9 }] } // prettier-ignore

  it('asks and is answered', async () => {
    const history = new History(() => link)
    const page = history.ask({ type: 'chat', before: 9, limit: 2 })
    expect(wire().said).toEqual([{ t: 'history', id: 1, type: 'chat', before: 9, limit: 2 }])
    history.answered({ ...answer, id: 5 })
    history.answered({ ...answer, id: 1 })
    expect(await page).toEqual({
      messages: [{ type: 'chat', data: 'hi', from: { id: 'p', name: 'P' }, offset: 7, sentAt: new Date(9) }],
      more: true,
    })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('asks again on the next link, and takes the first answer', async () => {
    link = undefined
    const history = new History(() => link)
    const page = history.ask({})
    const first = wire()
    history.carried()
    link = new Wire()
    history.carried()
    expect([first.said, wire().said]).toEqual([[{ t: 'history', id: 1 }], [{ t: 'history', id: 1 }]])
    history.answered({ ...answer, id: 1 })
    history.answered({ ...answer, entries: [], id: 1 })
    expect((await page).messages).toHaveLength(1)
    history.carried()
    expect(wire().said).toHaveLength(1)
  })

  it('gives up in the end', async () => {
    const history = new History(() => link)
    const code = (page: Promise<unknown>) => page.then(String, (err: ParlorError) => err.code)
    const waits = code(history.ask({}))
    await vi.advanceTimersByTimeAsync(20_000)
    expect(await waits).toBe('timeout')
    const refused = code(history.ask({}))
    history.refused({ t: 'error', re: 'history', id: 2, code: 'rate_limited', message: '' })
    expect(await refused).toBe('rate_limited')
    const many = Array.from({ length: 65 }, () => code(history.ask({})))
    history.end(new ParlorError('left', ''))
    expect(new Set(await Promise.all(many))).toEqual(new Set(['left', 'buffer_full']))
  })
})
