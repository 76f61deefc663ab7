// How often a board says something. Pure: it knows numbers only.

// What a participant may send in a second is 256 KiB: a board leaves room for everything else.
const BYTES_PER_MS = 96
const SHORTEST = 100
const LONGEST = 4_000

// How long after sending so many bytes of elements to wait before the next, with so many people on the board: each of
// them gets everything.
export const pauseAfter = (bytes: number, people: number): number =>
  Math.min(LONGEST, Math.max(SHORTEST, people * 4, Math.round(bytes / BYTES_PER_MS)))

// A stroke that goes on and on is kept in between, so that newcomers see it and a lost connection costs little. What is
// sent each time is all of it.
export const strokePause = (bytes: number): number => Math.max(2_000, Math.round(bytes / 8))

// Of pointers 30 a second are as good as it gets; a crowd of them needs less.
export const pointerPause = (people: number): number => (people <= 12 ? 33 : people <= 50 ? 66 : 100)
