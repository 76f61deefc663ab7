import { WireError } from './frame'
import type { Transport } from './transport'
import { FrameReader } from './reader'
import type { ServerMessage } from './wire'

export type LinkKind = Transport

/** One way to move frames. It ends once, by either side, and says so once. */
export interface Link {
  readonly kind: LinkKind
  /** False once it ended. What is sent after that goes nowhere. */
  readonly open: boolean
  /** Bytes handed over and not yet on their way. */
  readonly buffered: number
  /** Largest pieces that a large frame should go in here. */
  readonly pieceBytes: number
  /** With `last` it gets out even if the page is gone in a moment, and past whatever waits. */
  send(frame: string | Uint8Array<ArrayBuffer>, last?: boolean): void
  close(): void
}

/** Why a link ended on which nothing came for too long. */
export const silentCode = 408

export interface LinkEvents {
  message(link: Link, message: ServerMessage): void
  /** It ended. `code` is the WebSocket's close code or the HTTP status; 0: it broke. */
  ended(link: Link, code: number, reason: string): void
  /** The most bytes of a frame that comes in pieces, as far as it is known. */
  frameBytes?(): number | undefined
}

/** Small pieces let other frames pass sooner; each costs something, and over HTTP a whole round trip. */
export const pieceBytes: Record<LinkKind, number> = {
  webrtc: 16_000,
  websocket: 65_536,
  sse: 262_144,
  poll: 262_144,
}

/** The one place where frames arrive, whatever link they come on. What is no protocol ends the link. */
export function receiver(
  link: Link,
  events: LinkEvents,
  end: (code: number, reason: string) => void,
): (data: unknown) => void {
  // Of its own: the pieces of a frame do not go on on another link.
  const reader = new FrameReader(() => events.frameBytes?.())
  return (data) => {
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
}

/** Wraps a WebSocket, or a data channel, once it is open. */
export function socketLink(socket: WebSocket | RTCDataChannel, events: LinkEvents): Link {
  const kind = 'url' in socket ? 'websocket' : 'webrtc'
  let ended = false
  const end = (code: number, reason: string) => {
    if (ended) return
    ended = true
    socket.onmessage = socket.onclose = socket.onerror = null
    socket.close()
    events.ended(link, code, reason)
  }
  const link: Link = {
    kind,
    pieceBytes: pieceBytes[kind],
    get open() {
      return !ended && (socket.readyState === 1 || socket.readyState === 'open')
    },
    get buffered() {
      return socket.bufferedAmount
    },
    send(frame) {
      if (!link.open) return
      try {
        // The two are overloaded alike, which is more than the type of their union knows.
        socket.send(frame as string)
      } catch {
        // Its buffer is full or it closes just now. What was lost is sent again on the next link.
        end(0, 'send failed')
      }
    },
    close: () => end(1000, ''),
  }
  socket.binaryType = 'arraybuffer'
  const receive = receiver(link, events, end)
  socket.onmessage = (e: MessageEvent<unknown>) => receive(e.data)
  socket.onclose = (e: Event) =>
    'code' in e ? end((e as CloseEvent).code, (e as CloseEvent).reason) : end(0, 'closed')
  socket.onerror = () => end(kind === 'webrtc' ? 0 : 1006, 'error')
  return link
}
