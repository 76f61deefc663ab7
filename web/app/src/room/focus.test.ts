import { describe, expect, it } from 'vitest'
import { type Candidate, largeOf, speakerOf } from './focus'

const camera = (key: string, local = false): Candidate => ({ key, kind: 'camera', local })
const screen = (key: string): Candidate => ({ key, kind: 'screen', local: false })
const people = [camera('me', true), camera('ben'), camera('cy')]
const shared = [...people, screen('ben/1'), screen('cy/1')]

describe('largeOf', () => {
  it.each([
    ['nobody, among equals', people, 'auto', undefined, undefined],
    ['the newest screen', shared, 'auto', undefined, 'cy/1'],
    ['nothing in a grid, screens neither', shared, 'grid', undefined, undefined],
    ['who was chosen, also in a grid', shared, 'grid', 'ben', 'ben'],
    ['who was chosen before a screen', shared, 'speaker', 'cy', 'cy'],
    ['who speaks', people, 'speaker', undefined, 'ben'],
    ['a screen before who speaks', shared, 'speaker', undefined, 'cy/1'],
    ['nobody where one is alone', people.slice(0, 1), 'speaker', undefined, undefined],
    ['not who was chosen and left', people, 'auto', 'gone', undefined],
  ] as const)('%s', (_, items, layout, pinned, large) => {
    expect(largeOf(items, layout, pinned, 'ben')).toBe(large)
  })
})

describe('speakerOf', () => {
  const voices = (...speaking: string[]) =>
    ['me', 'ben', 'cy'].map((id) => ({ id, local: id === 'me', speaking: speaking.includes(id) }))

  it('is the first of the others until somebody speaks, and never oneself', () => {
    expect(speakerOf(voices('me'), undefined)).toBe('ben')
    expect(speakerOf(voices('cy'), undefined)).toBe('cy')
  })

  it('stays with who speaks, and with who spoke last', () => {
    expect(speakerOf(voices('ben', 'cy'), 'cy')).toBe('cy')
    expect(speakerOf(voices(), 'cy')).toBe('cy')
    expect(speakerOf(voices('ben'), 'cy')).toBe('ben')
  })

  it('goes on when they leave', () => {
    expect(speakerOf(voices(), 'gone')).toBe('ben')
    expect(speakerOf([], 'gone')).toBeUndefined()
  })
})
