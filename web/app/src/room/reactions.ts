// Reactions: a sign that passes over everybody's page. Messages of the room, of which each page sends and shows so many
// and no more. Pure but for the class at the end, which follows a room.

import { Store } from '../store'

export const REACTION = 'reaction'

export const EMOJI = ['👍', '❤️', '👏', '😂', '🎉', '😮', '🤔', '👋'] as const
export type Emoji = (typeof EMOJI)[number]

export const emojiOf = (data: unknown): Emoji | undefined => {
  if (typeof data !== 'object' || data === null || !('emoji' in data)) return undefined
  return EMOJI.find((known) => known === data.emoji)
}

// At most so many within a time; asked at `now`, it says what to remember, or nothing if that is one too many.
export const another = (
  times: readonly number[],
  now: number,
  { most, within }: { most: number; within: number },
): number[] | undefined => {
  const recent = times.filter((at) => now - at < within)
  return recent.length >= most ? undefined : [...recent, now]
}

const OWN = { most: 5, within: 3_000 }
const THEIRS = { most: 8, within: 3_000 }
const SHOWN_MS = 4_000
// More than this at once is a wall.
const AT_ONCE = 24
const SAID_MS = 3_000
// What comes so much later than others did was caught up on, after a break.
const STALE_MS = 8_000

export interface Floating {
  id: number
  emoji: Emoji
  name: string
  // Where across its strip: 0 to 1.
  lane: number
}

export interface Shown {
  floating: readonly Floating[]
  // For who cannot see it: who, what, and how many more came meanwhile.
  said: { name: string; emoji: Emoji; more: number } | undefined
}

export class Reactions {
  readonly state = new Store<Shown>({ floating: [], said: undefined })
  private last = 0
  private own: readonly number[] = []
  private readonly theirs = new Map<string, readonly number[]>()
  private readonly timers = new Set<number>()
  private soonest = Infinity
  private saidAt = -Infinity
  private unsaid = 0

  // One's own: whether it may go.
  send(emoji: Emoji, name: string, post: (type: string, data: unknown) => Promise<unknown>): boolean {
    const now = performance.now()
    const times = another(this.own, now, OWN)
    if (times === undefined) return false
    this.own = times
    this.show(emoji, name)
    void post(REACTION, { emoji }).catch(() => undefined)
    return true
  }

  receive(data: unknown, from: { id: string; name: string }, sentAt: Date): void {
    const emoji = emojiOf(data)
    if (emoji === undefined) return
    // The server's clock is not ours: what counts is how much later it comes than the quickest did.
    const age = Date.now() - sentAt.getTime()
    this.soonest = Math.min(this.soonest, age)
    if (age - this.soonest > STALE_MS) return
    const now = performance.now()
    const times = another(this.theirs.get(from.id) ?? [], now, THEIRS)
    if (times === undefined) return
    this.theirs.set(from.id, times)
    this.show(emoji, from.name)
    this.say(emoji, from.name, now)
  }

  // They left.
  forget(id: string): void {
    this.theirs.delete(id)
  }

  end(): void {
    for (const timer of this.timers) clearTimeout(timer)
  }

  private show(emoji: Emoji, name: string): void {
    const id = ++this.last
    // Golden steps: neighbours in time are none in place.
    const floating: Floating = { id, emoji, name, lane: (id * 0.618) % 1 }
    this.state.update((s) => ({ ...s, floating: [...s.floating, floating].slice(-AT_ONCE) }))
    this.after(SHOWN_MS, () =>
      this.state.update((s) => ({ ...s, floating: s.floating.filter((f) => f !== floating) })),
    )
  }

  // The first at once, the others together later: a crowd that claps is not read out one by one.
  private say(emoji: Emoji, name: string, now: number): void {
    if (now - this.saidAt < SAID_MS) {
      if (this.unsaid++ === 0)
        this.after(this.saidAt + SAID_MS - now, () => {
          this.saidAt = performance.now()
          this.state.update((s) => ({ ...s, said: { name, emoji, more: this.unsaid - 1 } }))
          this.unsaid = 0
        })
      return
    }
    this.saidAt = now
    this.state.update((s) => ({ ...s, said: { name, emoji, more: 0 } }))
  }

  private after(ms: number, fn: () => void): void {
    const timer = window.setTimeout(() => {
      this.timers.delete(timer)
      fn()
    }, ms)
    this.timers.add(timer)
  }
}
