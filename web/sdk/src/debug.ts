import type { Connection } from './connection'
import type { Ladder } from './ladder'
import type { Media } from './media'
import { inboundStats, type InboundStats } from './stats'

/** For tests and for people who debug. */
export interface RoomDebug {
  /** Offers made so far, the one of the join included. */
  readonly offers: number
  /** Takes the data channel for dead; it is tried again after some seconds. */
  dropDataChannel(): void
  /** Breaks the link that carries signalling, WebSocket or not; it comes back. */
  closeWebSocket(): void
  /** As if a proxy refused WebSockets. */
  blockWebSocket(blocked: boolean): void
  /** As if a proxy held up streams. */
  blockStreams(blocked: boolean): void
  /** What arrives, per subscribed track. */
  stats(): Promise<InboundStats[]>
}

/** @internal The handles on these parts of a room. */
export function handles(
  connection: Connection,
  media: Media | undefined,
  ladder: () => Ladder | undefined,
): RoomDebug {
  return {
    get offers() {
      return media?.offers ?? 0
    },
    dropDataChannel: () => ladder()?.drop(),
    closeWebSocket: () => connection.restart(),
    blockWebSocket: (blocked) => connection.block('websocket', blocked),
    blockStreams: (blocked) => connection.block('sse', blocked),
    stats: async () => inboundStats(await media?.stats(), media?.playing() ?? []),
  }
}
