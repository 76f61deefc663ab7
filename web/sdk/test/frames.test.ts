import { describe, expect, it } from 'vitest'
import { concat, decodeLength, encodeBytes, encodeLength, encodeText } from '../src/bytes'
import { WireError } from '../src/frame'
import { frameOf } from '../src/message'
import { Assembler, split } from '../src/pieces'
import { FrameReader } from '../src/reader'
import { random } from './world'

const read = (frame: unknown, limit?: number) => new FrameReader(() => limit).read(frame)
const u8 = (...bytes: number[]) => Uint8Array.from(bytes)
const entries = (...list: string[]) =>
  `{"t":"log","after":0,"position":${list.length},"entries":[${list.join(',')}]}`
const carrier = (o: number, rest: string) => `{"o":${o},"from":"p","type":"x","at":1,${rest}}`
const data = (frame: unknown) =>
  read(frame).flatMap((m) => (m.t === 'log' ? m.entries.map((e) => ('data' in e ? e.data : e)) : []))

describe('lengths', () => {
  it.each([
    [0, [0]],
    [127, [0x7f]],
    [128, [0x80, 1]],
    [300, [0xac, 2]],
    [1_114_112, [0x80, 0x80, 0x44]],
    [2 ** 32, [0x80, 0x80, 0x80, 0x80, 0x10]],
  ])('%i', (length, bytes) => {
    expect(encodeLength(length)).toEqual(bytes)
    expect(decodeLength(u8(9, ...bytes, 9), 1)).toEqual([length, 1 + bytes.length])
  })

  it.each([[[]], [[0x80]], [[0x80, 0]], [[0xff, 0xff, 0xff, 0xff, 0xff, 1]]])('refuses %j', (bytes) => {
    expect(() => decodeLength(u8(...bytes), 0)).toThrow(WireError)
  })
})

describe('an entry that leaves out', () => {
  const log = (...list: string[]) =>
    read(`{"t":"log","after":6,"position":20,"entries":[${list.join(',')}]}`).flatMap((m) =>
      m.t === 'log' ? m.entries : [],
    )
  const first = '{"o":8,"from":"p","type":"x","data":1,"at":100}'
  const message = { is: 'message', from: 'p', type: 'x', at: 100, direct: false }

  it('what it has in common with the message before it', () => {
    expect(
      log(
        first,
        '{"data":2}',
        '{"from":"q","data":3,"ms":5}',
        '{"o":11,"ok":3}',
        '{"type":"y","data":null,"ms":2,"direct":true}',
        '{"o":14,"data":5,"at":90}',
      ),
    ).toEqual([
      { ...message, o: 8, data: 1 },
      { ...message, o: 9, data: 2 },
      { ...message, o: 10, from: 'q', data: 3, at: 105 },
      { o: 11, is: 'ok', n: 3, from: '', ops: [] },
      { ...message, o: 12, from: 'q', type: 'y', data: null, at: 107, direct: true },
      { ...message, o: 14, from: 'q', type: 'y', data: 5, at: 90 },
    ])
  })

  it('nothing that no message before it has', () => {
    expect(log('{"from":"p","type":"x","data":1,"at":100}')[0]?.o).toBe(7)
    for (const bad of [
      '{"data":1}',
      '{"from":"p","data":1,"at":1}',
      '{"from":"p","type":"x","data":1,"ms":1}',
    ])
      expect(() => log(bad)).toThrow(WireError)
    expect(() => log(first, '{"from":"q","ops":[]}')).toThrow(WireError)
    expect(() => log('{"o":20,"ok":1}', '{"from":"p","type":"x","data":1,"at":1}')).toThrow(WireError)
  })
})

