import type { JoinOptions } from './options'
import { tabStorage } from './place'
import { Room } from './room'

/** Joins a room. Resolves when the server let us in; rejects with a ParlorError whose code says why it did not. */
export async function joinRoom(options: JoinOptions): Promise<Room> {
  const room = new Room(options, {
    openWebSocket: (url) => new WebSocket(url),
    fetch: (url, init) => fetch(url, init),
    webrtc: typeof RTCPeerConnection === 'function',
    storage: tabStorage(),
  })
  await room.start()
  return room
}
