import { expect, it } from 'vitest'
import { keepPlace, takePlace } from '../src/place'

function storage(): Storage {
  const map = new Map<string, string>()
  return {
    get length() {
      return map.size
    },
    clear: () => map.clear(),
    getItem: (k) => map.get(k) ?? null,
    key: () => null,
    removeItem: (k) => void map.delete(k),
    setItem: (k, v) => void map.set(k, v),
  }
}

const url = 'wss://example.org/v1/ws'

it('waits for the next page, once', () => {
  const s = storage()
  keepPlace(s, url, 'demo', { sid: 's_1', rt: 'x' })
  expect(takePlace(s, url, 'other')).toBeUndefined()
  expect(takePlace(s, 'wss://example.net/v1/ws', 'demo')).toBeUndefined()
  expect(takePlace(s, url, 'demo')).toEqual({ sid: 's_1', rt: 'x' })
  // A duplicate of the tab copies the storage, and finds nothing.
  expect(takePlace(s, url, 'demo')).toBeUndefined()
})

it.each(['', 'x', '17', 'null', '{}', '{"sid":1,"rt":2}', '[]'])(
  'does not trust what it finds: %s',
  (found) => {
    const s = storage()
    s.setItem(`parlor:${url}|demo`, found)
    expect(takePlace(s, url, 'demo')).toBeUndefined()
  },
)

it('does without storage', () => {
  keepPlace(undefined, url, 'demo', { sid: 's_1', rt: 'x' })
  expect(takePlace(undefined, url, 'demo')).toBeUndefined()
  const forbidden = {
    ...storage(),
    getItem: () => {
      throw new DOMException('no', 'SecurityError')
    },
    setItem: () => {
      throw new DOMException('full', 'QuotaExceededError')
    },
  }
  keepPlace(forbidden, url, 'demo', { sid: 's_1', rt: 'x' })
  expect(takePlace(forbidden, url, 'demo')).toBeUndefined()
})
