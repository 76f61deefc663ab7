import type { Kind } from './wire'

/**
 * Slots of the first offer. Three people see two others each; a fourth takes the third slot, and one is spare: nobody
 * has to offer again.
 */
export const initialPool: Readonly<Record<Kind, number>> = { audio: 4, video: 4 }

const step = 4
// The server plays the loudest; nobody follows more voices than this.
const mostAudio = 10
// Our own screen and its sound must find room later.
const reserved = 2

/** How many slots to add so that there is one beyond the need, within so many lines for slots. Pools never shrink. */
export function growth(
  pool: Readonly<Record<Kind, number>>,
  need: Readonly<Record<Kind, number>>,
  lines: number,
): Record<Kind, number> {
  let free = Math.max(0, lines - reserved - pool.audio - pool.video)
  const grow = (kind: Kind, most: number): number => {
    const missing = Math.min(need[kind] + 1, most) - pool[kind]
    if (missing <= 0) return 0
    const more = Math.min(free, Math.ceil(missing / step) * step, most - pool[kind])
    free -= more
    return more
  }
  const video = grow('video', Infinity)
  const audio = grow('audio', mostAudio)
  return { audio, video }
}
