// What the connection carries just now, from what it had carried at two moments. Pure.

import type { ConnectionStats } from '/sdk/parlor.js'

export interface Traffic {
  way: ConnectionStats['way']
  relayProtocol: string | undefined
  roundTripMs: number | undefined
  // Bits a second.
  sending: number
  receiving: number
  // Of what was sent either way meanwhile, 0 to 1.
  sentLost: number
  receivedLost: number
  sends: Picture | undefined
  receives: Picture | undefined
}

export interface Picture {
  width: number
  height: number
  framesPerSecond: number
}

export const trafficOf = (before: ConnectionStats, now: ConnectionStats): Traffic => {
  // After a new PeerConnection counts begin at 0 again.
  const since = (name: 'bytesSent' | 'bytesReceived' | 'packetsSent' | 'packetsReceived') =>
    now[name] < before[name] ? now[name] : now[name] - before[name]
  const lost = (name: 'packetsLost' | 'sentPacketsLost') => Math.max(0, now[name] - before[name])
  const seconds = Math.max(0.001, (now.at - before.at) / 1000)
  const share = (gone: number, all: number) => (all > 0 ? Math.min(1, gone / all) : 0)
  return {
    way: now.way,
    relayProtocol: now.relayProtocol,
    roundTripMs: now.roundTripMs,
    sending: (since('bytesSent') * 8) / seconds,
    receiving: (since('bytesReceived') * 8) / seconds,
    sentLost: share(lost('sentPacketsLost'), since('packetsSent')),
    receivedLost: share(lost('packetsLost'), lost('packetsLost') + since('packetsReceived')),
    sends: now.sending[0],
    receives: now.receiving[0],
  }
}
