// What of a scene is to be sent. Pure.

import type { StateChange } from '/sdk/parlor.js'
import type { Element } from './element'
import { elementKey } from './keys'
import { same, type Stamp } from './stamp'

// At most so much goes together; a change of the state may have 100.
const MOST_OPS = 100
const MOST_BYTES = 128 * 1024

export interface Batch {
  elements: readonly Element[]
  changes: StateChange[]
  bytes: number
}

// Elements that are otherwise than others know them. `known` is what was last sent or received of each; `held` are those
// that are not to be sent now.
export const changed = (
  scene: readonly Element[],
  known: ReadonlyMap<string, Stamp>,
  held: (element: Element) => boolean,
): Element[] =>
  scene.filter((element) => {
    const before = known.get(element.id)
    // What came and went before anybody saw it need not be told.
    if (before === undefined && element.isDeleted) return false
    return !same(element, before) && !held(element)
  })

// The first of them, as many as go together. What is deleted leaves nothing behind but that it was.
export const firstBatch = (board: string, elements: readonly Element[]): Batch => {
  const batch: Batch & { elements: Element[] } = { elements: [], changes: [], bytes: 0 }
  for (const element of elements) {
    const { version, versionNonce: nonce } = element
    const key = elementKey(board, element.id)
    const change: StateChange = element.isDeleted
      ? { key, delete: true, version, nonce }
      : { key, value: element, version, nonce }
    const bytes = element.isDeleted ? key.length : JSON.stringify(element).length
    if (batch.changes.length > 0 && batch.bytes + bytes > MOST_BYTES) break
    // Frozen as it is now: the scene goes on being drawn in.
    batch.elements.push({ ...element })
    batch.changes.push(change)
    batch.bytes += bytes
    if (batch.changes.length === MOST_OPS) break
  }
  return batch
}
