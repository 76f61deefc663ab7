import { WireError } from './frame'
import { FrameReader } from './reader'
import type { ServerMessage } from './wire'

export type LinkKind = 'websocket' | 'webrtc'

/** One way to move frames. It ends once, by either side, and says so once. */
export interface Link {
  readonly kind: LinkKind
  /** False once it ended. What is sent after that goes nowhere. */
  readonly open: boolean
  /** Bytes handed over and not yet on their way. */
  readonly buffered: number
  /** Largest pieces that a large frame should go in here. */
  readonly pieceBytes: number
  send(frame: string | Uint8Array<ArrayBuffer>): void
  close(): void
}

export interface LinkEvents {
  message(link: Link, message: ServerMessage): void
  /** It ended. `code` is the WebSocket's close code, 0 for a data channel. */
  ended(link: Link, code: number, reason: string): void
  /** The most bytes of a frame that comes in pieces, as far as it is known. */
  frameBytes?(): number | undefined
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
    pieceBytes: 65_536,
    get open() {
      return !ended && ws.readyState === ws.OPEN
    },
    get buffered() {
      return ws.bufferedAmount
    },
    send(frame) {
      if (link.open) ws.send(frame as string)
    },
    close: () => end(1000, ''),
  }
  ws.binaryType = 'arraybuffer'
  const reader = new FrameReader(() => events.frameBytes?.())
  ws.onmessage = (e: MessageEvent<unknown>) => receive(reader, e.data, link, events, end)
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
    pieceBytes: 16_000,
    get open() {
      return !ended && channel.readyState === 'open'
    },
    get buffered() {
      return channel.bufferedAmount
    },
    send(frame) {
      if (!link.open) return
      try {
        // Overloaded alike for both, which its type does not know.
        channel.send(frame as string)
      } catch {
        // Its buffer is full or it closes just now. What was lost is sent again on the next link.
        end(0, 'send failed')
      }
    },
    close: () => end(0, ''),
  }
  channel.binaryType = 'arraybuffer'
  const reader = new FrameReader(() => events.frameBytes?.())
  channel.onmessage = (e: MessageEvent<unknown>) => receive(reader, e.data, link, events, end)
  channel.onclose = () => end(0, 'closed')
  channel.onerror = () => end(0, 'error')
  return link
}

function receive(
  reader: FrameReader,
  data: unknown,
  link: Link,
  events: LinkEvents,
  end: (code: number, reason: string) => void,
): void {
  let messages: ServerMessage[]
  try {
    messages = reader.read(data)
  } catch (err) {
    if (!(err instanceof WireError)) throw err
    end(1002, err.message)
    return
  }
  for (const message of messages) if (link.open) events.message(link, message)
}
