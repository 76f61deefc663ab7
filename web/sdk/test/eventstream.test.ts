import { describe, expect, it } from 'vitest'
import { EventParser } from '../src/eventstream'
import { WireError } from '../src/frame'
import { random } from './world'

const bytes = Uint8Array.from([0, 1, 250, 255])
const stream = [
  ': hello\n\n',
  'data: {"t":"pong","id":1}\n\n',
  'event: b\ndata: AAH6/w==\n\n',
  'data:one\ndata: two\ndata\n\n',
  'id: 7\nretry: 100\n\n',
  'data: é😀: x\n\n',
  'data:  spaced\n\n',
].join('')
const frames = ['{"t":"pong","id":1}', bytes, 'one\ntwo\n', 'é😀: x', ' spaced']

describe('events', () => {
  it.each(['\n', '\r\n', '\r'])('are frames, with any end of line: %j', (eol) => {
    expect(new EventParser().feed(stream.replaceAll('\n', eol))).toEqual(frames)
  })

  it.each(Array.from({ length: 50 }, (_, seed) => [seed]))('come in any portions (seed %i)', (seed) => {
    const chance = random(seed)
    const text = stream.replaceAll('\n', ['\n', '\r\n', '\r'][seed % 3] ?? '\n')
    const parser = new EventParser()
    const got: unknown[] = []
    for (let at = 0; at < text.length;) {
      const size = Math.floor(chance() * 6)
      got.push(...parser.feed(text.slice(at, at + size)))
      at += size
    }
    expect(got).toEqual(frames)
  })

  it('that are not whole are none', () => {
    const parser = new EventParser()
    expect(parser.feed('data: x\n')).toEqual([])
    expect(parser.feed('')).toEqual([])
    expect(parser.feed('\n')).toEqual(['x'])
  })

  it('that say to be binary and are not are no protocol', () => {
    expect(() => new EventParser().feed('event: b\ndata: ***\n\n')).toThrow(WireError)
  })
})
