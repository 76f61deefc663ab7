// What becomes of a scene when others change it. Pure.

import type { Element } from './element'
import { beats, same, type Stamp, stampOf } from './stamp'

export interface Merged {
  elements: Element[]
  // What is known of those that were taken.
  taken: Map<string, Stamp>
  // Those that wait because somebody is just editing them here.
  waiting: Set<string>
}

export interface Local {
  scene: readonly Element[]
  // What was last sent or received of each.
  known: ReadonlyMap<string, Stamp>
  // What is being drawn, dragged or written in this very moment.
  editing: ReadonlySet<string>
}

// `incoming` is what the room has of the elements that changed; undefined: they were deleted. What the room says counts,
// unless there is something newer here that is still to be sent.
export const merge = (local: Local, incoming: ReadonlyMap<string, Element | undefined>): Merged => {
  const taken = new Map<string, Stamp>()
  const waiting = new Set<string>()
  const elements: Element[] = []
  const here = new Set<string>()
  for (const own of local.scene) {
    here.add(own.id)
    if (!incoming.has(own.id)) {
      elements.push(own)
      continue
    }
    const other = incoming.get(own.id)
    const next = other ?? deleted(own)
    if (same(own, next) || (other === undefined && own.isDeleted)) {
      elements.push(own)
      taken.set(own.id, stampOf(own))
    } else if (local.editing.has(own.id) && other !== undefined) {
      elements.push(own)
      waiting.add(own.id)
    } else if (other !== undefined && !same(own, local.known.get(own.id)) && beats(own, other)) {
      elements.push(own)
    } else {
      elements.push(next)
      taken.set(own.id, stampOf(next))
    }
  }
  for (const [id, other] of incoming) {
    if (here.has(id) || other === undefined) continue
    elements.push(other)
    taken.set(id, stampOf(other))
  }
  return { elements: apart(inOrder(elements), local.editing), taken, waiting }
}

// As it was, but gone. Nobody is told: the room knows it.
const deleted = (element: Element): Element => ({
  ...element,
  isDeleted: true,
  version: element.version + 1,
})

// What has no place in the order yet stays behind the others.
const inOrder = (elements: Element[]): Element[] =>
  elements.sort((a, b) => {
    const [x, y] = [a.index as string | null, b.index as string | null]
    if (x === y) return a.id < b.id ? -1 : 1
    if (x === null || y === null) return x === null ? 1 : -1
    return x < y ? -1 : 1
  })

// Of those that were put in one place at the same time all but the first move a little, to where everybody moves them: by their
// ids. If it were left to Excalidraw, each page would make another version of them.
const apart = (elements: Element[], editing: ReadonlySet<string>): Element[] => {
  if (!elements.some((e, i) => e.index !== null && e.index === elements[i - 1]?.index)) return elements
  let next: string | undefined
  const moved = [...elements]
  for (let i = moved.length - 1; i >= 0; i--) {
    const element = moved[i]
    if (element === undefined) continue
    const { id, index } = element
    const before: string | null | undefined = moved[i - 1]?.index
    const place = `${index}${suffix(id)}`
    if (index !== null && index === before && !editing.has(id) && (next === undefined || place < next))
      moved[i] = { ...element, index: place as typeof index }
    else next = index ?? next
  }
  return inOrder(moved)
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

const suffix = (id: string): string => {
  let hash = 2166136261
  for (const letter of id) hash = Math.imul(hash ^ letter.charCodeAt(0), 16777619)
  let [left, text] = [hash >>> 0, '']
  for (let i = 0; i < 4; i++) {
    text += DIGITS[left % 62] ?? ''
    left = Math.floor(left / 62)
  }
  // Nothing may end with a zero.
  return `${text}V`
}
