import { expect, test } from 'vitest'
import { drawn } from './drawn.fixture'
import { decode } from './element'
import { grow, type Seen, sketchOf } from './sketch'

const points = (n: number) => Array.from({ length: n }, (_, i) => [i, i * 2.04])
const stroke = (n: number) => drawn({ id: 's', type: 'freedraw', points: points(n) })

test('a stroke goes in pieces that fit into a lossy message, and two of three of them may get lost', () => {
  let seen: Seen | undefined
  for (let n = 10; n <= 400; n += 10) {
    const sketch = sketchOf(stroke(n))
    expect(JSON.stringify(sketch).length).toBeLessThan(850)
    if (sketch !== undefined && 's' in sketch && n % 30 === 10) seen = grow(seen, sketch.s)
  }
  expect(seen?.raw.points).toHaveLength(400)
  expect(seen?.raw.points.at(-1)).toEqual([399, 814])
  expect(decode('s', seen?.raw)).toBeDefined()
})

test('another stroke begins anew, and nonsense is no stroke', () => {
  const first = grow(undefined, { id: 'a', x: 0, y: 0, c: '#000', w: 1, o: 100, n: 0, p: [0, 0, 1, 1] })
  const second = grow(first, { id: 'b', x: 0, y: 0, c: '#000', w: 1, o: 100, n: 0, p: [5, 5] })
  expect(second?.raw.points).toEqual([[5, 5]])
  for (const bad of [null, 7, {}, { id: 'a', n: 0, p: ['x'] }, { id: 'a', n: 0, p: Array(999).fill(0) }])
    expect(grow(first, bad)).toBeUndefined()
})

test('a stroke that never ends does not grow for ever', () => {
  let seen: Seen | undefined
  for (let n = 0; n < 20_000; n += 36)
    seen = grow(seen, { id: 'a', x: 0, y: 0, c: '#000', w: 1, o: 100, n, p: Array(72).fill(1) })
  expect(seen?.raw.points).toHaveLength(4_000)
})

test('of everything else only what is small is sketched', () => {
  expect(sketchOf(drawn({}))).toBeDefined()
  expect(sketchOf(drawn({ type: 'text', text: 'x'.repeat(900) }))).toBeUndefined()
  expect(sketchOf(drawn({ isDeleted: true }))).toBeUndefined()
  expect(sketchOf(undefined)).toBeUndefined()
})
