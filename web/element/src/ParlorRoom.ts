// The element <parlor-room>: a room of a Parlor server in a frame, with its events as DOM events and its commands as methods.

import { addressOf } from './address'
import { Calls, ParlorRoomError } from './calls'
import { fromRoom, type MessageOptions, type RoomEvents, VERSION } from './wire'

export interface ParlorRoomEventMap {
  ready: CustomEvent<RoomEvents['ready']>
  waiting: CustomEvent<RoomEvents['waiting']>
  joined: CustomEvent<RoomEvents['joined']>
  left: CustomEvent<RoomEvents['left']>
  participantConnected: CustomEvent<RoomEvents['participantConnected']>
  participantDisconnected: CustomEvent<RoomEvents['participantDisconnected']>
  message: CustomEvent<RoomEvents['message']>
  devicesChanged: CustomEvent<RoomEvents['devicesChanged']>
  activeSpeakersChanged: CustomEvent<RoomEvents['activeSpeakersChanged']>
  reconnecting: CustomEvent<RoomEvents['reconnecting']>
  reconnected: CustomEvent<RoomEvents['reconnected']>
  error: CustomEvent<RoomEvents['error']>
}

/** What a room may use of what the page has. A page that may not have a device itself cannot give it either. */
const ALLOW = [
  'camera',
  'microphone',
  'display-capture',
  'fullscreen',
  'autoplay',
  'picture-in-picture',
  'clipboard-write',
  'speaker-selection',
  'screen-wake-lock',
].join('; ')

const STYLE = `
  :host { display: block; inline-size: 100%; block-size: min(40rem, 80vh); overflow: hidden }
  :host([hidden]) { display: none }
  iframe { display: block; inline-size: 100%; block-size: 100%; border: 0; border-radius: inherit }
`

// A page that was loaded says so once it has all its parts, over slow lines too. One that may not be shown here says nothing.
const SILENCE_MS = 10_000

// These are part of the address; the others go by postMessage.
const SHOWN: readonly string[] = ['room', 'url', 'watch', 'lang', 'panels']
const SAID: readonly string[] = ['token', 'name', 'join', 'microphone', 'camera']

// A server that renders pages imports this too, and has no elements.
const Base =
  (globalThis.HTMLElement as typeof HTMLElement | undefined) ?? (Object as unknown as typeof HTMLElement)

/**
 * `<parlor-room room="demo" token="…">`. Attributes: `room`, `url` (the server; default: where this module came from), `token`,
 * `name`, `join` (goes in without the page that shows how one looks, with `microphone` and `camera` on if they are there), `watch`
 * (without a camera or microphone of one's own), `theme` (`dark` or `light`; default: the system's), `lang`, and `panels`: what
 * is offered beside the people, of `chat people board share settings invite` (default: all).
 */
export class ParlorRoom extends Base {
  static readonly observedAttributes = [...SHOWN, ...SAID, 'theme']

  #frame: HTMLIFrameElement | undefined
  #origin = ''
  #ready = false
  #silence: ReturnType<typeof setTimeout> | undefined
  #loading = false
  readonly #calls = new Calls()

  constructor() {
    super()
    const style = document.createElement('style')
    style.textContent = STYLE
    this.attachShadow({ mode: 'open' }).append(style)
  }

