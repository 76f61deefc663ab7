import { describe, expect, test } from 'vitest'
import { drawn } from './drawn.fixture'
import { decode, isIndex } from './element'

const read = (members: Parameters<typeof drawn>[0]) => {
  const element = drawn(members)
  return decode(element.id, element)
}

describe('elements of others', () => {
  test('are taken as Excalidraw makes them', () => {
    expect(read({})).toBeDefined()
    expect(read({ groupIds: ['g1', 'g2'], frameId: 'f', angle: 1.5 })).toBeDefined()
    expect(read({ type: 'text', text: 'hello' })).toBeDefined()
    const points = [
      [0, 0],
      [3.5, -4],
    ]
    expect(read({ type: 'freedraw', points })).toBeDefined()
  })

  test.each([
    ['https://parlor.example/r/x?element=1', true],
    ['HTTP://parlor.example', true],
    ['javascript:alert(1)', false],
    ['view-source:https://parlor.example', false],
    ['//parlor.example', false],
    ['https://', false],
    ['?token=x', false],
  ])('lead to the web or nowhere: %s', (link, leads) => {
    expect(read({ link })?.link).toBe(leads ? link : null)
  })

  test.each([
    ['another id than the key', { id: 'other' }],
    ['a page in a frame', { type: 'iframe' }],
    ['an embedded page', { type: 'embeddable' }],
    ['a type nobody knows', { type: 'boom' }],
    ['no place', { x: undefined }],
    ['a place that is no number', { x: '1' }],
    ['a place beyond all', { y: 1e300 }],
    ['no order', { index: null }],
    ['an order that nothing can come behind', { index: 'a00' }],
    ['a version nobody can be above', { version: 2 ** 52 }],
    ['half a version', { version: 1.5 }],
    ['a line without points', { type: 'line' }],
    [
      'points that are none',
      {
        type: 'freedraw',
        points: [
          [0, 0],
          ['x', 1],
        ],
      },
    ],
    ['too many points', { type: 'freedraw', points: Array.from({ length: 20_001 }, () => [0, 0]) }],
    ['a text without words', { type: 'text', text: '' }],
    ['something that is deleted', { isDeleted: true }],
    ['groups that are no words', { groupIds: [{}] }],
  ])('are not with %s', (what, members) => {
    const element = drawn(members)
    expect(decode(what.startsWith('another id') ? 'e' : element.id, element)).toBeUndefined()
  })

  test.each([[null], ['x'], [[]], [7]])('are not %j', (value) => expect(decode('e', value)).toBeUndefined())
})

test('an index is an integer that says how long it is, and a fraction that does not end with nothing', () => {
  for (const good of ['a0', 'a1', 'Zz', 'b12', 'a1V', 'a1Xk3']) expect(isIndex(good), good).toBe(true)
  for (const bad of ['', 'a', 'b1', 'a10', '0a', 'a!', 'a'.repeat(300)]) expect(isIndex(bad), bad).toBe(false)
})
