// Raised hands, in the order in which they were raised: cells of the room's state that belong to who raised them, so
// that a hand goes with its owner. Pure but for the class at the end, which follows a room.

import type { Room } from '/sdk/parlor.js'
import { Store } from '../store'

export const HANDS = 'own/hand/'

const keyOf = (id: string): string => HANDS + id

export interface HandCell {
  key: string
  // Who it belongs to.
  by: string
  // Its place in the room's order; 0: on its way.
  offset: number
}

// The ids of those whose hands are up, who raised first comes first. A hand that somebody put up for another is none.
export const inOrder = (cells: readonly HandCell[]): string[] => {
  const placeOf = ({ offset }: HandCell) => (offset === 0 ? Infinity : offset)
  return cells
    .filter(({ key, by }) => key === keyOf(by))
    .sort((a, b) => (placeOf(a) === placeOf(b) ? 0 : placeOf(a) - placeOf(b)))
    .map(({ by }) => by)
}

export interface HandEvents {
  // Somebody else raised a hand.
  raised: (id: string) => void
  // Somebody else lowered ours.
  lowered: () => void
}

export class Hands {
  readonly state = new Store<readonly string[]>([])
  private readonly room: Room
  private readonly off: () => void
  private lowering = false
  // What was so before we came is no news.
  private told = false

  constructor(room: Room, events: HandEvents) {
    this.room = room
    const me = () => room.localParticipant.id
    this.off = room.state.subscribe(HANDS, (key, value, by) => {
      this.look()
      if (this.told && value !== undefined && by !== me() && key === keyOf(by)) events.raised(by)
      // Without a name it was the server, because we were gone.
      if (value === undefined && key === keyOf(me()) && by !== '' && by !== me() && !this.lowering)
        events.lowered()
    })
    room.state.ready.then(
      () => (this.told = true),
      () => undefined,
    )
    this.look()
  }

  // Shows at once. When the server has given it its place, it takes that.
  async raise(): Promise<void> {
    await this.room.state.set(keyOf(this.room.localParticipant.id), true).catch(() => undefined)
    this.look()
  }

  async lower(id: string): Promise<void> {
    const own = id === this.room.localParticipant.id
    this.lowering ||= own
    await this.room.state.delete(keyOf(id)).catch(() => undefined)
    if (own) this.lowering = false
    this.look()
  }

  end(): void {
    this.off()
  }

  private look(): void {
    const { state } = this.room
    const cells = state.entries(HANDS).map(([key]) => ({ key, by: state.by(key), offset: state.offset(key) }))
    const now = inOrder(cells)
    const before = this.state.get()
    if (now.length !== before.length || now.some((id, i) => id !== before[i])) this.state.set(now)
  }
}
