import { WireError } from './frame'

/** Reads server-sent events out of text that comes in any portions. Each is one frame; those named `b` are binary. */
export class EventParser {
  #rest = ''
  #afterReturn = false
  #name = ''
  #data: string[] = []

  /** The frames that are whole now. */
  feed(text: string): (string | Uint8Array)[] {
    if (text === '') return []
    if (this.#afterReturn && text.startsWith('\n')) text = text.slice(1)
    this.#afterReturn = text.endsWith('\r')
    const lines = text.split(/\r\n|\n|\r/)
    lines[0] = this.#rest + (lines[0] ?? '')
    this.#rest = lines.pop() ?? ''
    const frames: (string | Uint8Array)[] = []
    for (const line of lines) {
      if (line !== '') this.#field(line)
      else {
        if (this.#data.length > 0) frames.push(frame(this.#name, this.#data.join('\n')))
        this.#name = ''
        this.#data = []
      }
    }
    return frames
  }

  #field(line: string): void {
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    if (field === 'data') this.#data.push(value)
    else if (field === 'event') this.#name = value
  }
}

function frame(name: string, data: string): string | Uint8Array {
  if (name !== 'b') return data
  try {
    return Uint8Array.from(atob(data), (c) => c.charCodeAt(0))
  } catch {
    throw new WireError('a binary event is not base64')
  }
}
