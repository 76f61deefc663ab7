// Loading this module is all it takes: <parlor-room> is known from then on.

import { ParlorRoom } from './ParlorRoom'

const registry = globalThis.customElements as CustomElementRegistry | undefined
if (registry && !registry.get('parlor-room')) registry.define('parlor-room', ParlorRoom)

export { ParlorRoom }
export { ParlorRoomError } from './calls'
export type { ParlorRoomEventMap } from './ParlorRoom'
export type { Invitation, MessageOptions, Person, RoomCommands, RoomEvents } from './wire'