describe('a frame with bytes', () => {
  it('gives each object its own, in order', () => {
    const json = entries(
      carrier(1, '"bytes":3'),
      carrier(2, '"data":{"a":1}'),
      carrier(3, '"bytes":0'),
      carrier(4, '"bytes":1'),
    )
    const frame = encodeBytes([json], [u8(0, 255, 128), u8(), u8(7)])
    expect(data(frame)).toEqual([u8(0, 255, 128), { a: 1 }, u8(), u8(7)])
    expect(data(frame.buffer)).toHaveLength(4)
  })

  it('gives copies, which nobody else holds', () => {
    const frame = encodeBytes([entries(carrier(1, '"bytes":2'))], [u8(1, 2)])
    const [bytes] = data(frame) as [Uint8Array]
    frame.fill(9)
    expect(bytes).toEqual(u8(1, 2))
    expect(bytes.buffer.byteLength).toBe(2)
  })

  it('keeps the bytes of what it does not know apart', () => {
    const json = entries(carrier(1, '"event":"danced","bytes":2'), carrier(2, '"bytes":1'))
    expect(data(encodeBytes(['{"t":"news","bytes":1}', json], [u8(1), u8(2, 3), u8(4)]))[1]).toEqual(u8(4))
  })

  it('carries lossy messages and history', () => {
    const parts = [
      '{"t":"e","from":"p","type":"x","bytes":1}',
      '{"t":"history","id":1,"entries":[{"o":1,"from":"p","name":"P","type":"x","bytes":2,"at":1}],"more":false}',
    ]
    expect(read(encodeBytes(parts, [u8(1), u8(2, 3)]))).toMatchObject([
      { t: 'e', key: '', data: u8(1) },
      { t: 'history', entries: [{ data: u8(2, 3) }] },
    ])
  })

  it.each([
    ['nothing', u8()],
    ['no length', u8(1)],
    ['a length without end', u8(1, 0x80)],
    ['less JSON than it says', u8(1, 5, 0x7b, 0x7d)],
    ['an unknown kind', u8(3, 2, 0x7b, 0x7d)],
    ['JSON that is not UTF-8', u8(1, 3, 0x22, 0xff, 0x22)],
    ['a byte order mark', concat([u8(1, 5, 0xef, 0xbb, 0xbf), encodeText('[]')])],
    ['bytes left over', encodeBytes(['{"t":"pong","id":1}'], [u8(1)])],
    ['bytes that are not there', encodeBytes([entries(carrier(1, '"bytes":2'))], [u8(1)])],
    ['more bytes than can be', encodeBytes([entries(carrier(1, '"bytes":9007199254740991'))], [])],
    ['a length that is none', encodeBytes([entries(carrier(1, '"bytes":-1'))], [])],
    ['bytes and data', encodeBytes([entries(carrier(1, '"bytes":1,"data":1'))], [u8(1)])],
    ['bytes in text', entries(carrier(1, '"bytes":1'))],
    ['neither text nor bytes', { t: 'pong', id: 1 }],
  ])('with %s is refused', (_, frame) => {
    expect(() => read(frame)).toThrow(WireError)
  })
})

