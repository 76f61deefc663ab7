import { type Fields, routeOf, type Way } from './route'

/** How media goes at one moment, and how much of it since the PeerConnection was made: two of these say how much there is now. */
export interface ConnectionStats {
  /** In milliseconds. It grows only. */
  at: number
  /** What carries media; undefined: nothing does yet. */
  way: Way | undefined
  /** What carries it to a relay. */
  relayProtocol: string | undefined
  /** There and back, in milliseconds. */
  roundTripMs: number | undefined
  /** Bits a second that the browser thinks can be sent. */
  availableBitrate: number | undefined
  bytesSent: number
  bytesReceived: number
  packetsReceived: number
  /** Of what was sent to us. */
  packetsLost: number
  packetsSent: number
  /** Of what we sent, as the server says it. */
  sentPacketsLost: number
  /** Pictures that are sent and received, the largest first. */
  sending: PictureStats[]
  receiving: PictureStats[]
}

export interface PictureStats {
  width: number
  height: number
  framesPerSecond: number
}

const number = (fields: Fields | undefined, name: string): number | undefined => {
  const value = fields?.[name]
  return typeof value === 'number' ? value : undefined
}

/** Reads it from the statistics of a PeerConnection. */
export function connectionStats(report: RTCStatsReport, at: number): ConnectionStats {
  const route = routeOf(report)
  const stats: ConnectionStats = {
    at,
    way: route?.way,
    relayProtocol: undefined,
    roundTripMs: undefined,
    availableBitrate: number(route?.pair, 'availableOutgoingBitrate'),
    bytesSent: number(route?.pair, 'bytesSent') ?? 0,
    bytesReceived: number(route?.pair, 'bytesReceived') ?? 0,
    packetsReceived: 0,
    packetsLost: 0,
    packetsSent: 0,
    sentPacketsLost: 0,
    sending: [],
    receiving: [],
  }
  const seconds = number(route?.pair, 'currentRoundTripTime')
  if (seconds !== undefined) stats.roundTripMs = seconds * 1000
  const { relayProtocol } = route?.local ?? {}
  if (route?.way === 'relay' && typeof relayProtocol === 'string') stats.relayProtocol = relayProtocol
  report.forEach((entry: unknown) => {
    const fields = entry as Fields
    const count = (name: string) => number(fields, name) ?? 0
    switch (fields.type) {
      case 'inbound-rtp':
        stats.packetsReceived += count('packetsReceived')
        stats.packetsLost += count('packetsLost')
        picture(stats.receiving, fields)
        break
      case 'outbound-rtp':
        stats.packetsSent += count('packetsSent')
        picture(stats.sending, fields)
        break
      case 'remote-inbound-rtp':
        stats.sentPacketsLost += count('packetsLost')
        break
    }
  })
  return stats
}

/** Only those that move: an encoding that nobody watches keeps its size. */
function picture(list: PictureStats[], fields: Fields): void {
  const [width, height] = [number(fields, 'frameWidth'), number(fields, 'frameHeight')]
  const framesPerSecond = number(fields, 'framesPerSecond') ?? 0
  if (fields.kind !== 'video' || !width || !height || framesPerSecond === 0) return
  list.push({ width, height, framesPerSecond })
  list.sort((a, b) => b.width * b.height - a.width * a.height)
}
