import type { Kind } from './wire'

type Counts = Readonly<Record<Kind, number>>

/**
 * Slots of the first offer. Three people see two others each; a fourth takes the third slot, and one is spare: nobody
 * has to offer again.
 */
export const initialPool: Counts = { audio: 4, video: 4 }

/** The sizes a pool may have. The server plays the loudest, and nobody follows more voices than ten. */
const sizes: Readonly<Record<Kind, readonly number[]>> = {
  audio: [4, 8, 10],
  video: [4, 8, 12, 16, 28, 40, 48],
}
// Our own screen and its sound must find room later.
const reserved = 2
const growMs = 100
const shrinkMs = 60_000

/** How many slots to add so that there is one beyond the need, within so many lines for slots. */
export function growth(pool: Counts, need: Counts, lines: number): Record<Kind, number> {
  let free = Math.max(0, lines - reserved - pool.audio - pool.video)
  const grow = (kind: Kind): number => {
    const more = Math.max(0, Math.min(free, fitting(kind, need[kind] + 1) - pool[kind]))
    free -= more
    return more
  }
  const video = grow('video')
  const audio = grow('audio')
  return { audio, video }
}

/** How many slots are far too many: beyond the size that fits and the next larger one. */
export function surplus(pool: Counts, need: Counts): Record<Kind, number> {
  const over = (kind: Kind) => {
    const fits = fitting(kind, need[kind] + 1)
    const kept = sizes[kind].find((size) => size > fits) ?? fits
    return Math.max(0, pool[kind] - kept)
  }
  return { audio: over('audio'), video: over('video') }
}

function fitting(kind: Kind, count: number): number {
  return sizes[kind].find((size) => size >= count) ?? sizes[kind].at(-1) ?? 0
}

export interface PoolEvents {
  /** M-lines that slots may have; undefined: nothing can be negotiated yet. */
  lines(): number | undefined
  /** The pool has another size now: it is to be negotiated. */
  resized(): void
}

/** How many slots there are: as many as the page needs and some, which seldom changes. It grows soon, and shrinks when it was too large for a minute. */
export class Pool {
  readonly #events: PoolEvents
  readonly #size: Record<Kind, number> = { ...initialPool }
  #need: Counts = { audio: 0, video: 0 }
  #growTimer: ReturnType<typeof setTimeout> | undefined
  #shrinkTimer: ReturnType<typeof setTimeout> | undefined

  constructor(events: PoolEvents) {
    this.#events = events
  }

  get size(): Counts {
    return this.#size
  }

  /** So many tracks are to be shown. */
  need(need: Counts): void {
    this.#need = need
    this.#growTimer ??= setTimeout(() => {
      this.#growTimer = undefined
      this.grow()
    }, growMs)
    const { audio, video } = surplus(this.#size, need)
    if (audio + video === 0) {
      clearTimeout(this.#shrinkTimer)
      this.#shrinkTimer = undefined
    } else
      this.#shrinkTimer ??= setTimeout(() => {
        this.#shrinkTimer = undefined
        this.#shrink()
      }, shrinkMs)
  }

  grow(): void {
    const lines = this.#events.lines()
    if (lines === undefined) return
    const more = growth(this.#size, this.#need, lines)
    if (more.audio + more.video > 0) this.#resize(more, 1)
  }

  close(): void {
    clearTimeout(this.#growTimer)
    clearTimeout(this.#shrinkTimer)
  }

  #shrink(): void {
    if (this.#events.lines() === undefined) return
    this.#resize(surplus(this.#size, this.#need), -1)
  }

  #resize(by: Counts, sign: 1 | -1): void {
    this.#size.audio += sign * by.audio
    this.#size.video += sign * by.video
    this.#events.resized()
  }
}
