import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Rungs, type Base } from '../src/rungs'

// Jitter at its most: a wait is as long as it can be.
beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(1))
afterEach(() => void vi.restoreAllMocks())

/** What it says to do next, in short. */
function next(rungs: Rungs, now = 0, atLeastMs?: number): string {
  const step = rungs.next(now, atLeastMs)
  return step.do === 'dial' ? step.kind : step.do === 'wait' ? `wait ${step.ms}` : 'probe'
}

describe('a WebSocket that fails', () => {
  it.each([
    ['streams', 'sse'],
    ['buffers', 'poll'],
  ] as const)('is tried once more, then left, if the server is there and the network %s', (verdict, kind) => {
    const rungs = new Rungs()
    expect(next(rungs)).toBe('websocket')
    rungs.failed(0)
    expect(next(rungs)).toBe('probe')
    rungs.probed(verdict)
    expect(next(rungs)).toBe('websocket')
    rungs.failed(0)
    expect(next(rungs)).toBe(kind)
    rungs.up(kind, 0)
    expect(rungs.better[0]).toBe('websocket')
  })

  it('is waited for, ever longer, if the server is not there', () => {
    const rungs = new Rungs()
    const waits: string[] = []
    for (let now = 0; now < 50_000;) {
      expect(next(rungs, now)).toBe('websocket')
      rungs.failed(now)
      expect(next(rungs, now)).toBe('probe')
      rungs.probed('dead')
      const wait = next(rungs, now)
      waits.push(wait)
      now += Number(wait.split(' ')[1])
    }
    expect(waits.slice(0, 7).map((w) => Number(w.split(' ')[1]))).toEqual([
      100, 200, 400, 800, 1600, 2000, 2000,
    ])
    expect(waits.at(-1)).toBe('wait 5000')
  })

  it('is waited for, without asking, if nothing else is allowed', () => {
    const rungs = new Rungs(['websocket'])
    expect(rungs.next(0)).toEqual({ do: 'dial', kind: 'websocket', openMs: 10_000 })
    rungs.failed(0)
    expect(next(rungs)).toBe('wait 100')
  })

  it('is waited for as long as the server says', () => {
    const rungs = new Rungs()
    next(rungs)
    rungs.refused()
    expect(next(rungs, 0, 3_000)).toBe('wait 3100')
    expect(next(rungs)).toBe('websocket')
  })

  it('is asked at once for something else', () => {
    const rungs = new Rungs()
    next(rungs)
    rungs.refused(true)
    expect(next(rungs)).toBe('websocket')
  })
})

