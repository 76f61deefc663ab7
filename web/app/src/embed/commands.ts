// What the page around may ask of a visit. Its arguments are anybody's guess until they were looked at.

import type { SendOptions } from '/sdk/parlor.js'
import type { RoomCommands } from '../../../element/src/wire'
import { LONGEST } from '../chat/ChatLog'
import { endingOf } from '../errors'
import type { Device, Problem } from '../media/problem'
import type { Call } from '../room/Call'
import type { RoomVisit } from '../room/RoomVisit'
import { type Commands, Refusal } from './Host'

const text = (value: unknown, what: string): string => {
  if (typeof value !== 'string' || value === '') throw new Refusal('bad_message', `${what} is a text`)
  return value
}

const yes = (value: unknown): boolean => {
  if (typeof value !== 'boolean') throw new Refusal('bad_message', 'true or false is what it takes')
  return value
}

const sendOptions = (value: unknown): SendOptions => {
  if (value === undefined || value === null) return {}
  if (typeof value !== 'object') throw new Refusal('bad_message', 'options are an object')
  const { to, lossy, key } = value as Record<string, unknown>
  const ids = typeof to === 'string' ? to : Array.isArray(to) ? to.map((id) => text(id, 'an id')) : undefined
  return {
    ...(ids === undefined ? {} : { to: ids }),
    ...(lossy === true ? { lossy } : {}),
    ...(typeof key === 'string' ? { key } : {}),
  }
}

// Why a device is not on, in the SDK's words.
const CODES: Partial<Record<Problem, string>> = {
  denied: 'permission_denied',
  dismissed: 'permission_denied',
  system: 'permission_denied',
  missing: 'device_not_found',
  busy: 'device_in_use',
}

export const commandsOf = (visit: RoomVisit): Commands => {
  const call = (): Call => {
    const phase = visit.phase.get()
    if (phase.at !== 'in') throw new Refusal('not_joined', 'nobody has joined here')
    return phase.call
  }
  // As by hand: the device that was chosen, and a camera with what is behind blurred if that was chosen too.
  const turn = async (device: Device, on: boolean): Promise<void> => {
    const { own } = call()
    await own.set(device, on)
    const problem = own.state.get().problems[device]
    if (on && problem !== undefined)
      throw new Refusal(CODES[problem] ?? 'unsupported', `the ${device}: ${problem}`)
  }
  const commands: Record<keyof RoomCommands, (...args: readonly unknown[]) => unknown> = {
    join: async () => {
      if (visit.phase.get().at === 'preview') await visit.join(visit.knownAs)
      else await visit.again()
      const phase = visit.phase.get()
      if (phase.at === 'ended') throw new Refusal(phase.code, endingOf(phase.code).title)
    },
    leave: () => visit.leave(),
    setMicrophoneEnabled: (on) => turn('microphone', yes(on)),
    setCameraEnabled: (on) => turn('camera', yes(on)),
    sendMessage: (type, data, options) =>
      call().room.sendMessage(text(type, 'the type'), data, sendOptions(options)),
    sendChat: (words) => call().say(text(words, 'what is written').slice(0, LONGEST)),
  }
  return commands
}
