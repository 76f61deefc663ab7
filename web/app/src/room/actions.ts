// What one can do in a room, as one list: the bar, the menu, the keys and the sheet that explains them are made of it.
// Whoever adds something to the call adds an entry (useActions.ts), or a panel (usePanels.tsx), and is done.

import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'

export interface Action {
  id: string
  label: string
  icon: LucideIcon
  run: () => void
  // Instead of doing something it shows more to choose from: by its button in the bar, at once in the menu.
  opens?: (inMenu: boolean, close: () => void) => ReactNode
  // It stays on, or it does not: whether it is.
  on?: boolean
  busy?: boolean
  // The key that does it, as it stands on the keyboard.
  keys?: string
  // A number on it, and the words for that.
  badge?: number
  detail?: string
  // A number beside it that is always there.
  count?: number
  testid?: string
  // Where it is if there is room: in the middle of the bar, at its end, or in the menu only.
  place: 'middle' | 'end' | 'menu'
  // The same on a phone, where the end of the bar is in the line at the top. Without it: in the menu.
  phone?: 'middle' | 'end'
  // What goes to the menu last has the highest.
  rank?: number
  // In the menu: what belongs together.
  group?: Group
}

export type Group = 'room' | 'view' | 'host' | 'own' | 'help'

export const GROUPS: readonly Group[] = ['room', 'view', 'host', 'own', 'help']

export interface Arranged {
  middle: readonly Action[]
  end: readonly Action[]
  menu: readonly Action[]
}

const MIDDLE = 68
const END = 52
const COUNTED = 76

const widthOf = (action: Action): number =>
  action.place === 'middle' ? MIDDLE : action.count === undefined ? END : COUNTED

// What stands in a bar so wide, and what has to go to the menu. `taken` is what else stands there.
export const arrange = (actions: readonly Action[], width: number, taken: number): Arranged => {
  const candidates = actions.filter((a) => a.place !== 'menu').sort((a, b) => (b.rank ?? 0) - (a.rank ?? 0))
  const kept = new Set<Action>()
  let left = width - taken
  for (const action of candidates) {
    left -= widthOf(action)
    if (left < 0) break
    kept.add(action)
  }
  return {
    middle: actions.filter((a) => kept.has(a) && a.place === 'middle'),
    end: actions.filter((a) => kept.has(a) && a.place === 'end'),
    menu: actions.filter((a) => !kept.has(a)),
  }
}

// On a phone it is not the width that decides but what one needs with one's thumb.
export const arrangePhone = (actions: readonly Action[]): Arranged => ({
  middle: actions.filter((a) => a.phone === 'middle'),
  end: actions.filter((a) => a.phone === 'end'),
  menu: actions.filter((a) => a.phone === undefined),
})

// What keys do, for useKeys.
export const keysOf = (actions: readonly Action[]): Record<string, () => void> =>
  Object.fromEntries(
    actions.flatMap(({ keys, run }) => (keys === undefined ? [] : [[keys.toLowerCase(), run]])),
  )
