// What can be opened beside the people in a room, one at a time.

import type { ReactNode } from 'react'
import type { Action } from './actions'

export interface Panel extends Omit<Action, 'run' | 'on'> {
  render: (close: () => void) => ReactNode
}

// By id; undefined: none is open.
export type Open = string | undefined

export const openers = (panels: readonly Panel[], open: Open, turn: (to: Open) => void): Action[] =>
  panels.map((panel) => {
    const on = open === panel.id
    return { ...panel, on, run: () => turn(on ? undefined : panel.id) }
  })
