import { expect, test } from 'vitest'
import { pauseAfter, pointerPause, strokePause } from './pace'

test('what a board sends leaves room for everything else one may send', () => {
  for (const bytes of [100, 10_000, 128 * 1024])
    expect((bytes / pauseAfter(bytes, 1)) * 1_000).toBeLessThan(128 * 1024)
  expect(pauseAfter(0, 1)).toBe(100)
  expect(pauseAfter(0, 200)).toBe(800)
})

test('a long stroke is kept more seldom, a crowd points more seldom', () => {
  expect(strokePause(0)).toBe(2_000)
  expect(strokePause(60_000)).toBe(7_500)
  expect([1, 20, 200].map(pointerPause)).toEqual([33, 66, 100])
})
