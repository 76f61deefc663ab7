import { describe, expect, test } from 'vitest'
import { boardsOf, described, freeName, toOffer, wiped } from './list'

const board = (id: string, at = 1) => ({ id, name: id, at, by: 'Ada', version: 1 })

test('boards are read from the state, the oldest first, and nothing that is none', () => {
  const entries = [board('b', 2), board('a', 1)].map((b): [string, unknown] => {
    const change = described(b)
    return [change.key, 'value' in change && change.value]
  })
  const others: [string, unknown][] = [
    ['wb/-', true],
    ['wb/a/e/x', { name: 'x', at: 0, version: 1 }],
    ['wb/c', 'words'],
    ['wb/d', { name: 7, at: 1, version: 1 }],
    ['shapes/1', { name: 'x', at: 0, version: 1 }],
  ]
  expect(boardsOf([...entries, ...others])).toEqual([board('a', 1), board('b', 2)])
})

test('a new board has the first name that is free', () => {
  const name = (n: number) => `Board ${n}`
  expect(freeName([], name)).toBe('Board 1')
  const taken = [
    { ...board('a'), name: 'Board 1' },
    { ...board('b'), name: 'Board 3' },
  ]
  expect(freeName(taken, name)).toBe('Board 2')
})

test('what is wiped is deleted with a version above its own', () => {
  expect(
    wiped([
      ['k', { version: 3 }],
      ['l', 'words'],
    ]),
  ).toEqual([
    { key: 'k', delete: true, version: 4, nonce: 0 },
    { key: 'l', delete: true, version: 2 ** 31, nonce: 0 },
  ])
})

describe('a board is offered', () => {
  const boards = [board('a'), board('b')]
  test('when somebody is on it and it is not open here', () => {
    const on = new Map([['a', 1], ['b', 2], ['gone', 1]] as const) // prettier-ignore
    expect(toOffer(boards, 'b', on, new Set())).toEqual([boards[0]])
  })
  test('once', () => expect(toOffer(boards, undefined, new Map([['a', 1]]), new Set(['a']))).toEqual([]))
})
