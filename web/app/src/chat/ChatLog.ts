// The chat of one visit: what others wrote in the room's order, and what one wrote oneself, at its place in that
// order once the server has confirmed it. It knows no React and no elements.

import { codeOf } from '../errors'
import { Store } from '../store'
import { type ChatFile, fileOf } from './file'

// Offsets may begin anew when the room is reset, so they count only within one era.
interface Place {
  era: number
  offset: number
}

export interface ChatMessage {
  // Stays through a message's life: for lists.
  key: string
  from: string
  name: string
  mine: boolean
  // Of a file its name.
  text: string
  file?: ChatFile
  // How much of the file has gone, from 0 to 1, while it is on its way.
  progress?: number
  at: Date
  state: 'pending' | 'sent' | 'failed'
  // Why it was not sent: a code of docs/protocol.md or of the SDK.
  failure?: string
  // The place in the room's order, once known.
  place?: Place
  // Written before one came: no news.
  past?: boolean
}

// A message that the room kept for newcomers.
interface Kept {
  data: unknown
  from: { id: string; name: string }
  offset: number
  sentAt: Date
}

export interface ChatState {
  messages: readonly ChatMessage[]
  unread: number
  open: boolean
}

// Messages of this type have `text`, and `file` where they tell of one; its name is their text, for whoever knows no files.
export const TYPE = 'chat'
export const LONGEST = 8000
// What one page keeps. Older messages are let go, as the room's own log does.
const KEEP = 2000

export interface Post {
  (type: string, data: unknown): Promise<{ offset: number }>
}

// Puts a file into the room.
export interface Upload {
  (
    file: File,
    options: { signal: AbortSignal; onProgress: (sent: number, total: number) => void },
  ): Promise<{ id: string; name: string; type: string; size: number }>
}

export const textOf = (data: unknown): string | undefined => {
  const file = fileOf(data)
  if (file !== undefined) return file.name
  if (typeof data !== 'object' || data === null || !('text' in data) || typeof data.text !== 'string')
    return undefined
  const text = data.text.slice(0, LONGEST)
  return text.trim() === '' ? undefined : text
}

const compare = (a: Place, b: Place): number => a.era - b.era || a.offset - b.offset

const dataOf = ({ text, file }: ChatMessage) => (file === undefined ? { text } : { text, file })

const about = (data: unknown): Pick<ChatMessage, 'file'> => {
  const file = fileOf(data)
  return file === undefined ? {} : { file }
}

const keyOf = ({ era, offset }: Place): string => `o${era}.${offset}`

// Confirmed messages by place, each once, then those that are not confirmed as they were written.
const placed = (messages: readonly ChatMessage[], message: ChatMessage): ChatMessage[] => {
  const { place } = message
  const rest = messages.filter(
    (m) => m.key !== message.key && !(m.place && place && compare(m.place, place) === 0),
  )
  if (place === undefined) return [...rest, message].slice(-KEEP)
  let at = rest.findIndex((m) => m.place === undefined || compare(m.place, place) > 0)
  if (at < 0) at = rest.length
  return [...rest.slice(0, at), message, ...rest.slice(at)].slice(-KEEP)
}

export class ChatLog {
  readonly state = new Store<ChatState>({ messages: [], unread: 0, open: false })
  private written = 0
  private era = 0
  // Files that are on their way or did not get there, by the keys of their messages.
  private readonly files = new Map<string, { file: File; stop: AbortController }>()
  // One after the other: a line is not faster for more.
  private uploads: Promise<void> = Promise.resolve()

  // The room was reset: what comes now is behind all that came, whatever its offset.
  beginAnew(): void {
    this.era++
  }

  receive(data: unknown, from: { id: string; name: string }, meta: { offset: number; sentAt: Date }): void {
    const text = textOf(data)
    if (text === undefined) return
    const place = this.placeOf(meta.offset)
    this.state.update((s) => ({
      ...s,
      messages: placed(s.messages, {
        key: keyOf(place),
        from: from.id,
        name: from.name,
        mine: false,
        text,
        ...about(data),
        at: meta.sentAt,
        state: 'sent',
        place,
      }),
      unread: s.open ? 0 : s.unread + 1,
    }))
  }

