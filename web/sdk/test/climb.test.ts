import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Climb } from '../src/climb'
import type { Way } from '../src/route'

beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0.5))
afterEach(() => void vi.restoreAllMocks())

/** When it tries within so many seconds, and UDP gets through or not. */
function tries(climb: Climb, from: number, to: number, way: Way, through: boolean): number[] {
  const at: number[] = []
  for (let s = from; s <= to; s++) {
    if (!climb.due(s * 1000, way)) continue
    at.push(s)
    climb.tried(s * 1000, through)
  }
  return at
}

describe('the way back to UDP', () => {
  it('is not looked for from there', () => {
    expect(tries(new Climb(), 0, 300, 'udp', true)).toEqual([])
  })

  it('is looked for ever more rarely, at least once a minute', () => {
    const at = tries(new Climb(), 0, 200, 'tcp', false)
    expect(at).toEqual([5, 15, 35, 75, 115, 155, 195])
    expect(tries(new Climb(), 0, 5, 'relay', false)).toEqual([5])
  })

  it('is looked for in long intervals where the browser does not take it though it is open', () => {
    expect(tries(new Climb(), 0, 700, 'relay', true)).toEqual([5, 15, 615])
  })

  it('is looked for soon again after a time on UDP, and not if that was short', () => {
    const climb = new Climb()
    tries(climb, 0, 40, 'tcp', false)
    tries(climb, 41, 45, 'udp', false)
    expect(tries(climb, 46, 100, 'tcp', false)).toEqual([86])
    tries(climb, 101, 140, 'udp', false)
    expect(tries(climb, 141, 150, 'tcp', false)).toEqual([146])
  })

  it('is looked for soon where the network is another one', () => {
    const climb = new Climb()
    tries(climb, 0, 100, 'tcp', false)
    climb.reset()
    expect(tries(climb, 101, 110, 'tcp', false)).toEqual([106])
  })
})
