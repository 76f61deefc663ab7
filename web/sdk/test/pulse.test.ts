import { describe, expect, it } from 'vitest'
import { Pulse } from '../src/pulse'

/** Looks every so many milliseconds up to a time, and says what came of it when. */
function looks(
  pulse: Pulse,
  from: number,
  to: number,
  every: number,
  heard: (now: number) => number | undefined,
) {
  const what: string[] = []
  for (let now = from + every; now <= to; now += every) {
    const due = pulse.look(now, heard(now))
    if (due) what.push(`${due} ${now}`)
    if (due === 'dead') break
  }
  return what
}

describe('a link that says nothing', () => {
  it('is asked, and dead when it does not answer', () => {
    const never = () => undefined
    expect(looks(new Pulse(0), 0, 60_000, 1_000, never)).toEqual(['ping 5000', 'dead 13000'])
  })

  it('is asked again and again as long as it answers', () => {
    let heardAt = 0
    const what = looks(new Pulse(0), 0, 30_000, 1_000, (now) => {
      // Half a second after it was asked.
      if (now % 6_000 === 0) heardAt = now - 500
      return heardAt
    })
    expect(what).toEqual(['ping 5000', 'ping 11000', 'ping 17000', 'ping 23000', 'ping 29000'])
  })

  it('is not asked while it talks', () => {
    expect(looks(new Pulse(0), 0, 60_000, 1_000, (now) => now - 3_000)).toEqual([])
  })

  it('is dead to a page that is let run once a minute when it found no answer twice', () => {
    const what = looks(new Pulse(0), 0, 600_000, 60_000, () => undefined)
    expect(what).toEqual(['ping 60000', 'ping 120000', 'dead 180000'])
  })

  it('lives for such a page as long as it answers at all', () => {
    // Every other answer is lost.
    const heard = (now: number) => Math.floor(now / 120_000) * 120_000 - 59_000
    expect(looks(new Pulse(0), 0, 1_200_000, 60_000, heard).filter((w) => w.startsWith('dead'))).toEqual([])
  })

  it('has time to answer after a sleep, however long', () => {
    const pulse = new Pulse(0)
    looks(pulse, 0, 6_000, 1_000, () => undefined)
    expect(pulse.look(3_600_000)).toBe('ping')
    expect(looks(pulse, 3_600_000, 3_700_000, 1_000, () => undefined)).toEqual(['dead 3608000'])
    // Short sleeps one after the other count only if nothing lies between them.
    const other = new Pulse(0)
    looks(other, 0, 6_000, 1_000, () => undefined)
    for (let now = 20_000; now < 100_000; now += 20_000) {
      expect(other.look(now)).toBe('ping')
      expect(other.look(now + 1_000)).toBeUndefined()
    }
  })

  it('is dead in time however often somebody asks', () => {
    const pulse = new Pulse(0)
    for (let now = 1_000; now < 8_000; now += 1_000) {
      pulse.asked(now)
      expect(pulse.look(now)).toBeUndefined()
    }
    pulse.asked(9_000)
    expect(pulse.look(9_000)).toBe('dead')
  })

  it('asked after a sleep has its time from then', () => {
    const pulse = new Pulse(0)
    looks(pulse, 0, 6_000, 1_000, () => undefined)
    pulse.asked(60_000)
    expect(looks(pulse, 60_000, 100_000, 1_000, () => undefined)).toEqual(['dead 68000'])
  })
})
