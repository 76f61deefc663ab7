import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { growth, initialPool, Pool, surplus } from '../src/pool'

const need = (n: number) => ({ audio: n, video: n })

describe('the pool of slots', () => {
  const lines = 64 - 3

  it('is large enough that three do not offer again when a fourth comes', () => {
    for (const others of [0, 1, 2, 3]) expect(growth(initialPool, need(others), lines)).toEqual(need(0))
  })

  it('grows in steps and keeps one to spare, up to 10 voices and 48 pictures', () => {
    expect(growth(initialPool, need(4), lines)).toEqual({ audio: 4, video: 4 })
    expect(growth(initialPool, need(8), lines)).toEqual({ audio: 6, video: 8 })
    expect(growth({ audio: 8, video: 8 }, need(7), lines)).toEqual(need(0))
    expect(growth(initialPool, { audio: 1, video: 4 }, lines)).toEqual({ audio: 0, video: 4 })
    // 25 tiles, oneself among them, at once.
    expect(growth(initialPool, { audio: 99, video: 24 }, lines)).toEqual({ audio: 6, video: 24 })
    // 49 tiles, oneself among them: all that fits in the lines there are, and our own screen.
    expect(growth(initialPool, need(1_000), lines)).toEqual({ audio: 6, video: 44 })
  })

  it('is far too large if the next smaller but one would do', () => {
    expect(surplus({ audio: 10, video: 28 }, need(16))).toEqual(need(0))
    expect(surplus({ audio: 10, video: 28 }, { audio: 10, video: 8 })).toEqual({ audio: 0, video: 12 })
    expect(surplus({ audio: 10, video: 28 }, need(0))).toEqual({ audio: 2, video: 20 })
    expect(surplus(initialPool, need(0))).toEqual(need(0))
  })

  it('never goes beyond the lines there are', () => {
    for (let n = 0; n < 100; n++) {
      for (const max of [0, 8, 12, 16, 29, 61]) {
        const more = growth(initialPool, need(n), max)
        expect(more.audio).toBeGreaterThanOrEqual(0)
        expect(more.video).toBeGreaterThanOrEqual(0)
        if (more.audio + more.video > 0) expect(8 + more.audio + more.video).toBeLessThanOrEqual(max - 2)
      }
    }
  })
})

describe('a pool', () => {
  let resized: string[]
  let lines: number | undefined
  let pool: Pool
  const pass = (ms: number) => vi.advanceTimersByTime(ms)

  beforeEach(() => {
    vi.useFakeTimers()
    resized = []
    lines = 61
    pool = new Pool({
      lines: () => lines,
      resized: () => resized.push(`${pool.size.audio}/${pool.size.video}`),
    })
  })
  afterEach(() => {
    pool.close()
    vi.useRealTimers()
  })

  it('grows once for all that come together', () => {
    for (let n = 1; n <= 24; n++) {
      pool.need(need(n))
      pass(3)
    }
    pass(1_000)
    expect(resized).toEqual(['10/28'])
  })

  it('waits until it can be negotiated', () => {
    lines = undefined
    pool.need(need(9))
    pass(1_000)
    expect(resized).toEqual([])
    lines = 61
    pool.grow()
    expect(resized).toEqual(['10/12'])
  })

  it('shrinks when it was far too large for a minute, and not if it was needed in between', () => {
    pool.need(need(24))
    pass(1_000)
    pool.need(need(2))
    pass(59_000)
    pool.need(need(24))
    pass(1_000)
    pool.need(need(2))
    pass(59_900)
    expect(resized).toEqual(['10/28'])
    pass(200)
    expect(resized).toEqual(['10/28', '8/8'])
    pass(600_000)
    expect(resized).toHaveLength(2)
  })
})
