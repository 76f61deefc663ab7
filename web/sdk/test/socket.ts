/** A WebSocket whose server is the test. */
export class FakeSocket {
  static all: FakeSocket[] = []
  readyState = 0
  bufferedAmount = 0
  onopen: (() => void) | null = null
  onmessage: ((e: { data: unknown }) => void) | null = null
  onclose: ((e: { code: number; reason: string }) => void) | null = null
  onerror: (() => void) | null = null
  readonly url: string
  readonly sent: Record<string, unknown>[] = []

  constructor(url: string) {
    this.url = url
    FakeSocket.all.push(this)
  }

  static get last(): FakeSocket {
    const last = FakeSocket.all.at(-1)
    if (!last) throw new Error('no socket was opened')
    return last
  }

  send(text: string): void {
    const value = JSON.parse(text) as Record<string, unknown> | Record<string, unknown>[]
    this.sent.push(...(Array.isArray(value) ? value : [value]))
  }

  close(): void {
    this.readyState = 3
  }

  /** Not sent yet: undefined. */
  frame(t: string): Record<string, unknown> | undefined {
    return this.sent.filter((m) => m.t === t).at(-1)
  }

  open(): void {
    this.readyState = 1
    this.onopen?.()
  }

  say(...messages: unknown[]): void {
    this.onmessage?.({ data: JSON.stringify(messages.length === 1 ? messages[0] : messages) })
  }

  raw(data: unknown): void {
    this.onmessage?.({ data })
  }

  break(code = 1006, reason = ''): void {
    this.readyState = 3
    this.onclose?.({ code, reason })
  }
}
