import { ParlorError } from './errors'
import type { Peer } from './peer'
import type { Answer, ClientMessage, Refusal, Sending } from './wire'

export interface NegotiationEvents {
  send(message: ClientMessage): boolean
  /** The PeerConnection of now; it may have been replaced while an offer waited. */
  peer(): Peer | undefined
  /** The sending lines of this peer that carry something. */
  sending(peer: Peer): Sending[]
  /** The answer is in force. */
  settled(peer: Peer, answer: Answer): void
}

const answerMs = 15_000
const retryMs = 1_000

/**
 * Offers, one after the other. An offer whose answer got lost with the WebSocket is made again on the next one; one
 * for a PeerConnection that has been replaced is made for the new one, as `fresh`.
 */
export class Negotiation {
  readonly #events: NegotiationEvents
  #queue: Promise<unknown> = Promise.resolve()
  #id = 0
  #asked: { id: number; resolve(reply: Answer | Refusal | undefined): void } | undefined
  #settling = false
  #up = false
  #closed = false
  #wake: (() => void)[] = []
  /** Offers made so far, that of the join included. */
  offers = 0

  constructor(events: NegotiationEvents) {
    this.#events = events
  }

  /** An offer is out for which there is no answer yet. */
  get asking(): boolean {
    return this.#asked !== undefined
  }

  /** An answer has come and is being put in force. */
  get settling(): boolean {
    return this.#settling
  }

  /** Whether offers can be sent. */
  setUp(up: boolean): void {
    this.#up = up
    if (!up) this.#reply(undefined)
    else for (const wake of this.#wake.splice(0)) wake()
  }

  close(): void {
    this.#closed = true
    this.#reply(undefined)
    for (const wake of this.#wake.splice(0)) wake()
  }

  /** Changes the PeerConnection and makes it known to the server. `change` is called once, when its turn has come. */
  run(change: (peer: Peer) => void): Promise<void> {
    const job = this.#queue.then(async () => {
      const peer = await this.#ready()
      change(peer)
      await this.#offer()
    })
    this.#queue = job.catch(() => undefined)
    return job
  }

  answered(answer: Answer): void {
    if (answer.id !== this.#asked?.id) return
    this.#settling = true
    this.#reply(answer)
  }

  refused(refusal: Refusal): void {
    if (refusal.id === undefined || refusal.id === this.#asked?.id) this.#reply(refusal)
  }

  async #offer(): Promise<void> {
    for (;;) {
      const peer = await this.#ready()
      const sdp = await peer.offer()
      if (peer !== this.#events.peer()) continue
      const reply = await this.#ask(peer, sdp)
      if (reply?.t === 'answer') {
        try {
          if (peer === this.#events.peer()) await peer.accept(reply.sdp)
        } finally {
          this.#settling = false
        }
        if (peer !== this.#events.peer()) continue
        this.#events.settled(peer, reply)
        return
      }
      if (this.#closed || peer !== this.#events.peer()) continue
      if (reply === undefined) {
        if (this.#up)
          throw await this.#back(peer, new ParlorError('internal', 'the server did not answer an offer'))
      } else if (reply.code === 'rate_limited') {
        await new Promise((resolve) => setTimeout(resolve, reply.retryMs ?? retryMs))
      } else throw await this.#back(peer, new ParlorError(reply.code, reply.message, reply.retryMs))
    }
  }

  async #back(peer: Peer, err: ParlorError): Promise<ParlorError> {
    await peer.rollback().catch(() => undefined)
    return err
  }

  #ask(peer: Peer, sdp: string): Promise<Answer | Refusal | undefined> {
    return new Promise((resolve) => {
      const id = ++this.#id
      const timer = setTimeout(() => this.#reply(undefined), answerMs)
      this.#asked = {
        id,
        resolve: (reply) => {
          clearTimeout(timer)
          resolve(reply)
        },
      }
      this.offers++
      const fresh = peer.accepted ? {} : { fresh: true }
      // If it does not go out, the link is just ending, and that settles it.
      if (!this.#events.send({ t: 'offer', id, sdp, ...fresh, tracks: this.#events.sending(peer) }))
        this.setUp(false)
    })
  }

  #reply(reply: Answer | Refusal | undefined): void {
    const asked = this.#asked
    this.#asked = undefined
    asked?.resolve(reply)
  }

  async #ready(): Promise<Peer> {
    for (;;) {
      if (this.#closed) throw new ParlorError('left', 'the room was left')
      const peer = this.#events.peer()
      if (this.#up && peer) return peer
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
  }
}
