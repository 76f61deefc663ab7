// The page around ours. Only its own window is listened to, and what is said goes to the origin it first spoke from: the
// browser shows us in no page of another than the server allows (frame-ancestors).

import { fromPage, type Invitation, type RoomEvents, VERSION } from '../../../element/src/wire'
import { Store } from '../store'

// What it may ask for. What it throws is answered as an error.
export type Commands = Record<string, (...args: readonly unknown[]) => unknown>

export class Refusal extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export class Host {
  // With what one goes in: undefined until the page around has said so.
  readonly invitation = new Store<Invitation | undefined>(undefined)
  private readonly around: Window
  private origin: string | undefined
  private commands: Commands = {}

  // `around` is the window's own parent, and not itself.
  constructor(around: Window) {
    this.around = around
    addEventListener('message', this.received)
    // Nothing in it is secret, and nobody's origin is known yet.
    around.postMessage({ parlor: VERSION, type: 'event', event: 'ready', detail: {} }, '*')
  }

  tell<K extends keyof RoomEvents>(event: K, detail: RoomEvents[K]): void {
    this.post({ type: 'event', event, detail })
  }

  serve(commands: Commands): void {
    this.commands = commands
  }

  close(): void {
    removeEventListener('message', this.received)
  }

  private post(message: object): void {
    if (this.origin !== undefined) this.around.postMessage({ parlor: VERSION, ...message }, this.origin)
  }

  private readonly received = ({ source, origin, data }: MessageEvent): void => {
    if (source !== this.around || (this.origin !== undefined && origin !== this.origin)) return
    const message = fromPage(data)
    if (message?.type === 'begin') {
      this.origin = origin
      this.invitation.set(message.invitation)
    }
    if (message?.type === 'call' && this.origin !== undefined)
      void this.run(message.call, message.command, message.args)
  }

  private async run(call: number, command: string, args: readonly unknown[]): Promise<void> {
    try {
      const todo = Object.hasOwn(this.commands, command) ? this.commands[command] : undefined
      if (todo === undefined) throw new Refusal('bad_message', `there is no command ${command}`)
      this.post({ type: 'answer', call, value: await todo(...args) })
    } catch (error) {
      const code =
        typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'internal'
      const message = error instanceof Error ? error.message : String(error)
      this.post({ type: 'answer', call, error: { code, message } })
    }
  }
}
