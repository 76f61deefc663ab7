import { expect, it } from 'vitest'
import { deviceFor } from './pick'

const list = [{ deviceId: 'a' }, { deviceId: 'b' }]

it.each([
  ['the one that was chosen', 'b', 'a', list, 'b'],
  ['the one of last time, where none was chosen', '', 'b', list, undefined],
  ['the one of last time, where the chosen one is at home', 'home', 'b', list, undefined],
  ['the first, where that of last time was unplugged', '', 'gone', list, 'a'],
  ['whatever there is, the first time', '', undefined, list, undefined],
  ['nothing in particular, where no device has a name yet', 'b', 'gone', [], undefined],
] as const)('%s', (_, chosen, last, here, id) => {
  expect(deviceFor(chosen, last, here)).toBe(id)
})
