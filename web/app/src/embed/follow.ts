// Tells the page around what happens to a visit.

import type { Participant, Room } from '/sdk/parlor.js'
import type { Person } from '../../../element/src/wire'
import { endingOf } from '../errors'
import type { Call } from '../room/Call'
import type { RoomVisit } from '../room/RoomVisit'
import type { Host } from './Host'

interface Named {
  id: string
  identity: string
  name: string
}

const person = ({ id, identity, name }: Named): Person => ({ id, identity, name })

// Returns a function that ends it.
export const followVisit = (visit: RoomVisit, host: Host): (() => void) => {
  let end: (() => void) | undefined
  const look = () => {
    const phase = visit.phase.get()
    if (phase.at === 'in') {
      end ??= followCall(phase.call, host)
      return
    }
    const was = end !== undefined
    end?.()
    end = undefined
    if (phase.at === 'waiting') host.tell('waiting', { attended: phase.attended })
    if (phase.at !== 'ended' || phase.trying) return
    if (was) host.tell('left', { reason: phase.code })
    else host.tell('error', { code: phase.code, message: endingOf(phase.code).title })
  }
  const off = visit.phase.subscribe(look)
  look()
  return () => {
    off()
    end?.()
  }
}

const followCall = (call: Call, host: Host): (() => void) => {
  const { room } = call
  let devices = ''
  const lookAtDevices = () => {
    const now = devicesOf(room)
    const said = JSON.stringify(now)
    if (said === devices) return
    devices = said
    host.tell('devicesChanged', now)
  }
  host.tell('joined', {
    room: room.name,
    self: person(room.localParticipant),
    participants: [...room.participants.values()].map(person),
  })
  lookAtDevices()
  const offs = [
    call.view.subscribe(lookAtDevices),
    room.on('participantConnected', (p: Participant) =>
      host.tell('participantConnected', { participant: person(p) }),
    ),
    room.on('participantDisconnected', (p: Participant, reason: string) =>
      host.tell('participantDisconnected', { participant: person(p), reason }),
    ),
    room.on('message', (type, data, from, { offset, sentAt, direct, lossy }) =>
      host.tell('message', { type, data, from: person(from), offset, sentAt, direct, lossy }),
    ),
    room.on('activeSpeakersChanged', (speakers) =>
      host.tell('activeSpeakersChanged', { speakers: speakers.map(({ id }) => id) }),
    ),
    room.on('reconnecting', () => host.tell('reconnecting', {})),
    room.on('reconnected', () => host.tell('reconnected', {})),
  ]
  return () => {
    for (const off of offs) off()
  }
}

const devicesOf = ({ localParticipant: me }: Room) => ({
  microphone: me.isMicrophoneEnabled,
  camera: me.isCameraEnabled,
  screen: me.isScreenShareEnabled,
})
