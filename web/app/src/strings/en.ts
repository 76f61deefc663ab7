// Every word the page says, in English. Other languages are parts of this shape; what they lack is said in English.

import type { Source } from '/sdk/parlor.js'
import type { Device } from '../media/problem'
import { pluralsOf } from './plurals'

const plural = pluralsOf('en')

const deviceName: Record<Device, string> = { camera: 'camera', microphone: 'microphone' }
const sourceName: Record<Source, string> = {
  ...deviceName,
  screen: 'screen',
  screen_audio: 'screen’s sound',
  other: 'track',
}

export const en = {
  product: 'Parlor',
  titleInRoom: (room: string) => `${room} · Parlor`,
  language: 'Language',

  lobby: {
    headline: 'A room to talk in.',
    line: 'Video calls that open in the browser. Share the link and people are in: nothing to install, no account.',
    name: 'Your name',
    namePlaceholder: 'Ada',
    room: 'Room',
    another: 'Suggest another name',
    go: 'Continue',
    foot: 'You can check your camera and microphone before anyone sees you.',
  },

  preview: {
    heading: (room: string) => `Ready to join ${room}?`,
    watching: (room: string) => `Ready to watch ${room}?`,
    name: 'Your name',
    microphone: 'Microphone',
    camera: 'Camera',
    speaker: 'Speaker',
    systemDefault: 'System default',
    numbered: (kind: 'microphone' | 'camera' | 'speaker', n: number) =>
      `${{ microphone: 'Microphone', camera: 'Camera', speaker: 'Speaker' }[kind]} ${n}`,
    none: (kind: 'microphone' | 'camera' | 'speaker') => `No ${kind} found`,
    level: 'Microphone level',
    asking: 'Your browser is asking for the camera and microphone',
    cameraOff: 'Camera is off',
    starting: 'Starting camera',
    join: 'Join',
    joinWithout: 'Join without camera or mic',
    joinChat: 'Join with chat only',
    watch: 'Watch',
    joining: 'Joining',
    otherRoom: 'Other room',
    tryAgain: 'Try again',
  },

  device: {
    turnOn: (device: Device) => `Turn on ${deviceName[device]}`,
    turnOff: (device: Device) => `Turn off ${deviceName[device]}`,
    mute: 'Mute microphone',
    unmute: 'Unmute microphone',
    options: (device: Device) => (device === 'camera' ? 'Camera options' : 'Audio options'),
  },

  background: {
    heading: 'Background',
    none: 'As it is',
    blur: 'Blurred',
    slow: 'The background is not blurred any more: this device is too slow for it.',
    failed: 'The background cannot be blurred here.',
  },

  // What happened to a device, and what to do. `how` depends on the browser where that is where the switch is.
  problem: {
    denied: {
      title: (what: string) => `${what} blocked`,
      chrome: 'Click the icon left of the address, allow it for this page, then try again.',
      firefox: 'Click the crossed-out icon left of the address, clear the block, then try again.',
      safari: 'Open Safari › Settings for this website, choose Allow, then try again.',
      ios: 'Tap the page icon left of the address, then Website Settings, choose Allow, and try again.',
      other: 'Allow it in the browser’s settings for this page, then try again.',
    },
    dismissed: {
      title: (what: string) => `${what} not allowed yet`,
      how: 'Try again, and choose Allow when the browser asks.',
    },
    system: {
      title: (what: string) => `${what} blocked by the system`,
      how: 'The computer does not let this browser use it. Allow the browser in the system’s privacy settings, then try again.',
    },
    missing: {
      title: (what: string) => `No ${what.toLowerCase()} found`,
      how: 'Plug one in and it appears here by itself, or join without.',
    },
    busy: {
      title: (what: string) => `${what} in use`,
      how: 'Another program or tab has it. Close that one, then try again.',
    },
    ended: {
      title: (what: string) => `${what} disconnected`,
      how: 'Plug it in again, or choose another one.',
    },
    insecure: {
      title: () => 'Camera and microphone need a secure page',
      how: (origin: string) =>
        `Browsers allow them on https:// and on localhost only, and this page came from ${origin}. Ask whoever runs this server for an https address. You can join now to watch, listen and chat.`,
    },
    unsupported: {
      title: () => 'This browser has no camera or microphone support',
      how: 'A current Chrome, Edge, Firefox or Safari has. You can still join.',
    },
    failed: {
      title: (what: string) => `${what} did not start`,
      how: 'Try again, choose another one, or join without.',
    },
    screenFailed: 'Screen sharing did not start. The system may not allow this browser to record the screen.',
    camera: 'Camera',
    microphone: 'Microphone',
    both: 'Camera and microphone',
  },

  noWebRTC: {
    title: 'This browser cannot do video calls',
    how: 'It has no WebRTC, or it is switched off. You can join and chat; for sound and video use a current Chrome, Edge, Firefox or Safari.',
  },

  room: {
    you: '(you)',
    justYou: 'You',
    someone: 'Guest',
    muted: 'muted',
    screenOf: (name: string) => `${name}’s screen`,
    yourScreen: 'Your screen',
    sharing: 'You are sharing your screen with everyone here.',
    stopSharing: 'Stop sharing',
    share: 'Share screen',
    chat: 'Chat',
    people: 'People',
    copied: 'Invite link copied',
    leave: 'Leave',
    more: 'More',
    controls: 'Call controls',
    stage: 'People in the room',
    pages: 'Pages of people',
    page: (n: number, of: number) => `Page ${n} of ${of}`,
    nextPage: 'Next page',
    previousPage: 'Previous page',
    alone: 'Nobody else is here yet',
    aloneHow: 'Send the link to whoever should come.',
    joined: (name: string) => `${name} joined`,
    left: (name: string) => `${name} left`,
    lost: (name: string) => `${name} lost the connection`,
    unread: (n: number) => `${n} unread`,
    hereNow: (n: number) => plural(n, { one: '# person here', other: '# people here' }),
    watching: (n: number) => plural(n, { one: '# watching', other: '# watching' }),
    offAir: 'Nobody is on air yet',
    offAirHow: 'This page shows them as soon as they are.',
    hear: 'The browser holds the sound back until you click.',
    hearButton: 'Click to hear',
    reconnecting: 'Connection lost. Reconnecting…',
    stillReconnecting: 'The server does not answer. Still trying…',
    noMedia:
      'No sound and no video: this network, or a proxy in it, lets only web pages through. Chat works.',
    mediaAway: 'Sound and pictures do not come through at the moment. Looking for another way…',
    whatGetsThrough: 'See what gets through',
    reset: 'You were away too long for everything to be kept: some chat messages may be missing.',
    refused: (source: Source) => `This room does not take your ${sourceName[source]}: nobody else gets it.`,
    microphoneOn: 'Microphone on',
    microphoneOff: 'Microphone off',
    cameraOn: 'Camera on',
    cameraOff: 'Camera off',
    close: 'Close',
    fullscreen: 'Full screen',
    weak: 'weak connection',
    gone: 'connection lost',
    paused: 'Paused: your connection is too slow',
    muteThem: (name: string) => `Mute ${name}`,
    stopThem: (name: string) => `Stop ${name}`,
    mutedBy: (name: string, source: Source) =>
      source === 'screen' ? `${name} stopped your screen` : `${name} muted your ${sourceName[source]}`,
    audioOnly: 'Sound only: the pictures of the others are off.',
    showPictures: 'Show pictures',
    react: 'Send a reaction',
    reacted: (name: string, emoji: string, more: number) =>
      more === 0 ? `${name}: ${emoji}` : `${name}: ${emoji}, and ${more} more reactions`,
    raiseHand: 'Raise hand',
    lowerHand: 'Lower hand',
    raised: (name: string) => `${name} raised a hand`,
    lowered: 'Your hand was lowered',
    handUp: (place: number) => `Hand raised, number ${place}`,
    lowerTheirs: (name: string) => `Lower ${name}’s hand`,
    lowerAll: 'Lower all hands',
    hands: 'Raised hands',
    everyone: 'Everyone here',
    showSelf: 'Show my own picture',
    fullScreen: 'Full screen',
    pip: 'Picture in picture',
    talking: 'You are heard while you hold Space',
    pin: (name: string) => `Show ${name} large`,
    unpin: (name: string) => `Stop showing ${name} large`,
  },

  invite: {
    heading: 'Invite people',
    how: 'Whoever has this link comes in with it, from any browser.',
    copy: 'Copy link',
    share: 'Share',
    byHand: 'Select the link and copy it.',
    code: 'The link as a code for phones',
  },

  reactions: {
    '👍': 'Thumbs up',
    '❤️': 'Heart',
    '👏': 'Clapping hands',
    '😂': 'Laughing',
    '🎉': 'Party',
    '😮': 'Surprised',
    '🤔': 'Thinking',
    '👋': 'Waving',
  },

  layouts: {
    heading: 'Layout',
    auto: 'Automatic',
    grid: 'Grid',
    speaker: 'Speaker',
  },

  settings: {
    heading: 'Settings',
    devices: 'Camera, microphone and speaker',
  },

  keys: {
    heading: 'Keyboard shortcuts',
    escape: 'Close what is open',
    single: 'Use these keys',
    singleHow: 'Off: only Space, Esc and ? do something.',
    talk: 'Talk while muted',
    space: 'hold Space',
    orSpace: (key: string) => `${key}, or hold Space`,
    microphone: 'Microphone on or off',
    camera: 'Camera on or off',
  },

  // For those who may moderate, and what others see of it.
  host: {
    host: 'Host',
    lock: 'Lock the room',
    locked: 'Locked: nobody new gets in',
    lobby: 'Let people in one by one',
    endForAll: 'End for everyone',
    endHeading: 'End this for everyone?',
    endText: 'Everybody is put out of the room, you too. The link stays good for another time.',
    remove: (name: string) => `Remove ${name}`,
    removeHeading: (name: string) => `Remove ${name}?`,
    removeText:
      'They are put out at once. With the link they can come back, unless the room is locked or you let people in one by one.',
    removeButton: 'Remove',
    cancel: 'Cancel',
    notNow: 'That did not get through. Try again when the connection is back.',
    waiting: (n: number) => (n === 1 ? 'Somebody wants to come in' : `${n} people want to come in`),
    waits: (names: readonly string[]) =>
      names.length === 1 ? `${names[0]} wants to come in` : `${names.join(', ')} want to come in`,
    admit: (name: string) => `Let ${name} in`,
    admitAll: 'Let all in',
    deny: (name: string) => `Send ${name} away`,
    youAre: 'You are the host now',
    is: (name: string) => `${name} is the host now`,
    // `by` is undefined if nobody in particular did it, and empty if it was oneself.
    saysLocked: (locked: boolean, by: string | undefined) => {
      const done = locked ? 'locked' : 'unlocked'
      return by === undefined ? `The room is ${done}` : `${by || 'You'} ${done} the room`
    },
    saysLobby: (lobby: boolean, by: string | undefined) =>
      `${lobby ? 'Newcomers wait to be let in' : 'Newcomers come in at once'}${by ? `, says ${by}` : ''}`,
    removed: (name: string) => `${name} was removed`,
  },

  // In front of a room with a lobby.
  wait: {
    title: (room: string) => `Waiting · ${room} · Parlor`,
    heading: 'Waiting to be let in',
    attended: 'The host sees your name and can let you in. Keep this page open; it goes on by itself.',
    unattended:
      'Nobody is there yet who can let you in. Keep this page open: whoever comes sees that you wait.',
    unseen: 'Until then nobody sees or hears you, nor you them.',
    stop: 'Stop waiting',
    again: 'You were away too long: somebody has to let you in again.',
  },

  network: {
    heading: 'Connection',
    state: 'State',
    connected: 'Connected',
    reconnecting: 'Reconnecting',
    messages: 'Messages',
    media: 'Sound and video',
    quality: 'Quality',
    audioOnly: 'Sound only',
    audioOnlyHow: 'No pictures of the others: needs little of your connection.',
    transport: {
      webrtc: 'Data channel',
      websocket: 'WebSocket',
      sse: 'Event stream',
      poll: 'Long polling',
    } as Record<string, string>,
    roundTrip: 'There and back',
    sending: 'Sending',
    receiving: 'Receiving',
    lost: 'Lost on the way',
    test: 'Test this connection',
    ms: (ms: number) => `${Math.max(1, Math.round(ms))} ms`,
    bitrate: (bits: number) =>
      bits >= 999_500 ? `${(bits / 1e6).toFixed(1)} Mb/s` : `${Math.round(bits / 1e3)} kb/s`,
    lostBoth: (sent: number, received: number) =>
      `${(received * 100).toFixed(1)} % in, ${(sent * 100).toFixed(1)} % out`,
    ways: { udp: 'UDP', tcp: 'TCP', relay: 'Relay' },
    qualities: {
      excellent: 'Excellent',
      good: 'Good',
      poor: 'Poor',
      lost: 'Lost',
      unknown: 'Not known yet',
    } as Record<string, string>,
    mediaStates: {
      none: 'Not in this browser',
      connecting: 'Connecting',
      connected: 'WebRTC',
      failed: 'Blocked: only web pages get through',
    } as Record<string, string>,
  },

  board: {
    open: 'Open whiteboard',
    close: 'Close whiteboard',
    named: (name: string) => `Whiteboard: ${name}`,
    loading: 'Fetching the whiteboard…',
    numbered: (n: number) => `Board ${n}`,
    others: (n: number) => (n === 1 ? '1 person on it' : `${n} people on it`),
    company: (names: readonly string[], count: number) =>
      count > names.length
        ? `${names.join(', ')} and ${count - names.length} more are here`
        : `Also here: ${names.join(', ')}`,
    offered: (who: string, board: string) => `${who} opened the whiteboard “${board}”. Click to come along.`,
    readOnly: 'Reading only',
    all: 'Boards of this room',
    add: 'New board',
    name: 'Name of the board',
    rename: 'Rename',
    renameIt: (name: string) => `Rename ${name}`,
    cancel: 'Cancel',
    keep: 'Keep',
    delete: 'Delete',
    remove: (name: string) => `Delete ${name}`,
    removeHow: (name: string) => `Delete “${name}” for everyone? It cannot be brought back.`,
    menu: 'Save or clear',
    formats: {
      png: 'Save as picture (PNG)',
      svg: 'Save as drawing (SVG)',
      excalidraw: 'Save to go on with it (Excalidraw)',
    },
    clear: 'Clear the board',
    clearAll: 'Clear the board?',
    clearHow: 'Clear this board for everyone? You can undo it while you stay on the board.',
    alone: 'Hide the people',
    beside: 'Show the people',
    notSaved: 'Something could not be put on the board. It was taken back.',
    refused: {
      not_allowed: 'You may look at this board, but not draw on it.',
      state_full: 'The boards of this room are full: delete something to go on.',
      too_large: 'That is too large for the board. It was taken back.',
      left: 'You left the room.',
      storage_full: 'The room has no place for more pictures.',
      rate_limited: 'Too many pictures at once. Try again in a while.',
    } as Record<string, string>,
    notPicture: 'Pictures on a board are PNG, JPEG, GIF or WebP.',
    none: 'There is no whiteboard in this room yet.',
  },

  chat: {
    heading: 'Chat',
    placeholder: 'Write a message',
    send: 'Send',
    readOnly: 'Your invitation lets you read along here, but not write.',
    empty: 'No messages yet',
    emptyHow: 'Messages are for everyone in the room, also for those who come later.',
    mine: 'You',
    failed: 'Not sent',
    sending: 'Sending',
    newBelow: 'New messages',
    tooLong: 'This message is too long.',
    attach: 'Send a file',
    drop: 'Drop files here to send them to everyone',
    save: (file: string) => `Save ${file}`,
    sendingFile: (file: string) => `Sending ${file}`,
    cancel: (file: string) => `Do not send ${file}`,
    remove: 'Remove',
    gone: 'No longer there',
    tooMany: (n: number) => `At most ${n} files at once`,
    // Why a file was not sent. Codes as in docs/protocol.md.
    notTaken: (code: string, largest: string) =>
      ({
        too_large: `Larger than ${largest}`,
        storage_full: 'The room has no place for more files',
        rate_limited: 'Too many files at once',
        not_allowed: 'Files may not be sent here',
        bad_message: 'The file is empty or did not come whole',
      })[code] ?? 'Not sent',
    says: (name: string, text: string) => `${name}: ${text}`,
  },

  doctor: {
    title: 'Connection test · Parlor',
    heading: 'What gets through to this server?',
    line: 'This page tries every way between your browser and the server. It needs no camera and no microphone, and nobody sees you.',
    lineWithToken:
      'This page tries every way between your browser and the server. It needs no camera and no microphone; in the room of your invitation you are seen to come and go for a moment.',
    trying: 'Trying every way. This takes up to half a minute.',
    well: 'Everything works.',
    ill: (n: number) =>
      plural(n, {
        one: 'One thing is to be mended.',
        other: '# things are to be mended, the likeliest cause first.',
      }),
    again: 'Try again',
    home: 'Back to start',
    checks: 'Ways to the server',
    findings: 'What is to be mended',
    toKnow: 'To know',
    failed: 'The test itself did not work. Reload the page to try again.',
    states: { works: 'works', fails: 'fails', untried: 'not tried', trying: 'trying' } as Record<
      string,
      string
    >,
    names: {
      page: 'Secure page',
      clock: 'Clock',
      origin: 'Origin',
      webSocket: 'WebSocket',
      stream: 'Server-sent events',
      post: 'POST',
      external: 'Media address',
      udp: 'UDP',
      tcp: 'TCP',
      turn: 'TURN',
    },
    outcomes: {
      works: 'works',
      silent: 'no answer',
      refused: 'refused',
      untried: 'not tried',
    },
    stages: {
      untried: 'not tried',
      unreached: 'no answer',
      refused: 'does not take the credentials',
      denied: 'does not get to the media',
    },
    took: (ms: number) => `${Math.max(1, Math.round(ms))} ms`,
    unknown: 'The server did not say what time it is',
    asSaid: 'Comes as it is said',
    atOnce: 'What was said over a second came at once',
    clock: (ahead: number, leeway: number) => {
      if (Math.abs(ahead) <= leeway) return 'The server’s is this machine’s'
      const seconds = Math.round(Math.abs(ahead) / 1000)
      const span = seconds >= 120 ? `${Math.round(seconds / 60)} min` : `${seconds} s`
      return `The server’s is ${span} ${ahead > 0 ? 'ahead of' : 'behind'} this machine’s`
    },
    wanted: 'The server wants an invitation',
    noWebRTC: 'This browser has no WebRTC',
    notIn: 'Nothing lets a participant in',
    noTurn: 'The server names no TURN server',
    veiled: 'Chromium takes no such port of a private address',
    away: 'Firefox does not go to this machine itself for media',
    upgradeLine: 'proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection $connection_upgrade;',
    // Codes as in docs/doctor.md.
    causes: {
      insecure: {
        cause: (origin: string) =>
          `This page came from ${origin}: browsers give cameras and microphones only to pages from https and from this machine.`,
        remedy: 'Give Parlor a certificate, let it fetch one, or put a proxy with one in front.',
      },
      clock: {
        cause: (apart: string) => `${apart}. Invitations are refused as expired, or as not good yet.`,
        remedy: 'Set the one that is wrong by the network: timedatectl set-ntp true.',
      },
      host_header: {
        cause: () =>
          'A proxy does not pass on the Host, so that this page seems to come from elsewhere and is refused.',
        remedy: 'In nginx: proxy_set_header Host $http_host; or name the origin.',
      },
      websocket_blocked: {
        cause: () =>
          'WebSockets do not get through. A proxy on the way does not pass Upgrade, or a firewall does not know them: messages go a slower way.',
        remedy: 'Have the proxy in front of Parlor pass WebSockets. In nginx:',
      },
      stream_buffered: {
        cause: () =>
          'A proxy keeps responses until they are whole: server-sent events do not come, and messages fall back to long polls.',
        remedy: 'Switch its buffering off for Parlor. In nginx:',
      },
      stream_blocked: {
        cause: () => 'A response that takes its time does not get through: a proxy ends it.',
        remedy: 'Let the proxy wait longer for Parlor. In nginx:',
      },
      post_blocked: {
        cause: (what: string) =>
          `POST does not get through to the server (${what}): a proxy or a filter on the way takes only GET.`,
        remedy: 'Let POST to /v1/ through.',
      },
      no_webrtc: {
        cause: () => 'This browser has no WebRTC, or it is switched off: there is no sound and no picture.',
        remedy: 'Use a current Chrome, Edge, Firefox or Safari.',
      },
      server_refuses: {
        cause: (code: string) => `The server lets nobody in at the moment (${code}).`,
        remedy: 'Wait and try again, or raise the limit that the server names.',
      },
      token_missing: {
        cause: () =>
          'The server lets nobody in without an invitation, so the ways of sound and pictures could not be tried.',
        remedy: 'Open this page with the token of an invitation: /doctor#token=…',
      },
      token_refused: {
        cause: (code: string) => `The server does not take the invitation (${code}).`,
        remedy: 'Ask for a new one. Whoever runs the server: it must be made with a key that it has.',
      },
      external_ip: {
        cause: (addresses: string) =>
          `The server sends browsers to ${addresses} for sound and pictures, where nobody answers.`,
        remedy: 'Say which address the world knows.',
      },
      udp_closed: {
        cause: (port: string) =>
          `No UDP gets through to port ${port}: a firewall at the server, or in this network, drops it. Sound and pictures take slower ways.`,
        remedy: `Let it in at the server. If it works from another network, it is this one.`,
      },
      tcp_closed: {
        cause: (port: string) =>
          `Sound and pictures do not get through by TCP to port ${port}: networks without UDP have none.`,
        remedy: 'Let it in at the server, past any proxy that speaks HTTP.',
      },
      turn_closed: {
        cause: (url: string) =>
          `${url} does not answer: networks that let only TLS through have no sound and pictures.`,
        remedy:
          'Say where browsers reach it. A proxy that speaks HTTP does not carry TURN, and its certificate must be good.',
      },
      turn_secret: {
        cause: (url: string) => `${url} does not take the credentials that the server makes.`,
        remedy: 'Give both the same secret: what coturn has as static-auth-secret.',
      },
      turn_denied: {
        cause: (url: string) => `${url} lets us in, but what it relays does not get to the media.`,
        remedy:
          'Let it send to Parlor’s addresses: allowed-peer-ip in coturn, and the firewall between the two.',
      },
      turn_off: {
        cause: () =>
          'There is no TURN server: networks that let nothing but TLS through get no sound and pictures.',
        remedy: 'Switch Parlor’s own on, or name another.',
      },
      chromium_port: {
        cause: (addresses: string) =>
          `Chromium takes no media at a port below 1024 of a private address (${addresses}), by UDP or TCP: TURN over TLS must carry it there.`,
        remedy: 'Take a port of 1024 or more for media.',
      },
    },
  },

  // What each code that ends a visit means: what happened, and what to do. errors.ts has the ways on.
  endings: {
    left: {
      title: 'You left the room',
      text: 'The link stays good: you can come back any time.',
    },
    room_closed: {
      title: 'The room was closed',
      text: 'Whoever runs it has ended it for everyone. Ask them for a new link if you meant to go on.',
    },
    // By oneself.
    ended: {
      title: 'You ended it for everyone',
      text: 'Everybody has been put out of the room. The link stays good for another time.',
    },
    denied: {
      title: 'You were not let in',
      text: 'Someone in the room saw your name and chose not to let you in. If that was a mistake, ask them, or try once more.',
    },
    lobby_full: {
      title: 'Too many are waiting',
      text: 'As many people wait to be let in as can. Try again when some of them are inside.',
    },
    removed: {
      title: 'You were removed from the room',
      text: 'Someone who runs this room ended your visit. If that was a mistake, ask them.',
    },
    replaced: {
      title: 'You are in this room in another tab',
      text: 'This place was taken over by another page, so that you are not here twice. Go on there, or take it back.',
    },
    idle: {
      title: 'You were away for long',
      text: 'Nothing came from this page for a while, and the server freed its place.',
    },
    session_not_found: {
      title: 'The connection was lost for too long',
      text: 'The server no longer keeps your place in the room. Joining again takes a moment.',
    },
    slow_consumer: {
      title: 'Your connection could not keep up',
      text: 'More was said in the room than the network carried to you. Join again; turning your camera off helps.',
    },
    origin: {
      title: 'This page may not use that server',
      text: 'The server takes only pages from addresses that whoever runs it has allowed, and this one is not among them.',
    },
    room_full: {
      title: 'The room is full',
      text: 'As many people are in it as it takes. Try again when someone has left.',
    },
    room_locked: {
      title: 'The room is locked',
      text: 'Nobody new is let in for now. Ask someone inside to unlock it.',
    },
    room_not_found: {
      title: 'There is no such room',
      text: 'It may have ended, or the link has a mistake in it. Check the name with whoever invited you.',
    },
    unauthorized: {
      title: 'You need an invitation',
      text: 'This server lets people in with a personal link only, and this link carries none that it knows. Ask for yours, and open it as it was sent.',
    },
    token_expired: {
      title: 'Your invitation has run out',
      text: 'The link you opened was good for a limited time only. Ask for a new one.',
    },
    not_allowed: {
      title: 'Your invitation is not for this',
      text: 'It is for another room, or does not let you do what you tried. Ask whoever sent it for one that does.',
    },
    bad_name: {
      title: 'That name does not work',
      text: 'The room’s name or yours is empty, too long, or has characters in it that nobody can see. Choose another one.',
    },
    too_many_rooms: {
      title: 'The server is full',
      text: 'It hosts as many rooms as it can. Try again in a while.',
    },
    overloaded: {
      title: 'The server is busy',
      text: 'It takes nobody new until it has caught up. This page tries again by itself.',
    },
    draining: {
      title: 'The server is restarting',
      text: 'It is being updated or moved. This page tries again by itself; it should take a minute at most.',
    },
    rate_limited: {
      title: 'Too many tries',
      text: 'The server asks for a pause. Wait a little, then try again.',
    },
    unreachable: {
      title: 'The server does not answer',
      text: 'It may be down, or your network is. This page keeps trying; if you know that the server is back, reload.',
    },
    too_large: {
      title: 'Something was too large',
      text: 'This page sent the server more at once than it takes. Reload the page and join again.',
    },
    limit_exceeded: {
      title: 'The server ended the connection',
      text: 'This page used more than the server gives to one person. Join again; if it comes back, tell whoever runs the server.',
    },
    unknown_participant: {
      title: 'That person is not here any more',
      text: 'Join again to see who is.',
    },
    bad_message: {
      title: 'The server did not understand this page',
      text: 'Most likely it was updated while this page was open. Reload the page.',
    },
    gap: {
      title: 'The connection got out of step',
      text: 'Join again to put it right.',
    },
    stale_link: {
      title: 'The connection got out of step',
      text: 'Another one has taken its place. Join again to put it right.',
    },
    conflict: {
      title: 'Somebody else was faster',
      text: 'What you changed was changed by others meanwhile. Join again to see how it stands.',
    },
    state_full: {
      title: 'The room is full of things',
      text: 'It keeps as much as it can hold. Delete something, then try again.',
    },
    not_stored: {
      title: 'The server could not keep what you sent',
      text: 'Its disk takes nothing more, so nobody got it. Tell whoever runs the server, and try again later.',
    },
    bad_offer: {
      title: 'Browser and server found no common ground',
      text: 'The server cannot use what this browser offers for sound and video. Update the browser, or try another one.',
    },
    too_many_media: {
      title: 'Too many cameras and screens at once',
      text: 'This page sent more pictures than the server takes from one person. Join again with fewer.',
    },
    storage_full: {
      title: 'There is no place for more files',
      text: 'The room, or the whole server, holds as many files as it may. Older ones make room after a while.',
    },
    not_found: {
      title: 'This file is no longer there',
      text: 'Files are kept as long as their room, and a while when nobody looks at them. Ask for it again.',
    },
    internal: {
      title: 'Something went wrong',
      text: 'That was not your fault. Join again; if it comes back, tell whoever runs the server.',
    },
  },

  ended: {
    rejoin: 'Join again',
    retry: 'Try again',
    reload: 'Reload the page',
    home: 'Back to start',
    here: 'Use it here instead',
    retryIn: (seconds: number) => `Trying again in ${seconds} s`,
    retrying: 'Trying again now',
  },
} as const
