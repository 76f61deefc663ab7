import { describe, expect, it } from 'vitest'
import { KeepsUp } from './keepsUp'

// Pictures of so many ms, one after the other, until so long after the beginning.
const run = (keeps: KeepsUp, ms: number, from: number, to: number): number | undefined => {
  for (let now = from; now < to; now += ms) if (!keeps.took(ms, now)) return now
  return undefined
}

describe('KeepsUp', () => {
  it('keeps up with fast pictures, for ever', () => {
    expect(run(new KeepsUp(), 30, 0, 600_000)).toBeUndefined()
  })

  it('gives up after six slow seconds, not counting the first four', () => {
    const at = run(new KeepsUp(), 120, 0, 60_000)
    expect(at).toBeGreaterThan(9_500)
    expect(at).toBeLessThan(11_000)
  })

  it('forgives slow seconds that pass', () => {
    const keeps = new KeepsUp()
    expect(run(keeps, 30, 0, 5_000)).toBeUndefined()
    expect(run(keeps, 200, 5_000, 9_000)).toBeUndefined()
    expect(run(keeps, 30, 9_000, 60_000)).toBeUndefined()
    expect(run(keeps, 200, 60_000, 90_000)).toBeLessThan(70_000)
  })
})