  // What was written before one came; what is there already stays as it is.
  remember(kept: readonly Kept[], me: string): void {
    this.state.update((s) => {
      const known = new Set(s.messages.flatMap((m) => (m.place ? [keyOf(m.place)] : [])))
      const messages = kept.reduce<readonly ChatMessage[]>((list, { data, from, offset, sentAt }) => {
        const text = textOf(data)
        const place = this.placeOf(offset)
        const key = keyOf(place)
        if (text === undefined || known.has(key)) return list
        const { id, name } = from
        const message = { key, from: id, name, mine: id === me, text, ...about(data), at: sentAt, place }
        return placed(list, { ...message, state: 'sent', past: true })
      }, s.messages)
      return { ...s, messages }
    })
  }

  async send(text: string, me: { id: string; name: string }, post: Post): Promise<void> {
    await this.deliver(this.write(text, me), post)
  }

  async sendFile(file: File, me: { id: string; name: string }, upload: Upload, post: Post): Promise<void> {
    const { name, type, size } = file
    const message = this.write(name, me, { id: undefined, name, type, size })
    this.files.set(message.key, { file, stop: new AbortController() })
    await this.transfer(message, upload, post)
  }

  async again(key: string, upload: Upload, post: Post): Promise<void> {
    const message = this.find(key)
    if (message?.state !== 'failed') return
    const pending: ChatMessage = { ...message, state: 'pending', at: new Date() }
    delete pending.failure
    this.put(pending)
    if (pending.file !== undefined && pending.file.id === undefined)
      await this.transfer(pending, upload, post)
    else await this.deliver(pending, post)
  }

  // Takes back a file that has not got there.
  drop(key: string): void {
    this.files.get(key)?.stop.abort()
    this.files.delete(key)
    this.state.update((s) => ({
      ...s,
      messages: s.messages.filter((m) => m.key !== key || m.place !== undefined),
    }))
  }

  // The visit is over: what has not gone does not go any more.
  close(): void {
    for (const { stop } of this.files.values()) stop.abort()
  }

  setOpen(open: boolean): void {
    this.state.update((s) => ({ ...s, open, unread: open ? 0 : s.unread }))
  }

  private placeOf(offset: number): Place {
    return { era: this.era, offset }
  }

  private find(key: string): ChatMessage | undefined {
    return this.state.get().messages.find((m) => m.key === key)
  }

  private put(message: ChatMessage): void {
    this.state.update((s) => ({ ...s, messages: placed(s.messages, message) }))
  }

  private write(text: string, me: { id: string; name: string }, file?: ChatFile): ChatMessage {
    const message: ChatMessage = {
      key: `n${++this.written}`,
      from: me.id,
      name: me.name,
      mine: true,
      text,
      ...(file === undefined ? {} : { file, progress: 0 }),
      at: new Date(),
      state: 'pending',
    }
    this.put(message)
    return message
  }

  private transfer(message: ChatMessage, upload: Upload, post: Post): Promise<void> {
    this.uploads = this.uploads.then(async () => {
      const pending = this.files.get(message.key)
      if (pending === undefined) return // taken back
      try {
        const { id, name, type, size } = await upload(pending.file, {
          signal: pending.stop.signal,
          onProgress: (sent, total) => this.progress(message.key, sent / total),
        })
        this.files.delete(message.key)
        await this.deliver({ ...message, text: name, file: { id, name, type, size } }, post)
      } catch (error) {
        if (!pending.stop.signal.aborted) this.put({ ...message, state: 'failed', failure: codeOf(error) })
      }
    })
    return this.uploads
  }

  // It keeps its place.
  private progress(key: string, progress: number): void {
    this.state.update((s) => ({
      ...s,
      messages: s.messages.map((m) => (m.key === key ? { ...m, progress } : m)),
    }))
  }

  private async deliver(message: ChatMessage, post: Post): Promise<void> {
    let done: ChatMessage
    try {
      const { offset } = await post(TYPE, dataOf(message))
      done = { ...message, state: 'sent', place: this.placeOf(offset) }
    } catch (error) {
      done = { ...message, state: 'failed', failure: codeOf(error) }
    }
    delete done.progress
    this.put(done)
  }
}
