// Who is on which board, and where they point: lossy messages of type `wb`, of which each says all there is to say of its
// sender. So the last one that comes, and it does come, is right.

import type { Participant, Room } from '/sdk/parlor.js'
import { isId } from './keys'
import { pointerPause } from './pace'
import type { Sketch } from './sketch'

const TYPE = 'wb'

export interface Pointer {
  x: number
  y: number
  laser: boolean
  down: boolean
}

export interface Whereabouts {
  board: string
  name: string
  pointer: Pointer | undefined
  // As it came; see sketch.ts.
  sketch: { s?: unknown; e?: unknown } | undefined
}

type Channel = Pick<Room, 'on' | 'sendMessage' | 'participants'>

const isNumber = (value: unknown): value is number => typeof value === 'number' && Math.abs(value) <= 1e7

// Somebody's message; undefined: they are on no board.
export const whereaboutsOf = (data: unknown, name: string): Whereabouts | undefined => {
  if (typeof data !== 'object' || data === null) return undefined
  const { b, p, l, d, s, e } = data as Record<string, unknown>
  if (typeof b !== 'string' || !isId(b)) return undefined
  const [x, y] = Array.isArray(p) ? p : []
  return {
    board: b,
    name,
    pointer: isNumber(x) && isNumber(y) ? { x, y, laser: l === 1, down: d === 1 } : undefined,
    sketch: s === undefined && e === undefined ? undefined : { s, e },
  }
}

export class Presence {
  // Of the others, by participant.
  readonly others = new Map<string, Whereabouts>()
  private readonly channel: Channel
  private readonly offs: (() => void)[]
  private readonly listeners = new Set<(id: string, before: string | undefined) => void>()
  private board: string | undefined
  private pointer: Pointer | undefined
  private sketch: Sketch | undefined
  private timer: ReturnType<typeof setTimeout> | undefined
  private sent = 0

  constructor(channel: Channel) {
    this.channel = channel
    this.offs = [
      channel.on('message', (type, data, from) => {
        if (type === TYPE) this.heard(from, data)
      }),
      channel.on('participantDisconnected', ({ id }) => this.put(id, undefined)),
      channel.on('reset', () => {
        for (const id of [...this.others.keys()]) if (!channel.participants.has(id)) this.put(id, undefined)
      }),
    ]
  }

  // Whose whereabouts changed, and on which board they were before.
  listen(fn: (id: string, before: string | undefined) => void): () => void {
    this.listeners.add(fn)
    return () => void this.listeners.delete(fn)
  }

  on(board: string): number {
    let count = 0
    for (const other of this.others.values()) if (other.board === board) count++
    return count
  }

  go(board: string | undefined): void {
    this.board = board
    this.pointer = this.sketch = undefined
    this.say()
  }

  point(pointer: Pointer): void {
    this.pointer = pointer
    this.later()
  }

  draw(sketch: Sketch | undefined): void {
    if (sketch === undefined && this.sketch === undefined) return
    this.sketch = sketch
    this.later()
  }

  close(): void {
    clearTimeout(this.timer)
    for (const off of this.offs) off()
  }

  private heard(from: Participant, data: unknown): void {
    this.put(from.id, whereaboutsOf(data, from.name))
  }

  private put(id: string, now: Whereabouts | undefined): void {
    const before = this.others.get(id)?.board
    if (now === undefined && before === undefined) return
    if (now === undefined) this.others.delete(id)
    else this.others.set(id, now)
    for (const listener of [...this.listeners]) listener(id, before)
  }

  private later(): void {
    if (this.timer !== undefined || this.board === undefined) return
    const pause = pointerPause(this.on(this.board))
    this.timer = setTimeout(() => this.say(), Math.max(0, this.sent + pause - performance.now()))
  }

  private say(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    this.sent = performance.now()
    const { board, pointer, sketch } = this
    const data =
      board === undefined
        ? {}
        : {
            b: board,
            ...(pointer && { p: [Math.round(pointer.x), Math.round(pointer.y)] }),
            ...(pointer?.laser && { l: 1 }),
            ...(pointer?.down && { d: 1 }),
            ...sketch,
          }
    // Who may not say it is seen by nobody, and no less welcome.
    this.channel.sendMessage(TYPE, data, { lossy: true }).catch(() => undefined)
  }
}
