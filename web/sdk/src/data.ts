import { ParlorError } from './errors'
import { History, type HistoryOptions, type HistoryPage } from './history'
import type { Link } from './link'
import { Lossy } from './lossy'
import type { MessageMeta, SendOptions } from './options'
import type { Participant } from './participant'
import type { Session, SessionEvents } from './session'
import { RoomState, type StateListener } from './state'
import type { ServerMessage } from './wire'

export interface DataHost {
  /** The session; undefined before the first and after the last. */
  session(): Session | undefined
  /** Our own id. */
  me(): string
  /** Who is here. */
  find(id: string): Participant | undefined
  message(type: string, data: unknown, from: Participant, meta: MessageMeta): void
  stateChanged: StateListener
}

/** What a room has besides the messages in its log: the state that all share, lossy messages, and the past. */
export class Data {
  readonly state: RoomState
  /** What the session tells the state. */
  readonly events: Pick<SessionEvents, 'ops' | 'snapshot'>
  readonly #host: DataHost
  readonly #history: History
  readonly #lossy: Lossy
  #channel: Link | undefined

  constructor(host: DataHost) {
    this.#host = host
    this.state = new RoomState({
      post: (change) => this.#live().post(change),
      limits: () => this.#live().limits,
      me: () => host.me(),
      changed: (...change) => host.stateChanged(...change),
    })
    this.events = {
      ops: (ops, by, offset) => this.state.apply(ops, by, offset),
      snapshot: (cells, since, epoch) => this.state.replace(cells, since, epoch),
    }
    this.#history = new History(() => host.session()?.carrier)
    this.#lossy = new Lossy({ link: () => this.#lossyLink(), limits: () => this.#live().limits })
  }

  async send(type: string, data: unknown, options: SendOptions): Promise<{ offset: number }> {
    const session = this.#live()
    const { to, lossy, key = '' } = options
    const recipients = typeof to === 'string' ? [to] : to
    if (!lossy) return session.send(type, data, recipients)
    this.#lossy.send(type, data, key, recipients)
    return { offset: 0 }
  }

  async history(options: HistoryOptions): Promise<HistoryPage> {
    this.#live()
    return this.#history.ask(options)
  }

  /** The lossy data channel is open. */
  opened(channel: Link): void {
    this.#channel = channel
  }

  /** This link carries messages now. */
  carried(link: Link): void {
    this.#history.carried()
    this.#lossy.carried(link)
  }

  /** Takes a message of the server if it is for one of us. */
  take(link: Link, message: ServerMessage): boolean {
    if (message.t === 'state') this.#host.session()?.state(link, message)
    else if (message.t === 'history') this.#history.answered(message)
    else if (message.t === 'error' && message.re === 'history') this.#history.refused(message)
    else if (message.t === 'e') {
      // Somebody who is not here has been overtaken by their own leaving.
      const from = this.#host.find(message.from)
      const meta = { offset: 0, sentAt: new Date(), direct: false, lossy: true }
      if (from) this.#host.message(message.type, message.data, from, meta)
    } else return false
    return true
  }

  /** The room was left. */
  end(err: ParlorError): void {
    this.#history.end(err)
    this.#lossy.end()
    this.state.end(err)
  }

  /** The session, or an error if there is none any more. */
  #live(): Session {
    const session = this.#host.session()
    if (!session) throw new ParlorError('left', 'the room was left')
    return session
  }

  /** A lossy channel says nothing when it is dead; whether it is, the reliable one beside it tells. */
  #lossyLink(): { link: Link; mayLose: boolean } | undefined {
    const carrier = this.#host.session()?.carrier
    if (carrier?.kind === 'webrtc' && this.#channel?.open) return { link: this.#channel, mayLose: true }
    return carrier && { link: carrier, mayLose: false }
  }
}
