import { describe, expect, it } from 'vitest'
import { personName, roomName } from './names'

describe('roomName', () => {
  it.each([
    ['  Team stand up ', 'Team-stand-up'],
    ['a/b?c#d%e\\f', 'abcdef'],
    ['zero\u200bwidth', 'zerowidth'],
    ['会議 室', '会議-室'],
    ['   ', ''],
    ['é'.repeat(100), 'é'.repeat(64)],
  ])('%s', (typed, name) => {
    expect(roomName(typed)).toBe(name)
  })
})

describe('personName', () => {
  it.each([
    ['  Ada   Lovelace ', 'Ada Lovelace'],
    ['Ada\u202eevil', 'Ada evil'],
    ['line\nbreak', 'line break'],
    ['👩\u200d🚀', '👩\u200d🚀'],
    ['\u200b \u00ad', ''],
    ['名'.repeat(40), '名'.repeat(21)],
  ])('%j', (typed, name) => {
    expect(personName(typed)).toBe(name)
  })
})
