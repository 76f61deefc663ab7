import { expect, it } from 'vitest'
import { connectionStats } from '../src/connectionstats'

const report = (...entries: Record<string, unknown>[]) =>
  new Map(
    entries.map((e, i) => {
      const entry = { id: `n${i}`, ...e }
      return [entry.id, entry]
    }),
  ) as unknown as RTCStatsReport

const pair = {
  id: 'P',
  type: 'candidate-pair',
  selected: true,
  localCandidateId: 'L',
  bytesSent: 1000,
  bytesReceived: 9000,
  currentRoundTripTime: 0.04,
  availableOutgoingBitrate: 2_500_000,
}
const local = { id: 'L', type: 'local-candidate', candidateType: 'host', protocol: 'udp' }
const video = { kind: 'video', frameWidth: 640, frameHeight: 360, framesPerSecond: 30 }

it('says what carries media, how much of it, and what is lost', () => {
  const stats = connectionStats(
    report(
      pair,
      local,
      { type: 'inbound-rtp', kind: 'audio', packetsReceived: 50, packetsLost: 1 },
      { type: 'inbound-rtp', packetsReceived: 100, packetsLost: 4, ...video },
      { type: 'inbound-rtp', packetsReceived: 7, ...video, frameWidth: 1280, frameHeight: 720 },
      { type: 'outbound-rtp', packetsSent: 60, ...video },
      { type: 'outbound-rtp', packetsSent: 3, ...video, frameWidth: 1280, framesPerSecond: 0 },
      { type: 'remote-inbound-rtp', packetsLost: 2 },
    ),
    5_000,
  )
  expect(stats).toMatchObject({
    at: 5_000,
    way: 'udp',
    roundTripMs: 40,
    availableBitrate: 2_500_000,
    bytesSent: 1000,
    bytesReceived: 9000,
    packetsReceived: 157,
    packetsLost: 5,
    packetsSent: 63,
    sentPacketsLost: 2,
  })
  expect(stats.receiving.map((p) => p.height)).toEqual([720, 360])
  // What stands still is not sent.
  expect(stats.sending).toEqual([{ width: 640, height: 360, framesPerSecond: 30 }])
})

it('says by what a relay is reached, and nothing where there is no way yet', () => {
  const relay = { ...local, candidateType: 'relay', relayProtocol: 'tls' }
  expect(connectionStats(report(pair, relay), 0)).toMatchObject({ way: 'relay', relayProtocol: 'tls' })
  expect(connectionStats(report(), 0)).toMatchObject({ way: undefined, roundTripMs: undefined, bytesSent: 0 })
})
