import page from '../../../docs/protocol.md?raw'
import { describe, expect, it } from 'vitest'
import { decodeFrame, encodeFrame, WireError } from '../src/frame'
import { random } from './world'

const examples = [...page.matchAll(/```json S→C\n(.*?)\n```/gs)].map((m) => m[1] ?? '')

describe('the examples of docs/protocol.md', () => {
  it('are there', () => expect(examples.length).toBeGreaterThan(10))
  it.each(examples.map((e) => [e]))('%s', (example) => {
    const [message, ...more] = decodeFrame(example)
    expect(more).toEqual([])
    expect(message).toMatchObject({ t: (JSON.parse(example) as { t: string }).t })
  })

  it('come through whole', () => {
    const find = (t: string) => decodeFrame(examples.find((e) => e.includes(`"t":"${t}"`)) ?? '')[0]
    expect(find('joined')).toMatchObject({
      you: { id: 'p_Zt4q', metadata: '' },
      participants: [{ id: 'p_Rk2m', tracks: [{ id: 't_Vd7s', source: 'camera' }] }],
      slots: [
        { mid: '2', kind: 'audio' },
        { mid: '3', track: 't_Vd7s' },
      ],
      state: 0,
      history: ['chat'],
      link: 'Jd93kQpv',
      limits: { mediaLines: 64, messageBytes: 1 << 20, frameBytes: 1_114_112, lossyBytes: 1000 },
    })
    expect(find('resumed')).toMatchObject({ link: 'pQ7zXc41' })
    expect(find('attached')).toEqual({ t: 'attached', gen: 2, n: 16, epoch: 'x5Gh' })
    expect(find('reset')).toMatchObject({ state: 2, since: true })
    expect(find('state')).toEqual({
      t: 'state',
      position: 12,
      at: 0,
      of: 2,
      cells: [
        { key: 'shapes/1', del: false, value: { x: 1 }, o: 7, by: '' },
        { key: 'own/hand/p_Rk2m', del: false, value: true, o: 9, by: 'p_Rk2m' },
      ],
    })
    expect(decodeFrame(examples.find((e) => e.includes('"ops"')) ?? '')[0]).toMatchObject({
      entries: [
        {
          is: 'ok',
          n: 18,
          from: 'p_Zt4q',
          ops: [
            { key: 'shapes/1', del: false, value: { x: 1 } },
            { key: 'shapes/2', del: true },
            { key: 'ver/1', del: false, value: [] },
          ],
        },
        { is: 'ops', from: '', ops: [{ key: 'ttl/typing/p_Zt4q', del: true }] },
      ],
    })
    expect(find('history')).toMatchObject({
      id: 5,
      more: false,
      entries: [{ o: 8871, name: 'Ben', data: 'hi' }],
    })
    expect(find('slots')).toMatchObject({ slots: [{}, { after: 123456 }] })
    expect(decodeFrame(examples.find((e) => e.includes('"after":9000')) ?? '')[0]).toMatchObject({
      after: 9000,
      entries: [
        { is: 'message', data: 'hi', direct: false },
        { is: 'ok', n: 17 },
        { is: 'refused', code: 'not_allowed' },
        { is: 'message', data: null, direct: true },
      ],
    })
  })
})

