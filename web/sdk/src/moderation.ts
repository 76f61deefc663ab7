import { Emitter } from './emitter'
import { ParlorError } from './errors'
import type { RoomEvents } from './options'
import type { Anyone } from './participant'
import type { ClientMessage, Grant, Settings, Waiting } from './wire'

/** The part of a room that is about who gets in and who is put out. */
export abstract class Moderated extends Emitter<RoomEvents> {
  #settings: Settings = { locked: false, lobby: false }
  #waiting: readonly Waiting[] = []

  /** What we may do here; maySend() and mayWrite() read it. */
  abstract get grant(): Readonly<Grant>

  /** @internal False: there is no connection. */
  protected abstract tell(message: ClientMessage): boolean

  /** Whether the room takes nobody new. */
  get isLocked(): boolean {
    return this.#settings.locked
  }

  /** Whether newcomers wait to be let in. */
  get hasLobby(): boolean {
    return this.#settings.lobby
  }

  /** Who waits to be let in, as far as we may know: for those with `grant.admin`, as all that follows. */
  get waiting(): readonly Waiting[] {
    return this.#waiting
  }

  /** Puts somebody out of the room, who can only come back as somebody new. `participantDisconnected` tells what came of it. */
  remove(participantId: string): void {
    this.#ask({ t: 'remove', participant: participantId })
  }

  /** Lets nobody in who is new, but for those who may administer the room; or does again. Told by `lockedChanged`. */
  setLocked(locked: boolean): void {
    this.#ask({ t: 'settings', locked })
  }

  /** Has newcomers wait to be let in, or lets everybody in again, those among them who wait. Told by `lobbyChanged`. */
  setLobby(lobby: boolean): void {
    this.#ask({ t: 'settings', lobby })
  }

  /** Lets somebody in who waits, or everyone. Told by `waitingChanged`. */
  admit(waitingId?: string): void {
    this.#ask(waitingId === undefined ? { t: 'admit', all: true } : { t: 'admit', knock: waitingId })
  }

  /** Sends somebody away who waits, or everyone. */
  deny(waitingId?: string): void {
    this.#ask(waitingId === undefined ? { t: 'deny', all: true } : { t: 'deny', knock: waitingId })
  }

  /** Ends it for everyone, ourselves and those who wait among them: `disconnected` with `room_closed`. */
  end(): void {
    this.#ask({ t: 'end' })
  }

  /** @internal So it is now; `by` made it so, if it is known. */
  settle({ locked, lobby }: Settings, ...by: [Anyone?]): void {
    const before = this.#settings
    this.#settings = { locked, lobby }
    if (locked !== before.locked) this.emit('lockedChanged', locked, ...by)
    if (lobby !== before.lobby) this.emit('lobbyChanged', lobby, ...by)
  }

  /** @internal These wait now. */
  wait(waiting: readonly Waiting[]): void {
    if (waiting.length === 0 && this.#waiting.length === 0) return
    this.#waiting = waiting
    this.emit('waitingChanged', waiting)
  }

  #ask(message: ClientMessage): void {
    if (!this.grant.admin)
      throw new ParlorError('not_allowed', 'that is for those who may administer the room')
    if (!this.tell(message)) throw new ParlorError('unreachable', 'there is no connection at the moment')
  }
}
