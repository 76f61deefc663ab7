import type { Seen } from './wire'

/** What a page wants to be sent. */
export interface Wanted {
  /** Pictures, best first. */
  readonly tracks: readonly Seen[]
  /** Tracks, of either kind, that are never to be sent. */
  readonly off: readonly string[]
}

const everyMs = 200
const holdMs = 1_000
/** A place that changes by less than this is the same. */
const much = 1.1
// The server takes no more.
const mostTracks = 100
const mostOff = 500

/**
 * What the server is told of what is looked at, and when. What is larger or new is said at once; what is smaller or gone only
 * when it has been so for a second, so that a page that is scrolled to and fro changes nothing. Pure: now is passed in.
 */
export class View {
  #told: Wanted | undefined
  #toldAt = -Infinity
  /** Since when a track is less than was told of it. */
  #less = new Map<string, number>()

  /**
   * What to say now, if anything; said() follows if it went out. `inMs` is when to ask again although nothing changes.
   * With `atOnce` also what is gone is said at once.
   */
  next(now: number, wanted: Wanted, atOnce = false): { say?: Wanted; inMs?: number } {
    const { held, until } = this.#hold(now, wanted, atOnce ? 0 : holdMs)
    if (this.#told && same(held, this.#told)) return Number.isFinite(until) ? { inMs: until - now } : {}
    const due = this.#toldAt + (atOnce ? 0 : everyMs)
    return now < due ? { inMs: due - now } : { say: held }
  }

  said(now: number, what: Wanted): void {
    this.#told = what
    this.#toldAt = now
  }

  /** The server knows nothing: all is said anew. */
  reset(): void {
    this.#told = undefined
    this.#toldAt = -Infinity
    this.#less.clear()
  }

  /** The track is no more, which the server knows. */
  forget(id: string): void {
    if (!this.#told) return
    const others = (list: readonly string[]) => list.filter((other) => other !== id)
    this.#told = { tracks: this.#told.tracks.filter((t) => t.id !== id), off: others(this.#told.off) }
  }

  /** What is wanted, with what was told of a track for as long as it has not been less for some time. */
  #hold(now: number, { tracks, off }: Wanted, ms: number): { held: Wanted; until: number } {
    const before = new Map(this.#told?.tracks.map((t) => [t.id, t]))
    const less = new Map<string, number>()
    let until = Infinity
    const holds = (id: string) => {
      const since = this.#less.get(id) ?? now
      if (now - since >= ms) return false
      less.set(id, since)
      until = Math.min(until, since + ms)
      return true
    }
    const held = tracks.map((seen) => {
      const told = before.get(seen.id)
      before.delete(seen.id)
      if (!told || grown(seen, told)) return seen
      if (!grown(told, seen) || holds(seen.id)) return { ...seen, width: told.width, height: told.height }
      return seen
    })
    for (const told of before.values()) if (!off.includes(told.id) && holds(told.id)) held.push(told)
    this.#less = less
    return { held: { tracks: held.slice(0, mostTracks), off: off.slice(0, mostOff) }, until }
  }
}

/** Whether a place is larger by what matters, or its size became known. */
function grown(to: Seen, from: Seen): boolean {
  return to.width > from.width * much || to.height > from.height * much
}

function same(a: Wanted, b: Wanted): boolean {
  return (
    a.tracks.length === b.tracks.length &&
    a.off.length === b.off.length &&
    a.off.every((id, i) => id === b.off[i]) &&
    a.tracks.every((t, i) => {
      const u = b.tracks[i]
      return (
        t.id === u?.id &&
        t.width === u.width &&
        t.height === u.height &&
        (t.pin ?? false) === (u.pin ?? false)
      )
    })
  )
}
