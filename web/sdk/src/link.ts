import { decodeFrame, WireError } from './frame'
import type { ServerMessage } from './wire'

export type LinkKind = 'websocket' | 'webrtc'

/** One way to move frames. It ends once, by either side, and says so once. */
export interface Link {
  readonly kind: LinkKind
  /** False once it ended. What is sent after that goes nowhere. */
  readonly open: boolean
  /** Bytes handed over and not yet on their way. */
  readonly buffered: number
  send(frame: string): void
  close(): void
}

export interface LinkEvents {
  message(link: Link, message: ServerMessage): void
  /** It ended. `code` is the WebSocket's close code, 0 for a data channel. */
  ended(link: Link, code: number, reason: string): void
}

/** Wraps a WebSocket that is open. */
export function webSocketLink(ws: WebSocket, events: LinkEvents): Link {
  let ended = false
  const end = (code: number, reason: string) => {
    if (ended) return
    ended = true
    ws.onmessage = ws.onclose = ws.onerror = null
    ws.close()
    events.ended(link, code, reason)
  }
  const link: Link = {
    kind: 'websocket',
    get open() {
      return !ended && ws.readyState === ws.OPEN
    },
    get buffered() {
      return ws.bufferedAmount
    },
    send(frame) {
      if (link.open) ws.send(frame)
    },
    close: () => end(1000, ''),
  }
  ws.onmessage = (e: MessageEvent<unknown>) => receive(e.data, link, events, end)
  ws.onclose = (e) => end(e.code, e.reason)
  ws.onerror = () => end(1006, 'error')
  return link
}

/** Wraps the reliable data channel once it is open. */
export function dataChannelLink(channel: RTCDataChannel, events: LinkEvents): Link {
  let ended = false
  const end = (code: number, reason: string) => {
    if (ended) return
    ended = true
    channel.onmessage = channel.onclose = channel.onerror = null
    channel.close()
    events.ended(link, code, reason)
  }
  const link: Link = {
    kind: 'webrtc',
    get open() {
      return !ended && channel.readyState === 'open'
    },
    get buffered() {
      return channel.bufferedAmount
    },
    send(frame) {
      if (!link.open) return
      try {
        channel.send(frame)
      } catch {
        // Its buffer is full or it closes just now. What was lost is sent again on the next link.
        end(0, 'send failed')
      }
    },
    close: () => end(0, ''),
  }
  channel.onmessage = (e: MessageEvent<unknown>) => receive(e.data, link, events, end)
  channel.onclose = () => end(0, 'closed')
  channel.onerror = () => end(0, 'error')
  return link
}

function receive(
  data: unknown,
  link: Link,
  events: LinkEvents,
  end: (code: number, reason: string) => void,
): void {
  let messages: ServerMessage[]
  try {
    if (typeof data !== 'string') throw new WireError('a frame is not text')
    messages = decodeFrame(data)
  } catch (err) {
    if (!(err instanceof WireError)) throw err
    end(1002, err.message)
    return
  }
  for (const message of messages) if (link.open) events.message(link, message)
}
