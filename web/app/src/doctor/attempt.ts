// One PeerConnection by one way, in a session of its own that ends with it.

import { only } from './answer'
import type { Attempt, Candidate } from './facts'
import type { Entrance, Joined } from './entrance'

const WAY_MS = 8_000

export interface Way {
  may: (c: Candidate) => boolean
  // Another address in the place of those announced.
  at?: string
  // TURN servers that are to carry it, and nothing else.
  relay?: RTCIceServer
}

export interface Tried extends Attempt {
  joined: Joined | undefined
  // Of TURN: the browser was given an address there, and by which code it was not.
  relayed: boolean
  errors: number[]
}

// Tries it. What the server answered is told as soon as it is known.
export const attempt = async (door: Entrance, way: Way, heard?: (j: Joined) => void): Promise<Tried> => {
  const start = performance.now()
  const pc = new RTCPeerConnection(
    way.relay === undefined ? {} : { iceServers: [way.relay], iceTransportPolicy: 'relay' },
  )
  const tried: Tried = { outcome: 'silent', ms: 0, joined: undefined, relayed: false, errors: [] }
  pc.onicecandidate = ({ candidate }) => {
    tried.relayed ||= candidate !== null && candidate.candidate.includes(' typ relay')
  }
  pc.onicecandidateerror = (event) => {
    tried.errors.push(event.errorCode)
  }
  try {
    const channel = pc.createDataChannel('reliable', { negotiated: true, id: 0 })
    const open = new Promise<boolean>((done) => {
      channel.onopen = () => done(true)
      pc.onconnectionstatechange = () => {
        if (pc.connectionState === 'failed') done(false)
      }
      setTimeout(() => done(false), WAY_MS)
    })
    await pc.setLocalDescription(await pc.createOffer())
    tried.joined = await door.join(pc.localDescription?.sdp ?? '')
    heard?.(tried.joined)
    await pc.setRemoteDescription({ type: 'answer', sdp: only(tried.joined.answer, way.may, way.at) })
    if (await open) tried.outcome = 'works'
  } finally {
    tried.ms = performance.now() - start
    pc.close()
    if (tried.joined !== undefined) door.leave(tried.joined)
  }
  return tried
}
