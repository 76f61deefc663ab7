// How one likes to see a room; kept for the next one.

import { remember, remembered } from '../preferences'
import { Store } from '../store'
import { type Layout, LAYOUTS } from './focus'

export interface Looks {
  layout: Layout
  // One's own picture is among the others.
  self: boolean
  // Single keys do something.
  keys: boolean
}

export const looks = new Store<Looks>({
  layout: LAYOUTS.find((known) => known === remembered('layout')) ?? 'auto',
  self: remembered('self') !== 'hidden',
  keys: remembered('keys') !== 'off',
})

export const setLayout = (layout: Layout): void => {
  remember('layout', layout === 'auto' ? '' : layout)
  looks.update((l) => ({ ...l, layout }))
}

export const showSelf = (self: boolean): void => {
  remember('self', self ? '' : 'hidden')
  looks.update((l) => ({ ...l, self }))
}

export const allowKeys = (keys: boolean): void => {
  remember('keys', keys ? '' : 'off')
  looks.update((l) => ({ ...l, keys }))
}
