import { beforeEach, describe, expect, it } from 'vitest'
import { View, type Wanted } from '../src/view'
import type { Seen } from '../src/wire'

let view: View
let now: number

const track = (id: string, width: number, more: Partial<Seen> = {}): Seen => ({
  id,
  width,
  height: (width * 9) / 16,
  ...more,
})
const want = (...tracks: Seen[]): Wanted => ({ tracks, off: [] })

/** What is said now, as `id width`. */
function say(wanted: Wanted, atOnce = false): string[] | undefined {
  const { say: what } = view.next(now, wanted, atOnce)
  if (what) view.said(now, what)
  return what?.tracks.map((t) => `${t.id} ${t.width}${t.pin ? ' pinned' : ''}`)
}

beforeEach(() => {
  view = new View()
  now = 1_000
})

describe('what is looked at', () => {
  it('is told at once, then at most every 200 ms while it grows', () => {
    expect(say(want(track('a', 160)))).toEqual(['a 160'])
    now += 50
    expect(view.next(now, want(track('a', 320)))).toEqual({ inMs: 150 })
    now += 149
    expect(say(want(track('a', 320)))).toBeUndefined()
    now += 1
    expect(say(want(track('a', 640)))).toEqual(['a 640'])
    expect(view.next(now, want(track('a', 640)))).toEqual({})
  })

  it('is not told again for less than a tenth', () => {
    say(want(track('a', 320)))
    now += 5_000
    for (const width of [292, 300, 320, 340, 350]) expect(view.next(now, want(track('a', width)))).toEqual({})
    expect(say(want(track('a', 353)))).toEqual(['a 353'])
  })

  it('is told to be smaller only when it was so for a second', () => {
    say(want(track('a', 640)))
    now += 5_000
    expect(view.next(now, want(track('a', 160)))).toEqual({ inMs: 1_000 })
    now += 900
    expect(view.next(now, want(track('a', 160)))).toEqual({ inMs: 100 })
    // Back again: the second begins anew.
    expect(view.next(now, want(track('a', 640)))).toEqual({})
    now += 500
    expect(view.next(now, want(track('a', 160)))).toEqual({ inMs: 1_000 })
    now += 1_000
    expect(say(want(track('a', 160)))).toEqual(['a 160'])
  })

  it('is held when it goes, behind what comes, for a second', () => {
    say(want(track('a', 320), track('b', 320)))
    now += 5_000
    expect(say(want(track('c', 320), track('b', 320)))).toEqual(['c 320', 'b 320', 'a 320'])
    expect(view.next(now, want(track('c', 320), track('b', 320)))).toEqual({ inMs: 1_000 })
    now += 1_000
    expect(say(want(track('c', 320), track('b', 320)))).toEqual(['c 320', 'b 320'])
  })

  it('that is gone for good is not told of', () => {
    say(want(track('a', 320), track('b', 320)))
    view.forget('a')
    now += 5_000
    expect(view.next(now, want(track('b', 320)))).toEqual({})
  })

  it('that is turned off goes at once', () => {
    say(want(track('a', 320)))
    now += 200
    const { say: said } = view.next(now, { tracks: [], off: ['a'] })
    expect(said).toEqual({ tracks: [], off: ['a'] })
  })

  it('goes at once if all of it shall', () => {
    say(want(track('a', 320)))
    now += 1
    expect(say(want(), true)).toEqual([])
  })

  it('is told again for a pin, another order, a size that is known now', () => {
    say(want(track('a', 320), track('b', 320), track('c', 0)))
    now += 200
    expect(say(want(track('a', 320), track('b', 320, { pin: true }), track('c', 0)))).toBeDefined()
    now += 200
    expect(say(want(track('b', 320, { pin: true }), track('a', 320), track('c', 0)))).toEqual([
      'b 320 pinned',
      'a 320',
      'c 0',
    ])
    now += 200
    expect(say(want(track('b', 320, { pin: true }), track('a', 320), track('c', 200)))).toBeDefined()
  })

  it('is told anew to a server that knows nothing', () => {
    say(want(track('a', 320)))
    view.reset()
    expect(say(want(track('a', 160)))).toEqual(['a 160'])
  })

  it('is not more than the server takes', () => {
    const many = Array.from({ length: 120 }, (_, i) => track(`t${i}`, 160))
    const off = Array.from({ length: 600 }, (_, i) => `o${i}`)
    const { say: said } = view.next(now, { tracks: many, off })
    expect([said?.tracks.length, said?.off.length]).toEqual([100, 500])
    expect(said?.tracks[0]?.id).toBe('t0')
  })
})