  connectedCallback(): void {
    addEventListener('message', this.#received)
    this.#load()
  }

  disconnectedCallback(): void {
    removeEventListener('message', this.#received)
    this.#unload('the element was taken out of the page')
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (!this.isConnected || before === now) return
    if (name === 'theme') {
      this.#dress()
    } else if (SAID.includes(name)) {
      if (this.#ready) this.#begin()
    } else if (!this.#loading) {
      // Once for all attributes that change together.
      this.#loading = true
      queueMicrotask(() => {
        this.#loading = false
        if (this.isConnected) this.#load()
      })
    }
  }

  /** Goes in, as by the button of the page before. Resolves when one is in. */
  async join(): Promise<void> {
    await this.#ask('join')
  }

  async leave(): Promise<void> {
    await this.#ask('leave')
  }

  async setMicrophoneEnabled(enabled: boolean): Promise<void> {
    await this.#ask('setMicrophoneEnabled', enabled)
  }

  async setCameraEnabled(enabled: boolean): Promise<void> {
    await this.#ask('setCameraEnabled', enabled)
  }

  /** Resolves when the server has the message in the room's order; `data` is JSON or bytes. */
  async sendMessage(type: string, data?: unknown, options?: MessageOptions): Promise<{ offset: number }> {
    return (await this.#ask('sendMessage', type, data, options)) as { offset: number }
  }

  /** Writes in the chat, as if typed there. */
  async sendChat(text: string): Promise<void> {
    await this.#ask('sendChat', text)
  }

  override addEventListener<K extends keyof ParlorRoomEventMap>(
    type: K,
    listener: (this: ParlorRoom, event: ParlorRoomEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void
  override addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void
  override addEventListener(
    type: string,
    listener: never,
    options?: boolean | AddEventListenerOptions,
  ): void {
    super.addEventListener(type, listener, options)
  }

  override removeEventListener<K extends keyof ParlorRoomEventMap>(
    type: K,
    listener: (this: ParlorRoom, event: ParlorRoomEventMap[K]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void
  override removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | EventListenerOptions,
  ): void
  override removeEventListener(
    type: string,
    listener: never,
    options?: boolean | EventListenerOptions,
  ): void {
    super.removeEventListener(type, listener, options)
  }

  #load(): void {
    this.#unload('the room was loaded anew')
    const room = this.getAttribute('room') ?? ''
    if (room === '') return
    const attribute = (name: string) => this.getAttribute(name) ?? ''
    let address: URL
    try {
      address = addressOf(
        {
          room,
          url: attribute('url') || new URL('/', /* @vite-ignore */ import.meta.url).href,
          watch: this.hasAttribute('watch'),
          lang: attribute('lang'),
          panels: attribute('panels'),
        },
        document.baseURI,
      )
    } catch {
      this.#tell('error', { code: 'bad_url', message: `${attribute('url')} is not an address` })
      return
    }
    this.#origin = address.origin
    const frame = document.createElement('iframe')
    frame.allow = ALLOW
    frame.title = this.title || room
    frame.addEventListener('load', () => {
      this.#silence ??= setTimeout(() => {
        if (!this.#ready)
          this.#tell('error', {
            code: 'not_shown',
            message: `${this.#origin} is not there, or does not let this page show its rooms (embed-origins)`,
          })
      }, SILENCE_MS)
    })
    frame.src = address.href
    this.#frame = frame
    this.#dress()
    this.shadowRoot?.append(frame)
  }

  // The page inside takes this for what the system wants.
  #dress(): void {
    const theme = this.getAttribute('theme')
    if (this.#frame) this.#frame.style.colorScheme = theme === 'dark' || theme === 'light' ? theme : ''
  }

  #unload(why: string): void {
    clearTimeout(this.#silence)
    this.#silence = undefined
    this.#ready = false
    this.#frame?.remove()
    this.#frame = undefined
    this.#calls.end('left', why)
  }

  #begin(): void {
    const { attributes } = this
    this.#post({
      type: 'begin',
      invitation: {
        token: attributes.getNamedItem('token')?.value,
        name: attributes.getNamedItem('name')?.value,
        join: this.hasAttribute('join'),
        microphone: this.hasAttribute('microphone'),
        camera: this.hasAttribute('camera'),
      },
    })
  }

  #ask(command: string, ...args: unknown[]): Promise<unknown> {
    if (!this.#ready) return Promise.reject(new ParlorRoomError('not_ready', 'the room is not loaded yet'))
    return this.#calls.ask((call) => this.#post({ type: 'call', call, command, args }))
  }

  // To nobody but the server's page: it may have a token in it.
  #post(message: object): void {
    this.#frame?.contentWindow?.postMessage({ parlor: VERSION, ...message }, this.#origin)
  }

  readonly #received = ({ source, origin, data }: MessageEvent): void => {
    if (source === null || source !== this.#frame?.contentWindow || origin !== this.#origin) return
    const message = fromRoom(data)
    if (message?.type === 'answer') this.#calls.answered(message)
    if (message?.type !== 'event') return
    if (message.event === 'ready') {
      clearTimeout(this.#silence)
      // It may have been loaded anew by itself: what was asked before is not answered any more.
      this.#calls.end('left', 'the room was loaded anew')
      this.#ready = true
      this.#begin()
    }
    this.#tell(message.event, message.detail)
  }

  #tell(event: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(event, { detail }))
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'parlor-room': ParlorRoom
  }
}
