import { describe, expect, test } from 'vitest'
import { drawn } from './drawn.fixture'
import { type Element, isIndex } from './element'
import { merge } from './merge'
import { type Stamp, stampOf } from './stamp'

const knowing = (...elements: Element[]) => new Map<string, Stamp>(elements.map((e) => [e.id, stampOf(e)]))
const nobody: ReadonlySet<string> = new Set()
const own = drawn({ version: 4 })
const other = (members: Parameters<typeof drawn>[0]) => drawn({ ...own, ...members })

describe('what the room has', () => {
  test('is taken, in the order of elements', () => {
    const first = drawn({ index: 'Zz' })
    const { elements, taken } = merge(
      { scene: [own], known: knowing(own), editing: nobody },
      new Map([[first.id, first]]),
    )
    expect(elements).toEqual([first, own])
    expect(taken.get(first.id)).toEqual(stampOf(first))
  })

  test('counts, even if it is older, when nothing is to be sent', () => {
    const older = other({ version: 3, x: 0 })
    const { elements } = merge(
      { scene: [own], known: knowing(own), editing: nobody },
      new Map([[own.id, older]]),
    )
    expect(elements).toEqual([older])
  })

  test('does not count while something newer is to be sent', () => {
    const { elements, taken } = merge(
      { scene: [own], known: knowing(other({ version: 2 })), editing: nobody },
      new Map([[own.id, other({ version: 3 })]]),
    )
    expect(elements).toEqual([own])
    expect(taken.size).toBe(0)
  })

  test('counts if it is newer than what is to be sent, or as new with the lower nonce', () => {
    const known = knowing(other({ version: 2 }))
    for (const newer of [other({ version: 5 }), other({ version: 4, versionNonce: 6 })])
      expect(merge({ scene: [own], known, editing: nobody }, new Map([[own.id, newer]])).elements).toEqual([
        newer,
      ])
  })

  test('waits while a hand is on it, unless it was deleted', () => {
    const local = { scene: [own], known: knowing(own), editing: new Set([own.id]) }
    const waits = merge(local, new Map([[own.id, other({ version: 9 })]]))
    expect(waits.elements).toEqual([own])
    expect([...waits.waiting]).toEqual([own.id])
    const gone = merge(local, new Map([[own.id, undefined]]))
    expect(gone.elements[0]).toMatchObject({ isDeleted: true, version: 5 })
    expect(gone.taken.get(own.id)?.version).toBe(5)
  })

  test('leaves in peace what did not change', () => {
    const rest = drawn({ index: 'a1' })
    const { elements } = merge(
      { scene: [own, rest], known: knowing(own, rest), editing: nobody },
      new Map([[own.id, other({})]]),
    )
    expect(elements[0]).toBe(own)
    expect(elements[1]).toBe(rest)
  })
})

describe('what was put in one place at the same time', () => {
  const [a, b, c] = [drawn({ id: 'a' }), drawn({ id: 'b' }), drawn({ id: 'c' })]
  const behind = drawn({ id: 'z', index: 'a1' })
  const of = (scene: Element[], other: Element) =>
    merge({ scene, known: knowing(...scene), editing: nobody }, new Map([[other.id, other]])).elements.map(
      (e) => [e.id, e.index, e.version],
    )

  test('comes to lie apart, at everybody alike, as no other version', () => {
    const here = of([a, c, behind], b)
    const there = of([b, a, behind], c)
    expect(here).toEqual(there)
    expect(new Set(here.map(([, index]) => index)).size).toBe(4)
    expect(here[0]).toEqual(['a', 'a0', 1])
    expect(here.at(-1)).toEqual(['z', 'a1', 1])
    for (const [, index, version] of here) {
      expect(isIndex(index)).toBe(true)
      expect(version).toBe(1)
    }
  })

  test('stays as it is under a hand', () => {
    const local = { scene: [a, b], known: knowing(a, b), editing: new Set(['b']) }
    expect(merge(local, new Map([[behind.id, behind]])).elements.find((e) => e.id === 'b')).toBe(b)
  })
})
