import { guarded } from './emitter'
import { ParlorError } from './errors'
import { Fields, WireError } from './fields'
import type { Joined } from './wire'

export interface UploadOptions {
  /** What it is called; default: as the File is. The server makes it one that can be shown and saved anywhere. */
  name?: string
  /** What it is; default: as the Blob says. Pictures the server knows by their first bytes. */
  type?: string
  /** Gives it up. */
  signal?: AbortSignal
  /** How many bytes have gone, of how many. */
  onProgress?: (sent: number, total: number) => void
}

/** A file that is in the room now. */
export interface UploadedFile {
  /** Says which it is, in messages and in the state. Whoever knows it can have the file. */
  id: string
  /** Where it is: for <img>, and for links to save it. */
  url: string
  name: string
  /** PNG, JPEG, GIF and WebP are shown by browsers; all else is only to be saved. */
  type: string
  size: number
}

/** How long a line may do nothing at all. */
const silentMs = 30_000

/** Puts files into the room, by HTTP. */
export class Files {
  readonly #sessions: string
  readonly #pending = new Set<(err: ParlorError) => void>()
  #place: { sid: string; key: string; largest: number } | undefined

  /** @param sessions where sessions are had over HTTP. */
  constructor(sessions: string) {
    this.#sessions = sessions
  }

  /** From now on we are in this session. */
  joined({ sid, fileKey, limits }: Joined): void {
    this.#place = { sid, key: fileKey, largest: limits.fileBytes }
  }

  /** Where a file is. What is no id gives an address at which nothing is. */
  url(id: string): string {
    return `${this.#sessions.replace(/sessions$/, 'files')}/${id.replace(/[^\w-]/g, '_')}`
  }

  async upload(blob: Blob, options: UploadOptions): Promise<UploadedFile> {
    const place = this.#place
    if (!place) throw new ParlorError('left', 'the room was left')
    if (place.key === '' || place.largest === 0) throw new ParlorError('not_allowed', 'no files are taken')
    if (blob.size > place.largest)
      throw new ParlorError('too_large', `at most ${place.largest} bytes are taken`)
    const name = options.name ?? (blob as Partial<File>).name ?? ''
    const url = `${this.#sessions}/${encodeURIComponent(place.sid)}/files?${new URLSearchParams({ name }).toString()}`
    const request = new XMLHttpRequest()
    request.open('POST', url)
    request.setRequestHeader('authorization', `Bearer ${place.key}`)
    request.setRequestHeader('content-type', options.type || blob.type || 'application/octet-stream')
    await this.#send(request, blob, options)
    return this.#uploaded(request)
  }

  /** The room was left: nothing more is sent. */
  end(err: ParlorError): void {
    this.#place = undefined
    for (const fail of [...this.#pending]) fail(err)
  }

  // fetch does not say how far it is.
  #send(request: XMLHttpRequest, blob: Blob, { signal, onProgress }: UploadOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined
      const settle = (err?: ParlorError) => {
        clearTimeout(timer)
        this.#pending.delete(settle)
        signal?.removeEventListener('abort', abort)
        request.onload = request.onerror = request.upload.onprogress = null
        if (!err) return resolve()
        request.abort()
        reject(err)
      }
      const abort = () => settle(new ParlorError('aborted', 'the upload was given up'))
      const wait = () => {
        clearTimeout(timer)
        timer = setTimeout(
          () => settle(new ParlorError('timeout', 'the file does not get through')),
          silentMs,
        )
      }
      request.upload.onprogress = ({ loaded, total }) => {
        wait()
        if (onProgress) guarded(() => onProgress(Math.min(loaded, total), total))
      }
      request.onload = () => settle()
      request.onerror = () => settle(new ParlorError('unreachable', 'the server cannot be reached'))
      this.#pending.add(settle)
      signal?.addEventListener('abort', abort)
      if (signal?.aborted) return abort()
      wait()
      request.send(blob)
    })
  }

  #uploaded(request: XMLHttpRequest): UploadedFile {
    try {
      const f = new Fields(JSON.parse(request.responseText), 'the answer')
      if (request.status !== 201) {
        const seconds = Number(request.getResponseHeader('retry-after') ?? NaN)
        throw new ParlorError(f.string('code'), f.text('detail'), seconds > 0 ? seconds * 1000 : undefined)
      }
      const id = f.id('id')
      return { id, url: this.url(id), name: f.string('name'), type: f.string('type'), size: f.count('size') }
    } catch (err) {
      // A proxy with its own words, perhaps.
      if (err instanceof SyntaxError || err instanceof WireError)
        throw new ParlorError('unreachable', `the answer was ${request.status}, not one of this server`)
      throw err
    }
  }
}
