// Loading this module is all it takes: <parlor-room> is known from then on.

import { ParlorRoom } from './ParlorRoom'

if (customElements.get('parlor-room') === undefined) customElements.define('parlor-room', ParlorRoom)

export { ParlorRoom }
export { ParlorRoomError } from './calls'
export type { ParlorRoomEventMap } from './ParlorRoom'
export type { Invitation, MessageOptions, Person, RoomCommands, RoomEvents } from './wire'
