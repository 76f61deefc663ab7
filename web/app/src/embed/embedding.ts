// What the address says of how a room is shown within another page.

import { embedded } from '../route'

const said = new URLSearchParams(embedded ? location.search : '')

// It waits to be told with what one goes in.
export const controlled = embedded && said.has('controlled') && window.parent !== window

// What a page around may leave out, by the ids of actions and panels. All else belongs to a call.
const OPTIONAL = new Set(['chat', 'people', 'board', 'share', 'settings', 'invite'])

const panels = said.get('panels')?.split(',')

export const offers = (id: string): boolean =>
  panels === undefined || !OPTIONAL.has(id) || panels.includes(id)
