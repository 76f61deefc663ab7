import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { probe } from '../src/http'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const event = 'data: {"t":"beat"}\n\n'

/** A response that says these things at these times, and ends with the last of them. */
function says(...said: [ms: number, text: string][]): Response {
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      for (const [ms, text] of said) {
        await new Promise((resolve) => setTimeout(resolve, ms))
        controller.enqueue(new TextEncoder().encode(text))
      }
      controller.close()
    },
  })
  return new Response(body)
}

it.each([
  ['a free line', 'streams', () => says([0, event], [1_000, event])],
  ['a slow one', 'streams', () => says([300, event], [1_000, event])],
  ['a proxy that waits for the end', 'buffers', () => says([1_000, event + event])],
  ['one that waits and goes on in portions', 'buffers', () => says([1_000, event], [10, event])],
  ['a server that goes', 'dead', () => says([0, event])],
  ['somebody else who answers', 'dead', () => says([0, '<h1>Log in</h1>'])],
  ['a server that takes nobody', 'dead', () => new Response('', { status: 503 })],
  ['no network', 'dead', () => Promise.reject(new TypeError('no network'))],
])('tells %s: %s', async (_what, verdict, answer) => {
  const fetch = () => Promise.resolve(answer())
  const probed = probe({ url: 'http://test/v1/sessions', fetch }, new AbortController().signal)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(await probed).toBe(verdict)
})
