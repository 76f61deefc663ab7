// What each code of the protocol (docs/protocol.md) and of the SDK means to a person: which way on is offered, with the
// words for it (`endings` of the strings). An unknown code gets those of `internal`.

import { strings, type Strings } from './strings'

export type Way = 'rejoin' | 'retry' | 'here' | 'reload' | 'home'

interface Offer {
  // The ways on, the best first.
  ways: readonly Way[]
  // The page tries again by itself.
  keepsTrying?: true
  tone?: 'calm' | 'bad'
}

export interface Ending extends Offer {
  title: string
  text: string
}

type Code = keyof Strings['endings']

export const offers: Readonly<Record<Code, Offer>> = {
  left: { ways: ['rejoin', 'home'], tone: 'calm' },
  room_closed: { ways: ['home'], tone: 'calm' },
  ended: { ways: ['rejoin', 'home'], tone: 'calm' },
  denied: { ways: ['home', 'retry'] },
  lobby_full: { ways: ['retry', 'home'] },
  removed: { ways: ['home'] },
  replaced: { ways: ['here', 'home'], tone: 'calm' },
  idle: { ways: ['rejoin', 'home'], tone: 'calm' },
  session_not_found: { ways: ['rejoin', 'home'] },
  slow_consumer: { ways: ['rejoin', 'home'] },
  origin: { ways: ['home'] },
  room_full: { ways: ['retry', 'home'] },
  room_locked: { ways: ['retry', 'home'] },
  room_not_found: { ways: ['home', 'retry'] },
  unauthorized: { ways: ['home'] },
  token_expired: { ways: ['home'] },
  not_allowed: { ways: ['home'] },
  bad_name: { ways: ['home'] },
  too_many_rooms: { ways: ['retry', 'home'] },
  overloaded: { ways: ['retry', 'home'], keepsTrying: true },
  draining: { ways: ['retry', 'reload'], keepsTrying: true },
  rate_limited: { ways: ['retry', 'home'] },
  unreachable: { ways: ['retry', 'reload'], keepsTrying: true },
  too_large: { ways: ['reload', 'home'] },
  limit_exceeded: { ways: ['rejoin', 'home'] },
  unknown_participant: { ways: ['rejoin', 'home'] },
  bad_message: { ways: ['reload', 'home'] },
  gap: { ways: ['rejoin', 'home'] },
  stale_link: { ways: ['rejoin', 'home'] },
  conflict: { ways: ['rejoin', 'home'] },
  state_full: { ways: ['rejoin', 'home'] },
  not_stored: { ways: ['rejoin', 'home'] },
  bad_offer: { ways: ['reload', 'home'] },
  too_many_media: { ways: ['rejoin', 'home'] },
  storage_full: { ways: ['rejoin', 'home'] },
  not_found: { ways: ['rejoin', 'home'] },
  internal: { ways: ['rejoin', 'reload'] },
}

const other: Readonly<Record<string, Code>> = {
  // What the SDK says of its own.
  timeout: 'unreachable',
  network: 'unreachable',
  connection_lost: 'unreachable',
  lost: 'session_not_found',
  closed: 'left',
}

// The code under which an ending is known.
export const endingCode = (code: string): Code => {
  if (Object.hasOwn(offers, code)) return code as Code
  return (Object.hasOwn(other, code) ? other[code] : undefined) ?? 'internal'
}

export const endingOf = (code: string): Ending => {
  const known = endingCode(code)
  return { ...offers[known], ...strings.endings[known] }
}

// The code that an error from joinRoom carries; what carries none is taken for our own fault.
export const codeOf = (error: unknown): string => {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string')
    return error.code
  return 'internal'
}
