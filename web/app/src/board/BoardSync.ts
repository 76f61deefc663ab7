// Keeps what is drawn here and the room's state the same. It knows no React and nothing of Excalidraw but its elements.

import type { StateChange } from '/sdk/parlor.js'
import { codeOf } from '../errors'
import { decode, type Element } from './element'
import { elementKey, elementPrefix } from './keys'
import { merge } from './merge'
import { type Batch, changed, firstBatch } from './outgoing'
import { pauseAfter, strokePause } from './pace'
import { type Stamp, same, stampOf } from './stamp'

// Where it is drawn: Excalidraw.
export interface Canvas {
  // Those that were deleted too.
  scene(): readonly Element[]
  // What is being drawn, dragged or written in this very moment.
  editing(): ReadonlySet<string>
  // The one that is being drawn for the first time.
  drawing(): string | undefined
  // Makes this the scene; nobody can undo it.
  show(elements: readonly Element[]): void
  // An element as Excalidraw wants it; undefined: it cannot do anything with it.
  restore(element: Element): Element | undefined
}

// As much of room.state as is needed.
export interface SharedState {
  readonly ready: Promise<void>
  get(key: string): unknown
  // Of the last change that is confirmed; 0: there is none.
  offset(key: string): number
  entries(prefix: string): [key: string, value: unknown][]
  subscribe(prefix: string, fn: (key: string) => void): () => void
  patch(changes: readonly StateChange[]): Promise<{ offset: number }>
}

interface Options {
  board: string
  state: SharedState
  canvas: Canvas
  mayWrite: boolean
  // How many others get what is sent.
  others: () => number
  // Something could not be put on the board; a code of docs/protocol.md.
  refused: (code: string) => void
}

const SOON = 16
const AGAIN = 3_000

export class BoardSync {
  private readonly options: Options
  private readonly known = new Map<string, Stamp>()
  // What the room is known to have or have had: if it is not there any more, it was deleted.
  private readonly confirmed = new Set<string>()
  private readonly incoming = new Set<string>()
  private unsubscribe: (() => void) | undefined
  private merging: ReturnType<typeof setTimeout> | undefined
  private sending: ReturnType<typeof setTimeout> | undefined
  private next = 0
  private stroke = { id: '', at: 0 }
  private underWay = false
  // The room was reset, and what it has now is still to come.
  private unsure = false
  private closed = false

  constructor(options: Options) {
    this.options = options
  }

  // Shows what is there and follows it from now on.
  async begin(): Promise<void> {
    const { state, board } = this.options
    const prefix = elementPrefix(board)
    this.unsubscribe = state.subscribe(prefix, (key) => this.take(key.slice(prefix.length)))
    await state.ready
    if (this.closed) return
    this.takeAll()
    this.mergeNow()
  }

  // Something was drawn here.
  changed(): void {
    if (!this.closed && this.options.mayWrite) this.arm()
  }

  // The room was reset: what it has comes anew, and nothing is sent before it is there.
  hold(): void {
    this.unsure = true
  }

  // It is there. If the server has lost what it had, what is here is put back.
  again(lost: boolean): void {
    if (this.closed) return
    this.unsure = false
    if (lost) {
      this.confirmed.clear()
      this.known.clear()
    }
    for (const id of this.confirmed) this.incoming.add(id)
    this.takeAll()
    this.mergeNow()
    this.changed()
  }

  // Everything that is still to be sent is.
  close(): void {
    if (this.closed) return
    if (this.options.mayWrite && !this.unsure) {
      for (let batch = this.due(true); batch.changes.length > 0; batch = this.due(true)) void this.send(batch)
    }
    this.closed = true
    this.unsubscribe?.()
    clearTimeout(this.merging)
    clearTimeout(this.sending)
  }

  private takeAll(): void {
    const prefix = elementPrefix(this.options.board)
    for (const [key] of this.options.state.entries(prefix)) this.take(key.slice(prefix.length))
  }

  private take(id: string): void {
    this.incoming.add(id)
    this.merging ??= setTimeout(() => this.mergeNow(), SOON)
  }