describe('pieces', () => {
  const text = entries(carrier(1, `"data":${JSON.stringify('aé€🎨\u2028'.repeat(3000))}`))
  const raw = Uint8Array.from({ length: 50_000 }, (_, i) => i * 7)
  const bytes = encodeBytes([entries(carrier(1, '"bytes":50000'))], [raw])

  it.each([3, 4, 17, 1000, 16_000, 1 << 20])(
    'of %i bytes make the frame again, letters cut in two or not',
    (size) => {
      for (const frame of [text, bytes]) {
        const reader = new FrameReader()
        const got = [...split(frame, Math.max(size, 8))].map((piece) => {
          expect(piece.length).toBeLessThanOrEqual(Math.max(size, 8))
          return reader.read(piece)
        })
        expect(got.at(-1)).toEqual(read(frame))
        expect(got.slice(0, -1).every((messages) => messages.length === 0)).toBe(true)
      }
    },
  )

  it('let other frames pass between them', () => {
    const reader = new FrameReader()
    const [first, ...rest] = split(bytes, 16_000)
    expect(reader.read(first)).toEqual([])
    expect(reader.read('{"t":"pong","id":1}')).toEqual([{ t: 'pong', id: 1 }])
    expect(reader.read(encodeBytes(['{"t":"e","from":"p","type":"x","bytes":1}'], [u8(1)]))).toHaveLength(1)
    expect(rest.map((piece) => reader.read(piece)).at(-1)).toHaveLength(1)
  })

  it('end with their link', () => {
    const [first, ...rest] = split(bytes, 16_000)
    new FrameReader().read(first)
    expect(() => new FrameReader().read(rest[0])).toThrow(WireError)
  })

  it('may be as many as the limit allows, and no more', () => {
    const frame = `"${'x'.repeat(998)}"`
    const take = (limit: number) => {
      const assembler = new Assembler()
      return [...split(frame, 100)].map((piece) => assembler.add(piece, limit)).at(-1)
    }
    expect(take(1000)?.frame).toHaveLength(1000)
    expect(() => take(999)).toThrow(WireError)
  })

  it.each([
    ['without a head', [[2]]],
    ['with unknown flags', [[2, 8, 1]]],
    ['without a length', [[2, 1]]],
    ['of a frame larger than allowed', [[2, 1, 0x80, 0x80, 0x80, 0x80, 0x10, 1]]],
    ['that begin in the middle', [[2, 0, 1]]],
    ['that end what never began', [[2, 2, 1]]],
    ['that begin twice', [[2, 1, 3, 1], [2, 1, 3, 1]]], // prettier-ignore
    ['that say late what they are', [[2, 1, 3, 1], [2, 6, 1, 1]]], // prettier-ignore
    ['of nothing', [[2, 3, 0]]],
    ['that are empty', [[2, 1, 3, 1], [2, 0]]], // prettier-ignore
    ['that are too many', [[2, 1, 3, 1], [2, 2, 1, 1, 1]]], // prettier-ignore
    ['that are too few', [[2, 3, 3, 1]]],
    ['without a last one', [[2, 1, 1, 1]]],
    ['that are not UTF-8', [[2, 3, 1, 0xff]]],
    ['in pieces', [[2, 7, 4, 2, 3, 1, 0x31]]],
    ['of an unknown kind', [[2, 7, 1, 9]]],
  ])('%s are refused', (_, frames) => {
    const reader = new FrameReader(() => 1000)
    const pieces = frames.map((piece) => Uint8Array.from(piece))
    for (const piece of pieces.slice(0, -1)) expect(reader.read(piece)).toEqual([])
    expect(() => reader.read(pieces.at(-1))).toThrow(WireError)
  })

  it('throw nothing but WireError, whatever comes', () => {
    const chance = random(11)
    const seeds = [bytes.subarray(0, 200), ...split(text, 9000), ...split(bytes, 20_000)]
    let reader = new FrameReader()
    for (let i = 0; i < 3000; i++) {
      const frame = Uint8Array.from(seeds[Math.floor(chance() * seeds.length)] ?? [])
      for (let n = Math.floor(chance() * 4); n > 0; n--)
        frame[Math.floor(chance() * Math.min(frame.length, 40))] = Math.floor(chance() * 256)
      try {
        reader.read(frame.subarray(0, Math.floor(chance() * frame.length * 1.2)))
      } catch (err) {
        expect(err).toBeInstanceOf(WireError)
        reader = new FrameReader()
      }
    }
  })
})

it('is text as long as nothing in it has bytes', () => {
  const ping = { json: '{"t":"ping","id":1}', raw: undefined }
  expect(frameOf([ping])).toBe('{"t":"ping","id":1}')
  expect(frameOf([ping, ping])).toBe('[{"t":"ping","id":1},{"t":"ping","id":1}]')
  expect(frameOf([ping, { json: '{"bytes":2}', raw: u8(1, 2) }])).toEqual(
    u8(1, 33, ...encodeText('[{"t":"ping","id":1},{"bytes":2}]'), 1, 2),
  )
})
