// What somebody is just drawing, as others see it before it is done: small enough for a lossy message, of which any may get
// lost. A stroke goes as its last points; everything else as a whole, if it is small. Pure.

import type { Element } from './element'

// A stroke from point `n` on: x, y, x, y … from where it begins.
interface Stroke {
  id: string
  x: number
  y: number
  c: string
  w: number
  o: number
  n: number
  p: number[]
}

export type Sketch = { s: Stroke } | { e: unknown }

// Messages overlap: of three that follow each other two may get lost.
const TAIL = 36
const MOST_BYTES = 700
const MOST_POINTS = 4_000

const round = (n: number): number => Math.round(n * 10) / 10

export const sketchOf = (element: Element | undefined): Sketch | undefined => {
  if (element === undefined || element.isDeleted) return undefined
  if (element.type === 'freedraw') {
    const n = Math.max(0, element.points.length - TAIL)
    const p = element.points.slice(n).flatMap(([x, y]) => [round(x), round(y)])
    const { id, x, y, strokeColor: c, strokeWidth: w, opacity: o } = element
    return { s: { id, x: round(x), y: round(y), c, w, o, n, p } }
  }
  return JSON.stringify(element).length <= MOST_BYTES ? { e: element } : undefined
}

// What there is of a stroke of somebody else.
export interface Seen {
  id: string
  // How many of its points came by, those that got lost among them.
  upTo: number
  raw: Record<string, unknown> & { points: readonly (readonly [number, number])[] }
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= 2 * TAIL && value.every((n) => typeof n === 'number')

// The stroke with what a message adds to it; undefined if that is none.
export const grow = (before: Seen | undefined, value: unknown): Seen | undefined => {
  if (typeof value !== 'object' || value === null) return undefined
  const { id, x, y, c, w, o, n, p } = value as Partial<Record<keyof Stroke, unknown>>
  if (typeof id !== 'string' || typeof n !== 'number' || !isNumbers(p)) return undefined
  const seen = before?.id === id ? before : undefined
  const points: [number, number][] = []
  for (let i = 0; i + 1 < p.length; i += 2) points.push([p[i] ?? 0, p[i + 1] ?? 0])
  const news = points.slice(Math.max(0, (seen?.upTo ?? 0) - n))
  if (seen !== undefined && news.length === 0) return seen
  const all = [...(seen?.raw.points ?? []), ...news].slice(0, MOST_POINTS)
  const [xs, ys] = [all.map((q) => q[0]), all.map((q) => q[1])]
  return {
    id,
    upTo: Math.max(seen?.upTo ?? 0, n + points.length),
    raw: {
      ...{ id, type: 'freedraw', x, y, strokeColor: c, strokeWidth: w, opacity: o },
      points: all,
      pressures: [],
      simulatePressure: true,
      width: extent(xs),
      height: extent(ys),
      // It is a picture of something: nobody can take hold of it.
      locked: true,
      version: 1,
      versionNonce: 0,
      index: FIRST,
    },
  }
}

// A place in the order, as every element has one. A sketch's is given when it is shown.
export const FIRST = 'a0'

const extent = (values: readonly number[]): number => {
  let [least, most] = [0, 0]
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)]
  return most - least
}
