// Pictures on a board: files of the room, and an element names which. It knows nothing of Excalidraw but what a file is.

import type { Element } from './element'

// A file as Excalidraw has it.
export interface Picture {
  id: string
  // data:image/png;base64,…
  dataURL: string
  mimeType: string
}

interface Options {
  // Where a file of the room is.
  url: (id: string) => string
  has: (id: string) => boolean
  show: (pictures: Picture[]) => void
  get?: (url: string, init: { signal: AbortSignal }) => Promise<Response>
}

// Those that browsers show, and in which nothing can run.
export const PICTURES: readonly string[] = ['image/png', 'image/jpeg', 'image/gif', 'image/webp']

const AT_A_TIME = 4
const AGAIN_MS = 5_000
const TRIES = 5

const isFileId = (id: unknown): id is string => typeof id === 'string' && /^[A-Z2-7]{26}$/u.test(id)

export class Pictures {
  private readonly options: Options
  private readonly get: NonNullable<Options['get']>
  private readonly end = new AbortController()
  private readonly waiting = new Set<string>()
  // How often each was asked for. What is not there is not asked for again.
  private readonly tries = new Map<string, number>()
  private underWay = 0

  constructor(options: Options) {
    this.options = options
    this.get = options.get ?? ((url, init) => fetch(url, init))
  }

  // Fetches what is on the board and not here.
  look(elements: readonly Element[]): void {
    for (const element of elements) {
      if (element.type !== 'image' || element.isDeleted) continue
      const id = element.fileId
      if (!isFileId(id) || this.tries.has(id) || this.options.has(id)) continue
      this.tries.set(id, 0)
      this.waiting.add(id)
    }
    this.more()
  }

  close(): void {
    this.end.abort()
    this.waiting.clear()
  }

  private more(): void {
    for (const id of this.waiting) {
      if (this.underWay >= AT_A_TIME) return
      this.waiting.delete(id)
      this.underWay++
      void this.fetch(id).finally(() => {
        this.underWay--
        this.more()
      })
    }
  }

  private async fetch(id: string): Promise<void> {
    const tries = (this.tries.get(id) ?? 0) + 1
    this.tries.set(id, tries)
    try {
      const response = await this.get(this.options.url(id), { signal: this.end.signal })
      // It is not there, or it is no picture: so it stays a frame.
      const mimeType = response.headers.get('content-type') ?? ''
      if (response.status === 404 || (response.ok && !PICTURES.includes(mimeType))) return
      if (!response.ok) throw new Error(`status ${response.status}`)
      const dataURL = await dataURLOf(await response.arrayBuffer(), mimeType)
      if (!this.end.signal.aborted) this.options.show([{ id, dataURL, mimeType }])
    } catch {
      if (tries < TRIES && !this.end.signal.aborted) setTimeout(() => this.again(id), AGAIN_MS * tries)
    }
  }

  private again(id: string): void {
    if (this.end.signal.aborted) return
    this.waiting.add(id)
    this.more()
  }
}

const dataURLOf = async (bytes: ArrayBuffer, mimeType: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result))
    reader.onerror = () => reject(reader.error ?? new Error('not readable'))
    reader.readAsDataURL(new Blob([bytes], { type: mimeType }))
  })
