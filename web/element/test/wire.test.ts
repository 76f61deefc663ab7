import { describe, expect, it } from 'vitest'
import { fromPage, fromRoom } from '../src/wire'

const begin = (invitation: unknown) => fromPage({ parlor: 1, type: 'begin', invitation })

describe('what a page says to the room', () => {
  it('is taken as far as it makes sense', () => {
    expect(begin({ token: 't', name: 7, join: 'yes', camera: true, more: 1 })).toEqual({
      parlor: 1,
      type: 'begin',
      invitation: { token: 't', join: false, microphone: false, camera: true },
    })
    const call = { parlor: 1, type: 'call', call: 3, command: 'leave', args: [] }
    expect(fromPage({ ...call, more: 1 })).toEqual(call)
  })

  it.each([
    undefined,
    null,
    'begin',
    { type: 'begin', invitation: {} },
    { parlor: 2, type: 'begin', invitation: {} },
    { parlor: 1, type: 'begin' },
    { parlor: 1, type: 'begin', invitation: null },
    { parlor: 1, type: 'call', call: 'a', command: 'leave', args: [] },
    { parlor: 1, type: 'call', call: 1, command: 'leave', args: {} },
    { parlor: 1, type: 'event', event: 'joined', detail: {} },
  ])('is nothing: %j', (data) => expect(fromPage(data)).toBeUndefined())
})

describe('what a room says to the page', () => {
  it('is an event or an answer', () => {
    expect(fromRoom({ parlor: 1, type: 'event', event: 'ready', detail: {} })).toBeDefined()
    expect(fromRoom({ parlor: 1, type: 'answer', call: 1, value: 2 })).toBeDefined()
  })

  it.each([0, null, { parlor: 1 }, { parlor: 1, type: 'answer' }, { type: 'event', event: 'ready' }])(
    'is nothing: %j',
    (data) => expect(fromRoom(data)).toBeUndefined(),
  )
})
