// What the address says of how a room is shown within another page.

import { embedded } from '../route'

const said = new URLSearchParams(embedded ? location.search : '')

// It waits to be told with what one goes in.
export const controlled = embedded && said.has('controlled') && window.parent !== window

const panels = said.get('panels')?.split(',')

// Whether a panel, or the link that invites, is offered here, by its id.
export const offers = (panel: string): boolean => panels === undefined || panels.includes(panel)