describe('a link that breaks', () => {
  it('with its server, however often, is not left', () => {
    const rungs = new Rungs()
    let now = 0
    for (let i = 0; i < 10; i++) {
      rungs.up('sse', now)
      rungs.lost((now += 3_000))
      expect(next(rungs, now)).toMatch(/^wait/)
      expect(next(rungs, now)).toBe('sse')
      rungs.failed(now)
      expect(next(rungs, now)).toBe('probe')
      rungs.probed('dead')
      expect(next(rungs, now)).toMatch(/^wait/)
      expect(next(rungs, now)).toBe('sse')
    }
  })

  it.each(['websocket', 'sse', 'poll'] as const)('is followed by one of its kind: %s', (kind) => {
    const rungs = new Rungs()
    rungs.up(kind, 0)
    rungs.lost(60_000)
    expect(next(rungs, 60_000)).toBe('wait 100')
    expect(next(rungs, 60_100)).toBe(kind)
    // The server is away for a while.
    rungs.failed(60_100)
    expect(next(rungs, 60_100)).toBe('probe')
    rungs.probed('dead')
    expect(next(rungs, 60_100)).toBe('wait 200')
    expect(next(rungs, 60_300)).toBe(kind)
  })

  it('three times as soon as it was there is left, once the server proves to be there', () => {
    const rungs = new Rungs()
    for (let i = 0; i < 3; i++) {
      rungs.up('websocket', i * 1_000)
      rungs.lost(i * 1_000 + 200)
      if (i < 2) expect(next(rungs, i * 1_000)).toMatch('wait')
    }
    expect(next(rungs)).toBe('probe')
    rungs.probed('streams')
    expect(next(rungs)).toBe('sse')
  })

  it('was a stream that brought nothing: polls then, and no way back to it but by a WebSocket', () => {
    const rungs = new Rungs()
    rungs.up('sse', 0)
    rungs.lost(12_000, 'mute')
    expect(next(rungs)).toBe('probe')
    rungs.probed('streams')
    expect(next(rungs)).toBe('poll')
    rungs.up('poll', 13_000)
    expect(rungs.better).toEqual(['websocket'])
    rungs.up('websocket', 20_000)
    rungs.up('poll', 30_000)
    expect(rungs.better).toEqual(['websocket', 'sse'])
  })

  it('because a better one was to take over tells nothing', () => {
    const rungs = new Rungs()
    for (let i = 0; i < 5; i++) {
      rungs.up('sse', i)
      rungs.lost(i, 'left')
      expect(next(rungs)).toMatch('wait')
      expect(next(rungs)).toBe('sse')
    }
  })

  it('of HTTP that does not come back though the server is there begins at the top', () => {
    const rungs = new Rungs()
    rungs.up('sse', 0)
    rungs.lost(60_000)
    next(rungs)
    expect(next(rungs)).toBe('sse')
    rungs.failed(60_000)
    expect(next(rungs)).toBe('probe')
    rungs.probed('streams')
    expect(next(rungs)).toBe('sse')
    rungs.failed(60_000)
    expect(next(rungs)).toMatch('wait')
    expect(next(rungs)).toBe('websocket')
  })

  it('at once, always, is opened ever more rarely', () => {
    const rungs = new Rungs(['poll'])
    const waits = Array.from({ length: 6 }, (_, i) => {
      rungs.up('poll', i)
      rungs.lost(i)
      const wait = next(rungs, i)
      next(rungs, i)
      return wait
    })
    expect(waits.at(-1)).toBe('wait 2000')
  })
})

describe('what is allowed', () => {
  it.each<[Base[], string[]]>([
    [['poll'], ['poll']],
    [['sse'], ['sse']],
    [['sse', 'poll'], ['probe']],
    [[], ['websocket']],
    [['poll', 'websocket'], ['websocket']],
  ])('%j begins with %j', (allowed, first) => {
    expect([next(new Rungs(allowed))]).toEqual(first)
  })

  it('is all that a fall may lead to', () => {
    for (const [allowed, kind] of [
      [['websocket', 'poll'], 'poll'],
      [['websocket', 'sse'], 'sse'],
    ] as const) {
      for (const verdict of ['streams', 'buffers'] as const) {
        const rungs = new Rungs(allowed)
        next(rungs)
        rungs.failed(0)
        next(rungs)
        rungs.probed(verdict)
        next(rungs)
        rungs.failed(0)
        expect(next(rungs)).toBe(kind)
      }
    }
  })
})

describe('climbing', () => {
  it('is tried after 5 s, and then ever more rarely, until a WebSocket has lasted', () => {
    vi.mocked(Math.random).mockReturnValue(0.5)
    const rungs = new Rungs()
    rungs.up('sse', 0)
    const pauses = Array.from({ length: 6 }, () => {
      const ms = rungs.climbIn()
      rungs.climbFailed()
      return ms
    })
    expect(pauses).toEqual([5_000, 5_000, 10_000, 20_000, 40_000, 60_000])
    rungs.up('websocket', 0)
    expect(rungs.climbIn()).toBeUndefined()
    rungs.lost(3_000)
    rungs.up('sse', 3_000)
    expect(rungs.climbIn()).toBe(60_000)
    rungs.up('websocket', 10_000)
    rungs.lost(50_000)
    rungs.up('sse', 50_000)
    expect(rungs.climbIn()).toBe(5_000)
  })
})
