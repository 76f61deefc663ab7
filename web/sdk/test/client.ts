import { Ladder } from '../src/ladder'
import type { Link, LinkKind } from '../src/link'
import { Session, type UnconfirmedMessage } from '../src/session'
import { RoomState } from '../src/state'
import type { Entry, Limits, ServerMessage } from '../src/wire'
import { limits, Pipe, type Server, ServerSession } from './world'

/** A client as the room wires it: session, ladder, and links that a test opens and breaks. */
export class Client {
  readonly session: Session
  readonly ladder: Ladder
  readonly server: ServerSession
  readonly got: string[] = []
  readonly received: unknown[] = []
  readonly carriers: string[] = []
  readonly resets: { reason: string; unconfirmed: UnconfirmedMessage[] }[] = []
  readonly delay: () => number
  ws: Pipe | undefined
  channel: Pipe | undefined
  channelsGone = 0
  drained = 0
  /** What the state told: key, value, by whom, offset. */
  readonly told: string[] = []
  readonly state: RoomState = new RoomState({
    post: (outgoing) => this.session.post(outgoing),
    limits: () => limits,
    me: () => this.server.from,
    changed: (key, value, by, o) => this.told.push(`${key}=${JSON.stringify(value)} ${by} ${o}`),
  })

  constructor(
    server: Server,
    from: string,
    delay: () => number = () => 5,
    some: Partial<Limits> = {},
    channelOnly = false,
  ) {
    this.delay = delay
    this.server = new ServerSession(server, from)
    this.session = new Session(
      { ...limits, ...some },
      {
        entry: (e: Entry) => {
          if (e.is !== 'message') return
          this.received.push(e.data)
          this.got.push(`${e.o} ${e.from} ${JSON.stringify(e.data)}`)
        },
        ops: (ops, from, o) => this.state.apply(ops, from, o),
        snapshot: (cells, since, epoch) => this.state.replace(cells, since, epoch),
        drained: () => this.drained++,
        reset: ({ reason }, unconfirmed) => this.resets.push({ reason, unconfirmed }),
        carried: (link) => this.carriers.push(link?.kind ?? 'none'),
        suspect: (link) => this.ladder.suspect(link),
      },
    )
    this.ladder = new Ladder(this.session, { channelGone: () => this.channelsGone++ }, channelOnly)
    const ws = this.open('websocket')
    this.server.link = ws
    this.ws = ws
    const state = this.server.welcome()
    const { position } = this.server
    this.session.begin({ epoch: server.epoch, position, state, limits: { ...limits, ...some } }, ws)
    this.ladder.begun(ws)
    this.server.flush()
  }

  open(kind: LinkKind): Pipe {
    return new Pipe(
      kind,
      this.server,
      (link, m) => this.receive(link, m),
      (link) => {
        if (link === this.ws) this.ws = undefined
        if (link === this.channel) this.channel = undefined
        this.ladder.ended(link)
      },
      this.delay,
    )
  }

  openWebSocket(kind: LinkKind = 'websocket'): void {
    this.ws = this.open(kind)
    this.ladder.resumed(this.ws)
  }

  openChannel(): void {
    this.channel = this.open('webrtc')
    this.ladder.opened(this.channel)
  }

  receive(link: Link, m: ServerMessage): void {
    this.ladder.heard(link)
    if (m.t === 'log') this.session.log(link, m)
    else if (m.t === 'attached') this.session.attached(link, m)
    else if (m.t === 'reset') this.session.reset(link, m)
    else if (m.t === 'state') this.session.state(link, m)
    else if (m.t === 'pong') this.ladder.pong(link, m.id)
    else if (m.t === 'error') this.session.refused(link, m)
  }
}
