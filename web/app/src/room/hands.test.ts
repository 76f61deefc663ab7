import { describe, expect, it } from 'vitest'
import { inOrder } from './hands'

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
