// The chat of one visit: what others wrote in the room's order, and what one wrote oneself, at its place in that
// order once the server has confirmed it. It knows no React and no elements.

import { Store } from '../store'

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
  text: string
  at: Date
  state: 'pending' | 'sent' | 'failed'
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

export const TYPE = 'chat'
export const LONGEST = 8000
// What one page keeps. Older messages are let go, as the room's own log does.
const KEEP = 2000

export interface Post {
  (type: string, data: unknown): Promise<{ offset: number }>
}

export const textOf = (data: unknown): string | undefined => {
  if (typeof data !== 'object' || data === null || !('text' in data) || typeof data.text !== 'string')
    return undefined
  const text = data.text.slice(0, LONGEST)
  return text.trim() === '' ? undefined : text
}

const compare = (a: Place, b: Place): number => a.era - b.era || a.offset - b.offset

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
        const message = { key, from: id, name, mine: id === me, text, at: sentAt, place }
        return placed(list, { ...message, state: 'sent', past: true })
      }, s.messages)
      return { ...s, messages }
    })
  }

  async send(text: string, me: { id: string; name: string }, post: Post): Promise<void> {
    const key = `n${++this.written}`
    const message: ChatMessage = {
      key,
      from: me.id,
      name: me.name,
      mine: true,
      text,
      at: new Date(),
      state: 'pending',
    }
    this.state.update((s) => ({ ...s, messages: placed(s.messages, message) }))
    await this.deliver(message, post)
  }

  async again(key: string, post: Post): Promise<void> {
    const message = this.state.get().messages.find((m) => m.key === key && m.state === 'failed')
    if (message === undefined) return
    const pending: ChatMessage = { ...message, state: 'pending', at: new Date() }
    this.state.update((s) => ({ ...s, messages: placed(s.messages, pending) }))
    await this.deliver(pending, post)
  }

  setOpen(open: boolean): void {
    this.state.update((s) => ({ ...s, open, unread: open ? 0 : s.unread }))
  }

  private placeOf(offset: number): Place {
    return { era: this.era, offset }
  }

  private async deliver(message: ChatMessage, post: Post): Promise<void> {
    let done: ChatMessage
    try {
      const { offset } = await post(TYPE, { text: message.text })
      done = { ...message, state: 'sent', place: this.placeOf(offset) }
    } catch {
      done = { ...message, state: 'failed' }
    }
    this.state.update((s) => ({ ...s, messages: placed(s.messages, done) }))
  }
}
