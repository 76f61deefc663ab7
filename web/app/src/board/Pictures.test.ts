// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { drawn } from './drawn.fixture'
import type { Element } from './element'
import { type Picture, Pictures } from './Pictures'

const id = (letter: string) => letter.repeat(26)
const image = (letter: string, more = {}): Element =>
  ({ ...drawn({ id: letter }), type: 'image', fileId: id(letter), ...more }) as unknown as Element

// A room whose files answer when they are told to.
const stand = (here: string[] = []) => {
  const asked: string[] = []
  const shown: Picture[] = []
  const answers = new Map<string, (r: Response) => void>()
  const pictures = new Pictures({
    url: (file) => `/v1/files/${file}`,
    has: (file) => here.includes(file),
    show: (some) => void shown.push(...some),
    get: (url) => {
      asked.push(url.slice(10, 11))
      return new Promise((resolve) => answers.set(url.slice(10, 11), resolve))
    },
  })
  const answer = (letter: string, status: number, type = 'image/png', body = 'x') =>
    answers.get(letter)?.(new Response(body, { status, headers: { 'content-type': type } }))
  return { pictures, asked, shown, answer }
}

describe('pictures on a board', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  it('are fetched once, and only those that are not here', async () => {
    const { pictures, asked, shown, answer } = stand([id('B')])
    const all = [image('A'), image('B'), image('C', { isDeleted: true }), drawn(), image('A')]
    pictures.look(all)
    pictures.look(all)
    expect(asked).toEqual(['A'])
    answer('A', 200)
    await vi.waitFor(() => expect(shown).toHaveLength(1))
    expect(shown[0]).toEqual({ id: id('A'), mimeType: 'image/png', dataURL: 'data:image/png;base64,eA==' })
    pictures.look(all)
    expect(asked).toEqual(['A'])
  })

  it('come a few at a time', async () => {
    const { pictures, asked, answer } = stand()
    pictures.look([...'ABCDEF'].map((letter) => image(letter)))
    expect(asked).toEqual(['A', 'B', 'C', 'D'])
    answer('C', 404)
    await vi.waitFor(() => expect(asked).toEqual(['A', 'B', 'C', 'D', 'E']))
  })

  it('are nothing else than pictures of the room', async () => {
    const { pictures, asked, shown, answer } = stand()
    for (const fileId of ['../../x', 'https://evil.example/x.png', `${id('A')}?x`, '', null])
      pictures.look([image('A', { fileId })])
    expect(asked).toEqual([])
    pictures.look([image('A'), image('B')])
    answer('A', 200, 'image/svg+xml', '<svg onload="evil()"/>')
    answer('B', 200, 'text/html')
    await vi.runAllTimersAsync()
    expect(shown).toEqual([])
    expect(asked).toEqual(['A', 'B'])
  })

  it('are tried again if the line was away, and not for ever', async () => {
    const { pictures, asked, shown, answer } = stand()
    pictures.look([image('A')])
    for (let n = 1; n <= 4; n++) {
      answer('A', 503)
      await vi.advanceTimersByTimeAsync(30_000)
      expect(asked).toHaveLength(n + 1)
    }
    answer('A', 503)
    await vi.advanceTimersByTimeAsync(300_000)
    expect(asked).toHaveLength(5)
    expect(shown).toEqual([])
  })

  it('do not come any more when the board is closed', async () => {
    const { pictures, asked, shown, answer } = stand()
    pictures.look([image('A')])
    pictures.close()
    answer('A', 200)
    await vi.runAllTimersAsync()
    expect([asked, shown]).toEqual([['A'], []])
  })
})
