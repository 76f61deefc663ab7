import { describe, expect, it } from 'vitest'
import { hueOf, initials } from './avatar'

describe('initials', () => {
  it.each([
    ['Ada Lovelace', 'AL'],
    ['ada', 'A'],
    ['  Grace  Brewster Murray   Hopper ', 'GH'],
    ['ben.k', 'BK'],
    ['山田 太郎', '山太'],
    ['👩‍🚀 Zoë', '👩‍🚀Z'],
    ['', ''],
  ])('%s', (name, expected) => {
    expect(initials(name)).toBe(expected)
  })
})

describe('hueOf', () => {
  it('stays, and spreads', () => {
    expect(hueOf('p_1')).toBe(hueOf('p_1'))
    expect(new Set(Array.from({ length: 60 }, (_, i) => hueOf(`p_${i}`))).size).toBeGreaterThan(8)
  })
})
