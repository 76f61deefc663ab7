import { describe, expect, it } from 'vitest'
import { Watch } from '../src/watch'

/** Looks twice a second from `from` to `to`, at a mark that changes (`flows`) or does not, and says when what came of it. */
function looks(watch: Watch, from: number, to: number, flows: boolean, asks = true): string[] {
  const said: string[] = []
  for (let now = from; now <= to; now += 500) {
    const verdict = watch.look(now, flows ? `${now}` : 'still')
    if (verdict === 'ask' && asks) watch.asked(now)
    if (verdict) said.push(`${now} ${verdict}`)
  }
  return said
}

describe('a path that is watched', () => {
  it('is asked when nothing comes, lost when nothing comes of that, and back when something does', () => {
    const watch = new Watch()
    expect(looks(watch, 0, 5_000, true)).toEqual([])
    expect(looks(watch, 5_500, 7_500, false)).toEqual(['6000 ask', '7000 lost'])
    expect(looks(watch, 8_000, 9_000, true)).toEqual(['8000 back'])
  })

  it('is not lost while it answers', () => {
    const watch = new Watch()
    const said = []
    for (let now = 0; now < 20_000; now += 500) {
      // Something comes whenever it was asked for, and never else.
      const verdict = watch.look(now, `${said.length}`)
      if (verdict) said.push(verdict)
      if (verdict === 'ask') watch.asked(now)
    }
    expect(new Set(said)).toEqual(new Set(['ask']))
  })

  it('is left to the browser for a while where nobody can be asked', () => {
    const watch = new Watch()
    looks(watch, 0, 2_000, true)
    expect(looks(watch, 2_500, 8_000, false, false).filter((v) => v.endsWith('lost'))).toEqual(['7500 lost'])
  })

  it('is lost again ever more rarely', () => {
    const watch = new Watch()
    looks(watch, 0, 2_000, true)
    const lost = looks(watch, 2_500, 70_000, false).filter((v) => v.endsWith('lost'))
    expect(lost).toEqual(['4000 lost', '8000 lost', '16000 lost', '32000 lost', '62000 lost'])
  })

  it('has not waited in vain while the page was asleep', () => {
    const watch = new Watch()
    looks(watch, 0, 2_000, true)
    looks(watch, 2_500, 3_000, false)
    expect(watch.look(60_000, 'still')).toBeUndefined()
    expect(watch.look(60_500, 'still')).toBe('ask')
  })

  it('is asked at once when the network changes, and had flowed only if something came all the time', () => {
    const watch = new Watch()
    looks(watch, 0, 500, true)
    expect(watch.flowed).toBe(false)
    looks(watch, 1_000, 3_000, true)
    expect(watch.flowed).toBe(true)
    watch.hurry()
    expect(looks(watch, 3_500, 5_000, true)).toEqual(['3500 ask'])
  })
})
