// Excalidraw as a board is drawn on it: elements of the room, sketches of what others are just drawing, and their pointers.
// Of everything that comes in the time of a frame only the last is shown.

import { CaptureUpdateAction, restoreElements } from '@excalidraw/excalidraw'
import type { ExcalidrawElement } from '@excalidraw/excalidraw/element/types'
import type { AppState, Collaborator, ExcalidrawImperativeAPI, SocketId } from '@excalidraw/excalidraw/types'
import { hueOf } from '../ui/avatar'
import type { Canvas } from './BoardSync'
import { decode, type Element } from './element'
import type { Pictures } from './Pictures'
import type { Presence, Whereabouts } from './Presence'
import { FIRST, grow, type Seen } from './sketch'

const editingOf = (state: Readonly<AppState>): ReadonlySet<string> => {
  const ids = new Set<string>()
  for (const element of [
    state.newElement,
    state.editingTextElement,
    state.resizingElement,
    state.multiElement,
  ])
    if (element !== null) ids.add(element.id)
  if (state.selectedElementsAreBeingDragged || state.isResizing || state.isRotating)
    for (const id of Object.keys(state.selectedElementIds)) ids.add(id)
  return ids
}

export class ExcalidrawCanvas implements Canvas {
  private readonly api: ExcalidrawImperativeAPI
  private readonly board: string
  private readonly presence: Presence
  private readonly pictures: Pictures
  private readonly off: () => void
  private readonly strokes = new Map<string, Seen>()
  // By participant.
  private readonly sketches = new Map<string, Element>()
  private ids = new Set<string>()
  private readonly moved = new Set<string>()
  private collaborators = new Map<SocketId, Collaborator>()
  private frame = 0

  constructor(api: ExcalidrawImperativeAPI, board: string, presence: Presence, pictures: Pictures) {
    this.api = api
    this.board = board
    this.presence = presence
    this.pictures = pictures
    this.off = presence.listen((id) => this.move(id))
    for (const id of presence.others.keys()) this.move(id)
  }

  scene(): readonly Element[] {
    const all = this.api.getSceneElementsIncludingDeleted()
    return this.ids.size === 0 ? all : all.filter((element) => !this.ids.has(element.id))
  }

  editing(): ReadonlySet<string> {
    return editingOf(this.api.getAppState())
  }

  drawing(): string | undefined {
    return this.api.getAppState().newElement?.id
  }

  show(elements: readonly Element[]): void {
    const real = new Set(elements.map((element) => element.id))
    for (const [who, sketch] of this.sketches) if (real.has(sketch.id)) this.sketches.delete(who)
    // Behind the others in the order, whatever the others are.
    const sketches = [...this.sketches.values()].map((sketch) => ({ ...sketch, index: null }))
    this.ids = new Set(sketches.map((sketch) => sketch.id))
    this.api.updateScene({ elements: [...elements, ...sketches], captureUpdate: CaptureUpdateAction.NEVER })
    this.pictures.look(elements)
  }

  restore(element: Element): Element | undefined {
    return restored(element)
  }

  close(): void {
    this.off()
    this.pictures.close()
    cancelAnimationFrame(this.frame)
  }

  private move(id: string): void {
    this.moved.add(id)
    this.frame ||= requestAnimationFrame(() => this.draw())
  }

  private draw(): void {
    this.frame = 0
    const collaborators = new Map(this.collaborators)
    let drawn = false
    for (const id of this.moved) {
      const other = this.presence.others.get(id)
      const here = other?.board === this.board ? other : undefined
      if (here === undefined) collaborators.delete(id as SocketId)
      else collaborators.set(id as SocketId, collaboratorOf(id, here))
      drawn = this.sketch(id, here) || drawn
    }
    this.moved.clear()
    this.collaborators = collaborators
    this.api.updateScene({ collaborators })
    if (drawn) this.show(this.scene())
  }

  // Whether what they draw looks otherwise now.
  private sketch(who: string, here: Whereabouts | undefined): boolean {
    const before = this.sketches.get(who)
    const next = this.sketchOf(who, here)
    if (next === before) return false
    if (next === undefined) this.sketches.delete(who)
    else this.sketches.set(who, next)
    return true
  }

  private sketchOf(who: string, here: Whereabouts | undefined): Element | undefined {
    const { s, e } = here?.sketch ?? {}
    if (s === undefined) this.strokes.delete(who)
    let raw = e
    if (s !== undefined) {
      const before = this.strokes.get(who)
      const stroke = grow(before, s)
      if (stroke === undefined) return undefined
      this.strokes.set(who, stroke)
      if (stroke === before && this.sketches.has(who)) return this.sketches.get(who)
      raw = stroke.raw
    }
    if (typeof raw !== 'object' || raw === null || !('id' in raw)) return undefined
    const id = String(raw.id)
    const element = decode(id, { ...raw, index: FIRST, locked: true })
    // What is really there needs no sketch.
    if (element === undefined || this.scene().some((real) => real.id === id)) return undefined
    return restored(element)
  }
}

const restored = (element: Element): Element | undefined => {
  const [whole] = restoreElements([element as ExcalidrawElement], null)
  return whole?.isDeleted === false ? (whole as Element) : undefined
}

const collaboratorOf = (who: string, { name, pointer }: Whereabouts): Collaborator => ({
  id: colourId(hueOf(who)),
  username: name,
  ...(pointer && {
    pointer: { x: pointer.x, y: pointer.y, tool: pointer.laser ? 'laser' : 'pointer' },
    button: pointer.down ? 'down' : 'up',
  }),
})

// Excalidraw makes a pointer's colour of an id: of one letter its code, modulo 37, is the hue in tens of degrees. So it is the
// colour that they have everywhere on the page.
const colourId = (hue: number): string => String.fromCharCode(37 * 20 + (Math.round(hue / 10) % 37))
