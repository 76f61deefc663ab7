// The boards of a room: which there are, who is on which, and which one is open here. It does not draw.

import type { Room, StateChange } from '/sdk/parlor.js'
import { Store } from '../store'
import { BOARDS_MOST, type Board, boardsOf, described, freeName, toOffer, wiped } from './list'
import { boardKey, elementPrefix, MARK, PREFIX } from './keys'
import { Presence } from './Presence'

export interface BoardsView {
  boards: readonly Board[]
  // The one that is open here.
  open: string | undefined
  // How many others are on each.
  on: ReadonlyMap<string, number>
  // And on any.
  others: number
}

export interface BoardsEvents {
  // Somebody opened a board on which nobody was.
  offered: (board: Board, by: string) => void
  refused: (code: string) => void
}

// A change of the state has at most so many.
const MOST_OPS = 100
// When a server has lost everything, all pages put it back: not all of them at once.
const PUT_BACK_MS = 1_500

export class Boards {
  readonly view = new Store<BoardsView>({ boards: [], open: undefined, on: new Map(), others: 0 })
  readonly presence: Presence
  readonly mayWrite: boolean
  // What is drawn is to wait, and to go on; see BoardSync.
  readonly resets = new Set<{ hold: () => void; again: (lost: boolean) => void }>()
  private readonly room: Room
  private readonly events: BoardsEvents
  private readonly offs: (() => void)[]
  private timer: ReturnType<typeof setTimeout> | undefined
  private closed = false
  // Boards of which it was said that somebody is on them.
  private readonly told = new Set<string>()

  constructor(room: Room, mayWrite: boolean, events: BoardsEvents) {
    this.room = room
    this.mayWrite = mayWrite
    this.events = events
    this.presence = new Presence(room)
    this.offs = [
      room.state.subscribe(PREFIX, (key) => {
        if (!key.includes('/e/')) this.look()
      }),
      this.presence.listen((id, before) => this.moved(id, before)),
      room.on('reset', () => void this.reset()),
    ]
    this.look()
  }

  others(board: string): number {
    return this.presence.on(board)
  }

  // Who is on a board, besides oneself.
  people(board: string): { id: string; name: string }[] {
    return [...this.presence.others]
      .filter(([, other]) => other.board === board)
      .map(([id, { name }]) => ({ id, name }))
  }

  open(board: string | undefined): void {
    if (this.view.get().open === board) return
    this.view.update((view) => ({ ...view, open: board }))
    this.offer()
    this.presence.go(board)
  }

  // The board where most people are, or the newest, or a new one. Undefined: there is none, and none may be made.
  suggest(): string | undefined {
    const { boards, on } = this.view.get()
    const busy = [...boards].sort((a, b) => (on.get(b.id) ?? 0) - (on.get(a.id) ?? 0))[0]
    if (busy !== undefined && (on.get(busy.id) ?? 0) > 0) return busy.id
    return boards.at(-1)?.id
  }

  // Makes one and opens it.
  add(numbered: (n: number) => string): void {
    const { boards } = this.view.get()
    if (!this.mayWrite || boards.length >= BOARDS_MOST) return
    const id = crypto.randomUUID().slice(0, 8)
    const by = this.room.localParticipant
    this.change([
      { key: MARK, value: true, version: 1, nonce: 0 },
      described({ id, name: freeName(boards, numbered), at: Date.now(), by: by.name, version: 1 }),
    ])
    this.open(id)
  }

  rename(board: Board, name: string): void {
    const { version } = board
    if (name.trim() !== '' && name !== board.name)
      this.change([described({ ...board, name: name.trim(), version: version + 1 })])
  }

  // For everyone.
  remove(board: Board): void {
    if (this.view.get().open === board.id) this.open(undefined)
    const changes: StateChange[] = [
      { key: boardKey(board.id), delete: true, version: board.version + 1, nonce: 0 },
      ...wiped(this.room.state.entries(elementPrefix(board.id))),
    ]
    for (let i = 0; i < changes.length; i += MOST_OPS) this.change(changes.slice(i, i + MOST_OPS))
  }

  close(): void {
    this.closed = true
    clearTimeout(this.timer)
    this.presence.close()
    for (const off of this.offs) off()
  }

  private look(): void {
    const boards = boardsOf(this.room.state.entries(PREFIX))
    const { open } = this.view.get()
    const gone = open !== undefined && !boards.some((b) => b.id === open)
    this.view.update((view) => ({ ...view, boards }))
    this.offer()
    // Somebody else deleted it. What the server lost is put back.
    if (gone && !this.lost()) this.open(undefined)
  }

  private lost(): boolean {
    return this.room.state.get(MARK) === undefined
  }

  private moved(id: string, before: string | undefined): void {
    if (this.presence.others.get(id)?.board === before) return
    const on = new Map<string, number>()
    for (const { board } of this.presence.others.values()) on.set(board, (on.get(board) ?? 0) + 1)
    this.view.update((view) => ({ ...view, on, others: this.presence.others.size }))
    this.offer()
  }

  // Of a board and of who is on it either may be heard of first.
  private offer(): void {
    const { boards, open, on } = this.view.get()
    for (const id of this.told) if (id !== open && (on.get(id) ?? 0) === 0) this.told.delete(id)
    if (open !== undefined) this.told.add(open)
    for (const board of toOffer(boards, open, on, this.told)) {
      this.told.add(board.id)
      this.events.offered(board, this.people(board.id)[0]?.name ?? '')
    }
  }

  private async reset(): Promise<void> {
    for (const reset of this.resets) reset.hold()
    const { boards, open } = this.view.get()
    const mine = boards.find((b) => b.id === open)
    await this.room.state.ready.catch(() => undefined)
    if (this.closed) return
    if (!this.lost() || mine === undefined || !this.mayWrite) {
      this.look()
      for (const reset of this.resets) reset.again(false)
      return
    }
    this.timer = setTimeout(() => {
      this.change([{ key: MARK, value: true, version: 1, nonce: 0 }, described(mine)])
      for (const reset of this.resets) reset.again(true)
    }, Math.random() * PUT_BACK_MS)
  }

  private change(changes: StateChange[]): void {
    this.room.state.patch(changes).catch((error: unknown) => {
      const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
      if (!this.closed) this.events.refused(code)
    })
  }
}
