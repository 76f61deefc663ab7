// Who gets into the room and who is put out of it, as the page needs it: how things stand, what passes of that as words,
// and what those can do who may.

import type { Anyone, Room, Waiting } from '/sdk/parlor.js'
import { Store } from '../store'
import { strings } from '../strings'
import type { Notices } from './Notices'

export interface HostState {
  // We may.
  admin: boolean
  locked: boolean
  lobby: boolean
  // To be let in.
  waiting: readonly Waiting[]
  // Who has come to wait since it was said last, in words.
  knocked: string
}

const hostState = ({ grant, isLocked, hasLobby, waiting }: Room, knocked = ''): HostState => ({
  admin: grant.admin,
  locked: isLocked,
  lobby: hasLobby,
  waiting: grant.admin ? waiting : [],
  knocked,
})

export class Hosting {
  readonly state: Store<HostState>
  // We have ended it for everyone.
  ended = false
  private readonly room: Room
  private readonly notices: Notices
  private readonly offs: (() => void)[]

  constructor(room: Room, notices: Notices) {
    this.room = room
    this.notices = notices
    this.state = new Store(hostState(room))
    this.offs = [
      room.on('lockedChanged', (locked, by) => this.changed(strings.host.saysLocked(locked, this.who(by)))),
      room.on('lobbyChanged', (lobby, by) => this.changed(strings.host.saysLobby(lobby, this.who(by)))),
      room.on('adminChanged', (who) =>
        this.changed(who === room.localParticipant ? strings.host.youAre : strings.host.is(nameOf(who))),
      ),
      room.on('waitingChanged', (waiting) => {
        const known = new Set(this.state.get().waiting.map((w) => w.id))
        const news = waiting.filter((w) => !known.has(w.id))
        this.state.set(hostState(room, news.length > 0 ? strings.host.waits(news.map(nameOf)) : ''))
      }),
      room.on('reset', () => this.changed()),
    ]
  }

  remove(id: string): void {
    this.ask(() => this.room.remove(id))
  }

  setLocked(locked: boolean): void {
    this.ask(() => this.room.setLocked(locked))
  }

  setLobby(lobby: boolean): void {
    this.ask(() => this.room.setLobby(lobby))
  }

  // Without an id: all who wait.
  admit(id?: string): void {
    this.ask(() => this.room.admit(id))
  }

  deny(id?: string): void {
    this.ask(() => this.room.deny(id))
  }

  endForAll(): void {
    this.ended = this.ask(() => this.room.end())
  }

  end(): void {
    for (const off of this.offs.splice(0)) off()
  }

  private ask(what: () => void): boolean {
    try {
      what()
      return true
    } catch {
      this.notices.say(strings.host.notNow)
      return false
    }
  }

  private changed(words?: string): void {
    this.state.set(hostState(this.room))
    if (words !== undefined) this.notices.say(words)
  }

  // Empty: it was us.
  private who(by: Anyone | undefined): string | undefined {
    if (by === undefined) return undefined
    return by === this.room.localParticipant ? '' : nameOf(by)
  }
}

const nameOf = ({ name }: { name: string }): string => name || strings.room.someone
