// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { another, emojiOf, Reactions } from './reactions'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const ben = { id: 'p_b', name: 'Ben' }
const shown = (reactions: Reactions) => reactions.state.get().floating.map((f) => f.emoji)

describe('emojiOf', () => {
  it.each([
    [{ emoji: '👍' }, '👍'],
    [{ emoji: 'x'.repeat(9) }, undefined],
    [null, undefined],
    ['👍', undefined],
  ])('%j', (data, emoji) => {
    expect(emojiOf(data)).toBe(emoji)
  })
})

it('another: so many within a time, and more when that has passed', () => {
  const limit = { most: 2, within: 1000 }
  expect(another([], 0, limit)).toEqual([0])
  expect(another([0, 10], 500, limit)).toBeUndefined()
  expect(another([0, 10], 1005, limit)).toEqual([10, 1005])
})

describe('Reactions', () => {
  it('shows one’s own at once, sends it, and does neither above the rate', () => {
    const reactions = new Reactions()
    const post = vi.fn(() => Promise.resolve())
    const went = Array.from({ length: 7 }, () => reactions.send('🎉', 'Ada', post))
    expect(went).toEqual([true, true, true, true, true, false, false])
    expect(post).toHaveBeenCalledTimes(5)
    expect(post).toHaveBeenCalledWith('reaction', { emoji: '🎉' })
    vi.advanceTimersByTime(3_000)
    expect(reactions.send('🎉', 'Ada', post)).toBe(true)
  })

  it('passes by', () => {
    const reactions = new Reactions()
    reactions.receive({ emoji: '👏' }, ben, new Date())
    expect(shown(reactions)).toEqual(['👏'])
    vi.advanceTimersByTime(4_000)
    expect(shown(reactions)).toEqual([])
  })

  it('shows so many of one person, and so many of all', () => {
    const reactions = new Reactions()
    for (let i = 0; i < 20; i++) reactions.receive({ emoji: '👍' }, ben, new Date())
    expect(shown(reactions)).toHaveLength(8)
    for (let i = 0; i < 50; i++) reactions.receive({ emoji: '❤️' }, { id: `p_${i}`, name: '' }, new Date())
    expect(shown(reactions)).toHaveLength(24)
  })

  it('does not show what was caught up on after a break, whatever the server’s clock says', () => {
    const reactions = new Reactions()
    const server = (ms: number) => new Date(Date.now() - 3_600_000 + ms)
    reactions.receive({ emoji: '👍' }, ben, server(0))
    reactions.receive({ emoji: '😮' }, ben, server(-20_000))
    reactions.receive({ emoji: '🎉' }, ben, server(-2_000))
    expect(shown(reactions)).toEqual(['👍', '🎉'])
  })

  it('is read out once, and what follows together', () => {
    const reactions = new Reactions()
    const said = () => reactions.state.get().said
    reactions.receive({ emoji: '👏' }, ben, new Date())
    expect(said()).toEqual({ name: 'Ben', emoji: '👏', more: 0 })
    for (let i = 0; i < 4; i++)
      reactions.receive({ emoji: '🎉' }, { id: `p_${i}`, name: `P${i}` }, new Date())
    expect(said()?.emoji).toBe('👏')
    vi.advanceTimersByTime(3_000)
    expect(said()).toEqual({ name: 'P0', emoji: '🎉', more: 3 })
  })
})
