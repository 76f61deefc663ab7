// The list of boards as it is in the room's state. Pure.

import type { StateChange } from '/sdk/parlor.js'
import { boardKey, boardOf } from './keys'

export interface Board {
  id: string
  name: string
  // When it was made, and by whom.
  at: number
  by: string
  // Of this description.
  version: number
}

export const BOARDS_MOST = 30
export const NAME_LONGEST = 60
const MOST_VERSION = 2 ** 31

// The boards among these, the oldest first.
export const boardsOf = (entries: readonly (readonly [key: string, value: unknown])[]): Board[] =>
  entries
    .flatMap(([key, value]) => {
      const id = boardOf(key)
      const board = id === undefined ? undefined : read(id, value)
      return board === undefined ? [] : [board]
    })
    .sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
    .slice(0, BOARDS_MOST)

const read = (id: string, value: unknown): Board | undefined => {
  if (typeof value !== 'object' || value === null) return undefined
  const { name, at, by, version } = value as Record<string, unknown>
  if (typeof name !== 'string' || typeof at !== 'number' || typeof version !== 'number') return undefined
  return { id, name: name.slice(0, NAME_LONGEST), at, by: typeof by === 'string' ? by : '', version }
}

// What says that it is there and what it is called.
export const described = ({ id, name, at, by, version }: Board): StateChange => ({
  key: boardKey(id),
  value: { name: name.slice(0, NAME_LONGEST), at, by, version },
  version,
  nonce: 0,
})

// The first name that no board has.
export const freeName = (boards: readonly Board[], numbered: (n: number) => string): string => {
  const taken = new Set(boards.map((b) => b.name))
  let n = 1
  while (taken.has(numbered(n))) n++
  return numbered(n)
}

// What deletes these elements, whatever they are.
export const wiped = (entries: readonly (readonly [key: string, value: unknown])[]): StateChange[] =>
  entries.map(([key, value]) => {
    const was =
      typeof value === 'object' && value !== null && 'version' in value ? Number(value.version) : undefined
    const version = was !== undefined && was < MOST_VERSION ? was + 1 : MOST_VERSION
    return { key, delete: true, version, nonce: 0 }
  })

// The boards worth a word: somebody came to one on which nobody was, and it is not open here. `told` are those that were
// said, or need not be.
export const toOffer = (
  boards: readonly Board[],
  open: string | undefined,
  on: ReadonlyMap<string, number>,
  told: ReadonlySet<string>,
): Board[] => boards.filter(({ id }) => id !== open && !told.has(id) && (on.get(id) ?? 0) > 0)
