import { describe, expect, it } from 'vitest'
import { nextTalk, type Talk, type TalkEvent, wishOf } from './talk'

const held = (on = false): TalkEvent => ({ is: 'held', on })
const released = (on: boolean, busy = false): TalkEvent => ({ is: 'released', on, busy })
const settled = (on: boolean): TalkEvent => ({ is: 'settled', on })
const after = (...events: TalkEvent[]): Talk => events.reduce<Talk>(nextTalk, 'idle')

describe('push to talk', () => {
  it('opens the microphone while the key is held, and closes it after', () => {
    expect(wishOf(after(held()), false, false)).toBe(true)
    expect(after(held(), settled(true))).toBe('talking')
    expect(wishOf(after(held(), settled(true), released(true)), true, false)).toBe(false)
    expect(after(held(), settled(true), released(true), settled(false))).toBe('idle')
  })

  it('does nothing to a microphone that is on', () => {
    expect(after(held(true))).toBe('idle')
    expect(after(held(true), released(true))).toBe('idle')
  })

  it('closes what was still opening when the key was let go', () => {
    const talk = after(held(), released(false, true))
    expect(wishOf(talk, false, true)).toBeUndefined()
    expect(wishOf(nextTalk(talk, settled(true)), true, false)).toBe(false)
  })

  it('talks on when the key is held again before it was closed', () => {
    expect(after(held(), settled(true), released(true), held(true), settled(true))).toBe('talking')
  })

  it('gives up when the microphone does not open, or somebody mutes it', () => {
    expect(after(held(), settled(false))).toBe('idle')
    expect(after(held(), settled(true), settled(false))).toBe('idle')
  })

  it('leaves a microphone alone that is turned on after it was let go', () => {
    const talk = after(held(), released(false), settled(true))
    expect(talk).toBe('idle')
    expect(wishOf(talk, true, false)).toBeUndefined()
  })
})
