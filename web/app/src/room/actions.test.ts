import { Circle } from 'lucide-react'
import { describe, expect, it, vi } from 'vitest'
import { type Action, arrange, arrangePhone, keysOf } from './actions'

const action = (id: string, more: Partial<Action>): Action => ({
  id,
  label: id,
  icon: Circle,
  run: () => undefined,
  place: 'menu',
  ...more,
})

const share = action('share', { place: 'middle', rank: 9 })
const hand = action('hand', { place: 'middle', rank: 5 })
const people = action('people', { place: 'end', rank: 7, count: 3, phone: 'end' })
const chat = action('chat', { place: 'end', rank: 8, phone: 'middle' })
const invite = action('invite', { place: 'end', rank: 1 })
const help = action('help', {})
const all = [share, hand, invite, people, chat, help]
const ids = (actions: readonly Action[]) => actions.map((a) => a.id)

describe('arrange', () => {
  it('has everything in a bar that is wide, in the order of the list', () => {
    const { middle, end, menu } = arrange(all, 1000, 300)
    expect(ids(middle)).toEqual(['share', 'hand'])
    expect(ids(end)).toEqual(['invite', 'people', 'chat'])
    expect(ids(menu)).toEqual(['help'])
  })

  it('sends to the menu what has the lowest rank first', () => {
    const { middle, end, menu } = arrange(all, 300 + 68 + 52 + 76, 300)
    expect(ids(middle)).toEqual(['share'])
    expect(ids(end)).toEqual(['people', 'chat'])
    expect(ids(menu)).toEqual(['hand', 'invite', 'help'])
  })

  it('lets nothing stand over the edge', () => {
    expect(ids(arrange(all, 300 + 68 + 52 + 76 - 1, 300).end)).toEqual(['chat'])
  })

  it('loses nothing, however narrow', () => {
    for (let width = 0; width < 1000; width += 7) {
      const { middle, end, menu } = arrange(all, width, 300)
      expect([...middle, ...end, ...menu]).toHaveLength(all.length)
    }
  })
})

it('has on a phone what says so, and the rest in the menu', () => {
  const { middle, end, menu } = arrangePhone(all)
  expect(ids(middle)).toEqual(['chat'])
  expect(ids(end)).toEqual(['people'])
  expect(ids(menu)).toEqual(['share', 'hand', 'invite', 'help'])
})

it('knows what keys do', () => {
  const run = vi.fn()
  keysOf([action('chat', { keys: 'C', run }), help])['c']?.()
  expect(run).toHaveBeenCalledOnce()
})
