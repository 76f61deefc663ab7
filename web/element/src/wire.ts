// What a page and the room inside of it say to each other by postMessage (docs/embed.md). Each message is an object whose
// `parlor` is the version; all else is not for us.

export const VERSION = 1

/** Somebody in the room. */
export interface Person {
  id: string
  /** Who it is, as the token says. */
  identity: string
  name: string
}

/** What the room tells, by the name of the event. */
export interface RoomEvents {
  /** The page inside is there and takes commands. */
  ready: Record<never, never>
  /** One waits to be let in. `attended`: somebody is there who can do so. */
  waiting: { attended: boolean }
  joined: { room: string; self: Person; participants: Person[] }
  /** Reasons: `left`, `removed`, `replaced` …, as `disconnected` of the SDK has them. */
  left: { reason: string }
  participantConnected: { participant: Person }
  participantDisconnected: { participant: Person; reason: string }
  message: {
    type: string
    data: unknown
    from: Person
    offset: number
    sentAt: Date
    direct: boolean
    lossy: boolean
  }
  /** One's own devices: what is on now. */
  devicesChanged: { microphone: boolean; camera: boolean; screen: boolean }
  /** Ids, the loudest first. */
  activeSpeakersChanged: { speakers: string[] }
  reconnecting: Record<never, never>
  reconnected: Record<never, never>
  /** One could not be let in, or the page may not show this room: a code of docs/protocol.md or docs/embed.md. */
  error: { code: string; message: string }
}

/** What the room is asked to do. Each is answered. */
export interface RoomCommands {
  /** As by the button: with what is shown on the page before, or as it was the last time. Resolves when one is in. */
  join: () => void
  leave: () => void
  setMicrophoneEnabled: (enabled: boolean) => void
  setCameraEnabled: (enabled: boolean) => void
  /** Resolves when the server has the message in the room's order. */
  sendMessage: (type: string, data?: unknown, options?: MessageOptions) => { offset: number }
  /** Writes in the chat, as if typed there. */
  sendChat: (text: string) => void
}

export interface MessageOptions {
  /** Only for these participants, by id. */
  to?: string | readonly string[]
  /** Only the latest of each type and key counts: for pointers. */
  lossy?: boolean
  key?: string
}

/** With what one goes in. It is said in answer to `ready`, and may be said again: it counts from the next time on. */
export interface Invitation {
  token?: string
  name?: string
  /** Goes in at once, without the page that shows how one looks. */
  join?: boolean
  /** What is on then. */
  microphone?: boolean
  camera?: boolean
}

export type Told = {
  [K in keyof RoomEvents]: { parlor: number; type: 'event'; event: K; detail: RoomEvents[K] }
}[keyof RoomEvents]

export type Answer =
  | { parlor: number; type: 'answer'; call: number; value?: unknown }
  | { parlor: number; type: 'answer'; call: number; error: { code: string; message: string } }

export type Begin = { parlor: number; type: 'begin'; invitation: Invitation }

export type Call = { parlor: number; type: 'call'; call: number; command: string; args: readonly unknown[] }

type Fields = Record<string, unknown>

const ours = (data: unknown): Fields | undefined =>
  typeof data === 'object' && data !== null && (data as Fields).parlor === VERSION
    ? (data as Fields)
    : undefined

const words = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** What came from the room, if it is something. */
export const fromRoom = (data: unknown): Told | Answer | undefined => {
  const message = ours(data)
  if (message?.type === 'event' && typeof message.event === 'string') return message as unknown as Told
  if (message?.type === 'answer' && typeof message.call === 'number') return message as unknown as Answer
  return undefined
}

/** What came from the page around the room, if it is something. */
export const fromPage = (data: unknown): Begin | Call | undefined => {
  const message = ours(data)
  if (message?.type === 'begin' && typeof message.invitation === 'object' && message.invitation !== null) {
    const { token, name, join, microphone, camera } = message.invitation as Fields
    const invitation: Invitation = {
      join: join === true,
      microphone: microphone === true,
      camera: camera === true,
    }
    if (words(token) !== undefined) invitation.token = words(token)
    if (words(name) !== undefined) invitation.name = words(name)
    return { parlor: VERSION, type: 'begin', invitation }
  }
  if (
    message?.type === 'call' &&
    typeof message.call === 'number' &&
    typeof message.command === 'string' &&
    Array.isArray(message.args)
  )
    return { parlor: VERSION, type: 'call', call: message.call, command: message.command, args: message.args }
  return undefined
}
