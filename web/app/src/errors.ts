// What each code of the protocol (docs/protocol.md) and of the SDK means to a person: what happened, what to do, and
// which way on is offered. An unknown code gets the words of `internal`.

export type Way = 'rejoin' | 'retry' | 'here' | 'reload' | 'home'

export interface Ending {
  title: string
  text: string
  // The ways on, the best first.
  ways: readonly Way[]
  // The page tries again by itself.
  keepsTrying?: true
  tone?: 'calm' | 'bad'
}

export const endings: Record<string, Ending> = {
  left: {
    title: 'You left the room',
    text: 'The link stays good: you can come back any time.',
    ways: ['rejoin', 'home'],
    tone: 'calm',
  },
  room_closed: {
    title: 'The room was closed',
    text: 'Whoever runs it has ended it for everyone. Ask them for a new link if you meant to go on.',
    ways: ['home'],
    tone: 'calm',
  },
  removed: {
    title: 'You were removed from the room',
    text: 'Someone who runs this room ended your visit. If that was a mistake, ask them.',
    ways: ['home'],
  },
  replaced: {
    title: 'You are in this room in another tab',
    text: 'This place was taken over by another page, so that you are not here twice. Go on there, or take it back.',
    ways: ['here', 'home'],
    tone: 'calm',
  },
  idle: {
    title: 'You were away for long',
    text: 'Nothing came from this page for a while, and the server freed its place.',
    ways: ['rejoin', 'home'],
    tone: 'calm',
  },
  session_not_found: {
    title: 'The connection was lost for too long',
    text: 'The server no longer keeps your place in the room. Joining again takes a moment.',
    ways: ['rejoin', 'home'],
  },
  slow_consumer: {
    title: 'Your connection could not keep up',
    text: 'More was said in the room than the network carried to you. Join again; turning your camera off helps.',
    ways: ['rejoin', 'home'],
  },
  origin: {
    title: 'This page may not use that server',
    text: 'The server takes only pages from addresses that whoever runs it has allowed, and this one is not among them.',
    ways: ['home'],
  },
  room_full: {
    title: 'The room is full',
    text: 'As many people are in it as it takes. Try again when someone has left.',
    ways: ['retry', 'home'],
  },
  room_locked: {
    title: 'The room is locked',
    text: 'Nobody new is let in for now. Ask someone inside to unlock it.',
    ways: ['retry', 'home'],
  },
  room_not_found: {
    title: 'There is no such room',
    text: 'It may have ended, or the link has a mistake in it. Check the name with whoever invited you.',
    ways: ['home', 'retry'],
  },
  unauthorized: {
    title: 'You need an invitation',
    text: 'This server lets people in with a personal link only, and this link carries none that it knows. Ask for yours, and open it as it was sent.',
    ways: ['home'],
  },
  token_expired: {
    title: 'Your invitation has run out',
    text: 'The link you opened was good for a limited time only. Ask for a new one.',
    ways: ['home'],
  },
  not_allowed: {
    title: 'Your invitation is not for this',
    text: 'It is for another room, or does not let you do what you tried. Ask whoever sent it for one that does.',
    ways: ['home'],
  },
  bad_name: {
    title: 'That name does not work',
    text: 'The room’s name or yours is empty, too long, or has characters in it that nobody can see. Choose another one.',
    ways: ['home'],
  },
  too_many_rooms: {
    title: 'The server is full',
    text: 'It hosts as many rooms as it can. Try again in a while.',
    ways: ['retry', 'home'],
  },
  overloaded: {
    title: 'The server is busy',
    text: 'It takes nobody new until it has caught up. This page tries again by itself.',
    ways: ['retry', 'home'],
    keepsTrying: true,
  },
  draining: {
    title: 'The server is restarting',
    text: 'It is being updated or moved. This page tries again by itself; it should take a minute at most.',
    ways: ['retry', 'reload'],
    keepsTrying: true,
  },
  rate_limited: {
    title: 'Too many tries',
    text: 'The server asks for a pause. Wait a little, then try again.',
    ways: ['retry', 'home'],
  },
  unreachable: {
    title: 'The server does not answer',
    text: 'It may be down, or your network is. This page keeps trying; if you know that the server is back, reload.',
    ways: ['retry', 'reload'],
    keepsTrying: true,
  },
  too_large: {
    title: 'Something was too large',
    text: 'This page sent the server more at once than it takes. Reload the page and join again.',
    ways: ['reload', 'home'],
  },
  limit_exceeded: {
    title: 'The server ended the connection',
    text: 'This page used more than the server gives to one person. Join again; if it comes back, tell whoever runs the server.',
    ways: ['rejoin', 'home'],
  },
  unknown_participant: {
    title: 'That person is not here any more',
    text: 'Join again to see who is.',
    ways: ['rejoin', 'home'],
  },
  bad_message: {
    title: 'The server did not understand this page',
    text: 'Most likely it was updated while this page was open. Reload the page.',
    ways: ['reload', 'home'],
  },
  gap: {
    title: 'The connection got out of step',
    text: 'Join again to put it right.',
    ways: ['rejoin', 'home'],
  },
  stale_link: {
    title: 'The connection got out of step',
    text: 'Another one has taken its place. Join again to put it right.',
    ways: ['rejoin', 'home'],
  },
  conflict: {
    title: 'Somebody else was faster',
    text: 'What you changed was changed by others meanwhile. Join again to see how it stands.',
    ways: ['rejoin', 'home'],
  },
  state_full: {
    title: 'The room is full of things',
    text: 'It keeps as much as it can hold. Delete something, then try again.',
    ways: ['rejoin', 'home'],
  },
  storage_full: {
    title: 'There is no place for more files',
    text: 'The room, or the whole server, holds as many files as it may. Older ones make room after a while.',
    ways: ['rejoin', 'home'],
  },
  not_found: {
    title: 'This file is no longer there',
    text: 'Files are kept as long as their room, and a while when nobody looks at them. Ask for it again.',
    ways: ['rejoin', 'home'],
  },
  not_stored: {
    title: 'The server could not keep what you sent',
    text: 'Its disk takes nothing more, so nobody got it. Tell whoever runs the server, and try again later.',
    ways: ['rejoin', 'home'],
  },
  bad_offer: {
    title: 'Browser and server found no common ground',
    text: 'The server cannot use what this browser offers for sound and video. Update the browser, or try another one.',
    ways: ['reload', 'home'],
  },
  too_many_media: {
    title: 'Too many cameras and screens at once',
    text: 'This page sent more pictures than the server takes from one person. Join again with fewer.',
    ways: ['rejoin', 'home'],
  },
  internal: {
    title: 'Something went wrong',
    text: 'That was not your fault. Join again; if it comes back, tell whoever runs the server.',
    ways: ['rejoin', 'reload'],
  },
}

const other: Record<string, string> = {
  // What the SDK says of its own.
  timeout: 'unreachable',
  network: 'unreachable',
  connection_lost: 'unreachable',
  lost: 'session_not_found',
  closed: 'left',
}

// The code under which an ending is known.
export const endingCode = (code: string): string =>
  Object.hasOwn(endings, code) ? code : Object.hasOwn(other, code) ? (other[code] as string) : 'internal'

export const endingOf = (code: string): Ending => endings[endingCode(code)] as Ending

// The code that an error from joinRoom carries; what carries none is taken for our own fault.
export const codeOf = (error: unknown): string => {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string')
    return error.code
  return 'internal'
}
