// @vitest-environment jsdom
import { describe, expect, it } from 'vitest'
import { pathOf, routeOf } from './route'

describe('routeOf', () => {
  it.each([
    ['/', '', { page: 'lobby', room: '' }],
    ['/', '?room=demo', { page: 'lobby', room: 'demo' }],
    ['/r/demo', '', { page: 'room', room: 'demo', watch: false }],
    ['/r/demo/', '', { page: 'room', room: 'demo', watch: false }],
    ['/watch/demo', '', { page: 'room', room: 'demo', watch: true }],
    ['/embed/demo', '', { page: 'embed', room: 'demo', watch: false }],
    ['/embed/demo', '?watch', { page: 'embed', room: 'demo', watch: true }],
    ['/r/caf%C3%A9%20x', '', { page: 'room', room: 'café x', watch: false }],
    ['/r/%E0%A4%A', '', { page: 'room', room: '%E0%A4%A', watch: false }],
    ['/doctor', '', { page: 'doctor' }],
    ['/doctor/x', '', { page: 'lobby', room: '' }],
    ['/r/', '', { page: 'lobby', room: '' }],
    ['/x/demo', '', { page: 'lobby', room: '' }],
  ])('%s%s', (path, search, route) => {
    expect(routeOf(path, search)).toEqual(route)
  })

  it('undoes pathOf', () => {
    for (const room of ['demo', 'café x', 'a/b?c#d', '100 %', '会議'])
      expect(routeOf(pathOf(room), '')).toEqual({ page: 'room', room, watch: false })
  })
})
