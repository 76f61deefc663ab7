import type { Participant } from './participant'
import type { RemoteTrack } from './track'
import type { Kind, Source } from './wire'

/** What arrived of one subscribed track since its slot exists. */
export interface InboundStats {
  mid: string
  trackId: string
  participantId: string
  kind: Kind
  source: Source
  packetsReceived: number
  packetsLost: number
  bytesReceived: number
  framesDecoded: number
  frameWidth: number
  frameHeight: number
  totalAudioEnergy: number
  nackCount: number
  pliCount: number
  freezeCount: number
  codecId: string
}

export function inboundStats(
  report: RTCStatsReport | undefined,
  playing: readonly { mid: string; track: RemoteTrack; participant: Participant }[],
): InboundStats[] {
  const byMid = new Map<string, Record<string, unknown>>()
  report?.forEach((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) return
    const fields = entry as Record<string, unknown>
    if (fields.type === 'inbound-rtp' && typeof fields.mid === 'string') byMid.set(fields.mid, fields)
  })
  return playing.map(({ mid, track, participant }) => {
    const fields = byMid.get(mid) ?? {}
    const number = (name: string) => {
      const value = fields[name]
      return typeof value === 'number' ? value : 0
    }
    return {
      mid,
      trackId: track.id,
      participantId: participant.id,
      kind: track.kind,
      source: track.source,
      packetsReceived: number('packetsReceived'),
      packetsLost: number('packetsLost'),
      bytesReceived: number('bytesReceived'),
      framesDecoded: number('framesDecoded'),
      frameWidth: number('frameWidth'),
      frameHeight: number('frameHeight'),
      totalAudioEnergy: number('totalAudioEnergy'),
      nackCount: number('nackCount'),
      pliCount: number('pliCount'),
      freezeCount: number('freezeCount'),
      codecId: typeof fields.codecId === 'string' ? fields.codecId : '',
    }
  })
}