  private mergeNow(): void {
    clearTimeout(this.merging)
    this.merging = undefined
    const { canvas } = this.options
    const incoming = new Map<string, Element | undefined>()
    for (const id of this.incoming) {
      const key = elementKey(this.options.board, id)
      const value = this.options.state.get(key)
      if (value === undefined) {
        if (this.confirmed.delete(id)) incoming.set(id, undefined)
        continue
      }
      if (this.options.state.offset(key) > 0) this.confirmed.add(id)
      const element = decode(id, value)
      const restored = element && canvas.restore(element)
      if (restored !== undefined) incoming.set(id, restored)
    }
    this.incoming.clear()
    if (incoming.size === 0) return
    const scene = canvas.scene()
    const unsent = new Set(changed(scene, this.known, () => false).map((e) => e.id))
    const { elements, taken, waiting } = merge(
      { scene, known: this.known, editing: canvas.editing() },
      incoming,
    )
    for (const [id, stamp] of taken) this.known.set(id, stamp)
    for (const id of waiting) this.incoming.add(id)
    if (waiting.size > 0) this.changed()
    const before = new Map(scene.map((e) => [e.id, e]))
    if (elements.length === scene.length && elements.every((e) => before.get(e.id) === e)) return
    canvas.show(elements)
    // Of two that were put in the same place at once Excalidraw moves one. Everybody's does, so nobody is told.
    for (const element of canvas.scene())
      if (this.known.has(element.id) && !unsent.has(element.id)) this.known.set(element.id, stampOf(element))
  }

  private arm(): void {
    if (this.sending !== undefined || this.underWay || this.unsure || this.closed) return
    this.sending = setTimeout(() => this.flush(), Math.max(0, this.next - performance.now()))
  }

  private flush(): void {
    this.sending = undefined
    if (this.unsure) return
    // What waited for the hand to be taken off.
    if (this.incoming.size > 0) this.mergeNow()
    const batch = this.due(false)
    if (batch.changes.length > 0) void this.send(batch)
    else if (this.waits()) {
      this.next = performance.now() + 100
      this.arm()
    }
  }

  // Whether something is being drawn that will have to be sent.
  private waits(): boolean {
    return this.options.canvas.drawing() !== undefined || this.incoming.size > 0
  }

  private due(all: boolean): Batch {
    const { canvas, board } = this.options
    const drawing = all ? undefined : canvas.drawing()
    const now = performance.now()
    const elements = changed(canvas.scene(), this.known, (element) => {
      if (element.id !== drawing) return false
      // Others see it as a sketch meanwhile.
      if (element.type !== 'freedraw') return true
      if (this.stroke.id !== element.id) this.stroke = { id: element.id, at: now + strokePause(0) }
      if (now < this.stroke.at || element.points.length < 2) return true
      this.stroke.at = now + strokePause(element.points.length * 30)
      return false
    })
    return firstBatch(board, elements)
  }

  private async send(batch: Batch): Promise<void> {
    for (const element of batch.elements) this.known.set(element.id, stampOf(element))
    this.next = performance.now() + pauseAfter(batch.bytes, this.options.others())
    this.underWay = true
    try {
      await this.options.state.patch(batch.changes)
      for (const { id, isDeleted } of batch.elements) if (!isDeleted) this.confirmed.add(id)
    } catch (error) {
      this.refused(batch, codeOf(error))
    }
    this.underWay = false
    this.changed()
  }

  private refused(batch: Batch, code: string): void {
    const { state, board } = this.options
    const gone = batch.elements.filter((e) => state.get(elementKey(board, e.id)) === undefined)
    switch (code) {
      case 'unconfirmed':
      case 'not_stored':
        // Nobody knows, or not now: it is sent again.
        this.forget(batch.elements)
        this.next = performance.now() + AGAIN
        return
      case 'conflict': {
        // Somebody deleted some of it meanwhile. The rest is sent again.
        const lost = gone.filter((e) => this.confirmed.has(e.id))
        if (lost.length > 0) {
          this.forget(batch.elements.filter((e) => !lost.includes(e)))
          for (const { id } of lost) this.take(id)
          return
        }
        break
      }
      case 'left':
        return
    }
    // It stays as the room has it.
    for (const { id } of batch.elements) {
      this.confirmed.add(id)
      this.take(id)
    }
    if (!this.closed) this.options.refused(code)
  }

  private forget(elements: readonly Element[]): void {
    for (const element of elements)
      if (same(element, this.known.get(element.id))) this.known.delete(element.id)
  }
}
