// Every word the page says. Another language is another object of this shape.

import type { Source } from '/sdk/parlor.js'
import type { Device } from './media/problem'

const deviceName: Record<Device, string> = { camera: 'camera', microphone: 'microphone' }
const sourceName: Record<Source, string> = {
  ...deviceName,
  screen: 'screen',
  screen_audio: 'screen’s sound',
  other: 'track',
}

export const strings = {
  product: 'Parlor',
  titleInRoom: (room: string) => `${room} · Parlor`,

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
    invite: 'Copy invite link',
    copied: 'Invite link copied',
    copyByHand: 'Copy this link to invite people:',
    leave: 'Leave',
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
    hereNow: (n: number) => (n === 1 ? '1 person here' : `${n} people here`),
    hear: 'The browser holds the sound back until you click.',
    hearButton: 'Click to hear',
    reconnecting: 'Connection lost. Reconnecting…',
    stillReconnecting: 'The server does not answer. Still trying…',
    noMedia:
      'No sound and no video: this network, or a proxy in it, lets only web pages through. Chat works.',
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
    pin: (name: string) => `Show ${name} large`,
    unpin: (name: string) => `Stop showing ${name} large`,
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
    says: (name: string, text: string) => `${name}: ${text}`,
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
