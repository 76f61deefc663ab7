import { browser } from './environment'
import type { JoinOptions } from './options'
import { Room } from './room'

/** Joins a room. Resolves when the server let us in; rejects with a ParlorError whose code says why it did not. */
export async function joinRoom(options: JoinOptions): Promise<Room> {
  const room = new Room(options, browser())
  await room.start()
  return room
}
