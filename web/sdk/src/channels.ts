import { socketLink, type Link, type LinkEvents } from './link'

export interface ChannelsEvents {
  message: LinkEvents['message']
  /** The most bytes of a frame that comes in pieces, as far as it is known. */
  frameBytes(): number | undefined
  opened(reliable: Link): void
  ended(reliable: Link): void
  lossyOpened(lossy: Link): void
}

/** The two data channels of the PeerConnection there is, as links. */
export class Channels {
  readonly #events: ChannelsEvents
  #reliable: Link | undefined

  constructor(events: ChannelsEvents) {
    this.#events = events
  }

  opened(channel: RTCDataChannel): void {
    this.#reliable = this.#wrap(channel, (link) => {
      if (this.#reliable === link) this.#reliable = undefined
      this.#events.ended(link)
    })
    this.#events.opened(this.#reliable)
  }

  /** It says nothing when it is dead: whether it is, the reliable one beside it tells. */
  lossyOpened(channel: RTCDataChannel): void {
    this.#events.lossyOpened(this.#wrap(channel, () => undefined))
  }

  /** Their PeerConnection is gone. */
  close(): void {
    this.#reliable?.close()
  }

  #wrap(channel: RTCDataChannel, ended: LinkEvents['ended']): Link {
    const { message, frameBytes } = this.#events
    return socketLink(channel, { message, frameBytes, ended })
  }
}
