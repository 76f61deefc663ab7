import type { ConnectionStats } from '/sdk/parlor.js'
import { expect, it } from 'vitest'
import { trafficOf } from './traffic'

const stats = (more: Partial<ConnectionStats>): ConnectionStats => ({
  at: 0,
  way: 'udp',
  relayProtocol: undefined,
  roundTripMs: 20,
  availableBitrate: undefined,
  bytesSent: 0,
  bytesReceived: 0,
  packetsReceived: 0,
  packetsLost: 0,
  packetsSent: 0,
  sentPacketsLost: 0,
  sending: [],
  receiving: [],
  ...more,
})

const before = stats({
  at: 1000,
  bytesSent: 500,
  bytesReceived: 10_000,
  packetsReceived: 100,
  packetsLost: 3,
})

it('is what was carried between the two, a second', () => {
  const now = stats({
    at: 3000,
    bytesSent: 25_500,
    bytesReceived: 260_000,
    packetsReceived: 190,
    packetsLost: 13,
    packetsSent: 50,
    sentPacketsLost: 1,
  })
  expect(trafficOf(before, now)).toMatchObject({
    sending: 100_000,
    receiving: 1_000_000,
    receivedLost: 0.1,
    sentLost: 0.02,
    roundTripMs: 20,
  })
})

it('is not below nothing where counts began anew, and nothing is lost of nothing', () => {
  const anew = trafficOf(before, stats({ at: 2000, bytesReceived: 1000 }))
  expect(anew).toMatchObject({ sending: 0, receiving: 8_000, receivedLost: 0, sentLost: 0 })
})
