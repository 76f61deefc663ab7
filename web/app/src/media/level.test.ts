import { describe, expect, it } from 'vitest'
import { loudness } from './level'

describe('loudness', () => {
  it.each([
    [0, 0],
    [0.0005, 0],
    [0.001, 0],
    [1, 1],
    [0.5, 1],
  ])('%d is %d', (rms, level) => {
    expect(loudness(rms)).toBeCloseTo(level, 2)
  })
  it('puts speech in the middle', () => {
    expect(loudness(0.03)).toBeGreaterThan(0.4)
    expect(loudness(0.03)).toBeLessThan(0.8)
  })
})
