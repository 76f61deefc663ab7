import type { OpenWebSocket } from './dial'
import type { Http } from './http'
import { tabStorage } from './place'

/** @internal What a room needs of the browser. */
export interface Environment {
  openWebSocket: OpenWebSocket
  fetch: Http['fetch']
  webrtc: boolean
  storage: Storage | undefined
}

/** @internal The browser this runs in. */
export function browser(): Environment {
  return {
    openWebSocket: (url) => new WebSocket(url),
    fetch: (url, init) => fetch(url, init),
    webrtc: typeof RTCPeerConnection === 'function',
    storage: tabStorage(),
  }
}
