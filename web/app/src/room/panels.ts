// What can be opened in a room: beside the people, or in the large place among them. One at a time of each.

import type { ReactNode } from 'react'
import type { Action } from './actions'

export interface Panel extends Omit<Action, 'run' | 'on'> {
  where: 'side' | 'stage'
  render: (close: () => void) => ReactNode
}

// Which are open, by id.
export interface Open {
  side?: string | undefined
  stage?: string | undefined
}

export const turned = (open: Open, { where, id }: Pick<Panel, 'where' | 'id'>): Open => ({
  ...open,
  [where]: open[where] === id ? undefined : id,
})

export const openers = (panels: readonly Panel[], open: Open, turn: (panel: Panel) => void): Action[] =>
  panels.map((panel) => ({ ...panel, on: open[panel.where] === panel.id, run: () => turn(panel) }))
