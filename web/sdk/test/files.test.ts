import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ParlorError } from '../src/errors'
import { Files } from '../src/files'
import type { Joined } from '../src/wire'
import { limits } from './world'

class FakeRequest {
  static all: FakeRequest[] = []
  readonly upload: { onprogress: ((event: { loaded: number; total: number }) => void) | null } = {
    onprogress: null,
  }
  readonly headers = new Map<string, string>()
  onload: (() => void) | null = null
  onerror: (() => void) | null = null
  url = ''
  sent: unknown
  aborted = false
  status = 0
  responseText = ''
  retryAfter: string | null = null

  constructor() {
    FakeRequest.all.push(this)
  }

  open(method: string, url: string) {
    this.url = `${method} ${url}`
  }

  setRequestHeader(name: string, value: string) {
    this.headers.set(name, value)
  }

  getResponseHeader(name: string) {
    return name === 'retry-after' ? this.retryAfter : null
  }

  send(body: unknown) {
    this.sent = body
  }

  abort() {
    this.aborted = true
  }

  answer(status: number, body: unknown) {
    this.status = status
    this.responseText = typeof body === 'string' ? body : JSON.stringify(body)
    this.onload?.()
  }
}

const id = '3T5V6JYQK2XN7RWA4MZB2PHDGC'
const answer = { id, name: 'holiday.jpg', type: 'image/jpeg', size: 3 }
const blob = new Blob(['abc'], { type: 'image/jpeg' })
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (err: ParlorError) => err.code,
  )

let files: Files

beforeEach(() => {
  vi.useFakeTimers()
  FakeRequest.all = []
  vi.stubGlobal('XMLHttpRequest', FakeRequest)
  files = new Files('https://x.test/sub/v1/sessions')
  files.joined({ sid: 's_1', fileKey: 'key', limits } as Joined)
})

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const last = () => FakeRequest.all.at(-1) as FakeRequest

describe('Files', () => {
  it('puts a file into the room and says where it is', async () => {
    const progress: number[] = []
    const done = files.upload(blob, {
      name: 'a b/\ud800',
      onProgress: (sent, total) => progress.push(sent, total),
    })
    expect(last().url).toBe('POST https://x.test/sub/v1/sessions/s_1/files?name=a+b%2F%EF%BF%BD')
    expect([...last().headers]).toEqual([
      ['authorization', 'Bearer key'],
      ['content-type', 'image/jpeg'],
    ])
    last().upload.onprogress?.({ loaded: 2, total: 3 })
    last().answer(201, answer)
    expect(await done).toEqual({ ...answer, url: `https://x.test/sub/v1/files/${id}` })
    expect(progress).toEqual([2, 3])
  })

  it('says why not, in the words of the server', async () => {
    const full = files.upload(blob, {})
    last().answer(507, { code: 'storage_full', detail: 'no' })
    expect(await codeOf(full)).toBe('storage_full')
    const often = files.upload(blob, {})
    last().retryAfter = '1'
    last().answer(429, { code: 'rate_limited', detail: 'no' })
    await expect(often).rejects.toMatchObject({ code: 'rate_limited', retryMs: 1000 })
    for (const [status, body] of [
      [413, '<html>nginx</html>'],
      [201, { ...answer, size: 'x' }],
      [201, 'null'],
    ] as const) {
      const odd = files.upload(blob, {})
      last().answer(status, body)
      expect(await codeOf(odd)).toBe('unreachable')
    }
  })

  it('does not send what would not be taken', async () => {
    expect(await codeOf(files.upload(new Blob(['x'.repeat(1001)]), {}))).toBe('too_large')
    files.joined({ sid: 's', fileKey: 'key', limits: { ...limits, fileBytes: 0 } } as Joined)
    expect(await codeOf(files.upload(blob, {}))).toBe('not_allowed')
    expect(FakeRequest.all).toHaveLength(0)
  })

  it('gives up when it is told to, when the line is dead and when the room is left', async () => {
    const given = new AbortController()
    const aborted = files.upload(blob, { signal: given.signal })
    given.abort()
    expect(await codeOf(aborted)).toBe('aborted')
    expect(last().aborted).toBe(true)
    expect(await codeOf(files.upload(blob, { signal: AbortSignal.abort() }))).toBe('aborted')
    expect(last().sent).toBeUndefined()

    const dead = codeOf(files.upload(blob, {}))
    await vi.advanceTimersByTimeAsync(20_000)
    last().upload.onprogress?.({ loaded: 1, total: 3 })
    await vi.advanceTimersByTimeAsync(29_000)
    expect(last().aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await dead).toBe('timeout')

    const broken = files.upload(blob, {})
    last().onerror?.()
    expect(await codeOf(broken)).toBe('unreachable')

    const left = codeOf(files.upload(blob, {}))
    files.end({ code: 'left' } as ParlorError)
    expect(await left).toBe('left')
    expect(await codeOf(files.upload(blob, {}))).toBe('left')
  })

  it('makes no address outside of files of what others call an id', () => {
    for (const odd of ['..', '../../v1/ws', 'a/b', '%2e%2e', 'a?b#c', '\\\\evil.test', 'javascript:x']) {
      const url = new URL(files.url(odd))
      expect([url.origin, url.search, url.hash, url.pathname.match(/^\/sub\/v1\/files\/[^/]+$/)?.length]).toEqual([
        'https://x.test', '', '', 1,
      ]) // prettier-ignore
    }
  })
})
