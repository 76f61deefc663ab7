// Words that pass: somebody joined, somebody left. A few at a time, each for a few seconds.

import { Store } from '../store'

export interface Notice {
  id: number
  text: string
  // Something somebody wrote, rather than something that happened.
  chat: boolean
  // What a click on it does.
  act?: () => void
}

const SHOWN_MS = 4500
const AT_ONCE = 3

export class Notices {
  readonly state = new Store<readonly Notice[]>([])
  private last = 0
  private readonly timers = new Set<number>()

  say(text: string, chat = false, act?: () => void): void {
    const notice = { id: ++this.last, text, chat, ...(act && { act }) }
    // Of what is written the last line is enough: the rest is in the chat.
    this.state.update((list) => [...list.filter((n) => !(chat && n.chat)), notice].slice(-AT_ONCE))
    const timer = window.setTimeout(() => {
      this.timers.delete(timer)
      this.state.update((list) => list.filter((n) => n !== notice))
    }, SHOWN_MS)
    this.timers.add(timer)
  }

  // The chat was opened: what was written is read there.
  chatSeen(): void {
    this.state.update((list) => (list.some((n) => n.chat) ? list.filter((n) => !n.chat) : list))
  }

  close(): void {
    for (const timer of this.timers) clearTimeout(timer)
  }
}