describe('decoding', () => {
  it('knows what is said of media', () => {
    expect(decodeFrame('{"t":"layers","mid":"1","rids":["q","h"]}')).toEqual([
      { t: 'layers', mid: '1', rids: ['q', 'h'] },
    ])
    expect(decodeFrame('{"t":"speakers","ids":["p_b","p_a"]}')).toEqual([
      { t: 'speakers', ids: ['p_b', 'p_a'] },
    ])
    expect(decodeFrame('[{"t":"speakers","ids":null},{"t":"quality"}]')).toEqual([
      { t: 'speakers', ids: [] },
      { t: 'quality', of: new Map() },
    ])
    expect(decodeFrame('{"t":"quality","of":{"p_a":"good","p_b":"splendid"}}')).toEqual([
      {
        t: 'quality',
        of: new Map([
          ['p_a', 'good'],
          ['p_b', 'unknown'],
        ]),
      },
    ])
    const slot = { mid: '3', kind: 'video', track: 't', participant: 'p', paused: true }
    expect(decodeFrame(JSON.stringify({ t: 'slots', rev: 1, slots: [slot] }))).toMatchObject([
      { slots: [slot] },
    ])
    const muted = { o: 1, event: 'muted', id: 'p', track: 't', muted: true, by: 'p_b' }
    expect(decodeFrame(JSON.stringify({ t: 'log', after: 0, position: 1, entries: [muted] }))).toMatchObject([
      { entries: [{ is: 'muted', by: 'p_b' }] },
    ])
  })

  it.each([
    '{"t":"layers","rids":[]}',
    '{"t":"speakers","ids":[1]}',
    '{"t":"quality","of":{"p":1}}',
    '{"t":"quality","of":[]}',
  ])('refuses %s', (frame) => expect(() => decodeFrame(frame)).toThrow(WireError))

  it('takes lists in order, and leaves out what it does not know', () => {
    const frame = '[{"t":"pong","id":1},{"t":"news","x":[]},{"t":"attached","gen":2,"n":0,"later":true}]'
    expect(decodeFrame(frame)).toEqual([
      { t: 'pong', id: 1 },
      { t: 'attached', gen: 2, n: 0 },
    ])
  })

  it('takes an event of a later version as an entry without a meaning', () => {
    const frame = '{"t":"log","after":4,"position":5,"entries":[{"o":5,"event":"danced","id":"p_1"}]}'
    expect(decodeFrame(frame)).toEqual([
      { t: 'log', after: 4, position: 5, entries: [{ o: 5, is: 'unknown' }] },
    ])
  })

  it('takes a key that was set to nothing for set, not for deleted', () => {
    const frame =
      '{"t":"log","after":0,"position":1,"entries":[{"o":1,"from":"p","ops":[{"k":"a","v":null}],"at":1}]}'
    expect(decodeFrame(frame)).toMatchObject([
      { entries: [{ ops: [{ key: 'a', del: false, value: null }] }] },
    ])
  })

  it('takes null for an empty list, as Go writes it', () => {
    expect(decodeFrame('{"t":"slots","rev":1,"slots":null}')).toEqual([{ t: 'slots', rev: 1, slots: [] }])
  })

  it('keeps keys of data that mean something to JavaScript as they are', () => {
    const frame =
      '{"t":"log","after":0,"position":1,"entries":[{"o":1,"from":"p","type":"x","at":1,"data":{"__proto__":{"a":1}}}]}'
    const [message] = decodeFrame(frame)
    expect(JSON.stringify(message)).toContain('{"__proto__":{"a":1}}')
    expect(({} as Record<string, unknown>).a).toBeUndefined()
  })

  it.each([
    '',
    'hello',
    '"t"',
    '17',
    'null',
    '[null]',
    '[[]]',
    '{}',
    '{"t":1}',
    '{"t":""}',
    '{"__proto__":{"t":"pong","id":1}}',
    '{"t":"pong"}',
    '{"t":"pong","id":-1}',
    '{"t":"pong","id":1.5}',
    '{"t":"pong","id":1e300}',
    '{"t":"pong","id":"1"}',
    '{"t":"attached","gen":1}',
    '{"t":"slots","rev":1,"slots":{}}',
    '{"t":"slots","rev":1,"slots":[{"mid":"1","kind":"smell"}]}',
    '{"t":"slots","rev":1,"slots":[{"kind":"audio"}]}',
    '{"t":"slots","rev":1,"slots":[{"mid":"1","kind":"video","track":7}]}',
    `{"t":"slots","rev":1,"slots":[{"mid":"${'1'.repeat(65)}","kind":"video"}]}`,
    '{"t":"log","after":1,"position":0,"entries":[]}',
    '{"t":"log","after":0,"position":2,"entries":[{"o":3,"ok":1}]}',
    '{"t":"log","after":0,"position":2,"entries":[{"o":0,"ok":1}]}',
    '{"t":"log","after":0,"position":2,"entries":[{"o":2,"ok":1},{"o":1,"ok":2}]}',
    '{"t":"log","after":0,"position":2,"entries":[{"o":1,"ok":1},{"o":1,"ok":2}]}',
    '{"t":"log","after":0,"position":1,"entries":[{"o":1}]}',
    '{"t":"log","after":0,"position":1,"entries":[{"o":1,"from":"p","type":"x"}]}',
    '{"t":"log","after":0,"position":1,"entries":[{"o":1,"event":"joined"}]}',
    '{"t":"log","after":0,"position":1,"entries":[{"o":1,"event":"muted","id":"p","track":"t","muted":"no"}]}',
    '{"t":"joined","room":"demo"}',
    '{"t":"state","position":1,"at":0,"of":1}[]',
    '{"t":"state","position":1,"at":0,"of":1,"cells":[{"k":"a","v":1}]}',
    '{"t":"state","position":1,"at":0,"of":1,"cells":[{"k":"","v":1,"o":1}]}',
    '{"t":"state","position":1,"at":-1,"of":1,"cells":[]}',
    '{"t":"log","after":0,"position":1,"entries":[{"o":1,"from":"p","ops":{},"at":1}]}',
    '{"t":"log","after":0,"position":1,"entries":[{"o":1,"from":"p","ops":[{"v":1}],"at":1}]}',
    '{"t":"log","after":0,"position":1,"entries":[{"o":1,"ok":1,"ops":[{"k":"a","del":"yes"}]}]}',
    '{"t":"e","type":"x","data":1}',
    '{"t":"e","from":"p","data":1}',
    '{"t":"e","from":"p","type":"x","bytes":1}',
    '{"t":"history","entries":[]}',
    '{"t":"history","id":1,"entries":[{"o":1}]}',
    '{"t":"resumed","rt":"x","peer":1,"here":true}',
    '{"t":"error","code":5}',
    `[${Array.from({ length: 257 }, () => '{"t":"pong","id":1}').join(',')}]`,
  ])('refuses %s', (frame) => {
    expect(() => decodeFrame(frame)).toThrow(WireError)
  })

  it('throws nothing but WireError, whatever comes', () => {
    const chance = random(7)
    const pieces = [...examples, '"', '{', '}', '[', ']', ':', ',', 'null', '1', '-', '\\', '"t"', '\u0000']
    const pick = () => pieces[Math.floor(chance() * pieces.length)] ?? ''
    for (let i = 0; i < 3000; i++) {
      const base = pick()
      const at = Math.floor(chance() * base.length)
      const frame = base.slice(0, at) + pick() + base.slice(at + Math.floor(chance() * 4))
      try {
        decodeFrame(frame)
      } catch (err) {
        expect(err).toBeInstanceOf(WireError)
      }
    }
  })
})

it('writes one object alone and several as a list', () => {
  expect(encodeFrame(['{"t":"ping","id":1}'])).toBe('{"t":"ping","id":1}')
  expect(encodeFrame(['1', '2'])).toBe('[1,2]')
})
