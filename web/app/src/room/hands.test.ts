import type { Room } from '/sdk/parlor.js'
import { describe, expect, it } from 'vitest'
import { Hands, inOrder } from './hands'

const hand = (id: string, offset: number, by = id) => ({ key: `own/hand/${id}`, by, offset })

describe('inOrder', () => {
  it('has who raised first first, whatever the ids', () => {
    expect(inOrder([hand('p_a', 9), hand('p_b', 4), hand('p_c', 7)])).toEqual(['p_b', 'p_c', 'p_a'])
  })

  it('has a hand that is on its way last', () => {
    expect(inOrder([hand('me', 0), hand('p_b', 4)])).toEqual(['p_b', 'me'])
  })

  it('takes no hand that somebody put up for another', () => {
    expect(inOrder([hand('p_a', 3, 'p_evil'), hand('p_b', 4)])).toEqual(['p_b'])
  })
})

describe('Hands', () => {
  // The state of a room as far as hands go: whoever changes a cell is its owner.
  function world() {
    const cells = new Map<string, { by: string; offset: number }>()
    let tell: (key: string, value: unknown, by: string) => void = () => undefined
    let settle: () => void = () => undefined
    let last = 0
    const change = (key: string, value: unknown, by: string) => {
      if (value === undefined) cells.delete(key)
      else cells.set(key, { by, offset: ++last })
      tell(key, value, by)
    }
    const state = {
      ready: new Promise<void>((done) => (settle = done)),
      subscribe: (_: string, fn: typeof tell) => {
        tell = fn
        return () => undefined
      },
      entries: () => [...cells.keys()].map((key) => [key, true]),
      by: (key: string) => cells.get(key)?.by ?? '',
      offset: (key: string) => cells.get(key)?.offset ?? 0,
      set: async (key: string, value: unknown) => change(key, value, 'me'),
      delete: async (key: string) => change(key, undefined, 'me'),
    }
    const said: string[] = []
    const hands = new Hands({ state, localParticipant: { id: 'me' } } as unknown as Room, {
      raised: (id) => said.push(`${id} raised`),
      lowered: () => said.push('ours was lowered'),
    })
    return { hands, said, change, ready: () => (settle(), state.ready) }
  }

  it('tells of hands that are raised, not of those that were up before', async () => {
    const { hands, said, change, ready } = world()
    change('own/hand/p_old', true, 'p_old')
    await ready()
    change('own/hand/p_b', true, 'p_b')
    expect(said).toEqual(['p_b raised'])
    expect(hands.state.get()).toEqual(['p_old', 'p_b'])
  })

  it('tells when somebody else lowers ours, and not when we do or were gone', async () => {
    const { hands, said, change, ready } = world()
    await ready()
    await hands.raise()
    expect(hands.state.get()).toEqual(['me'])
    await hands.lower('me')
    await hands.raise()
    change('own/hand/me', undefined, '')
    expect(said).toEqual([])
    await hands.raise()
    change('own/hand/me', undefined, 'p_host')
    expect(said).toEqual(['ours was lowered'])
    expect(hands.state.get()).toEqual([])
  })
})
