import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { StateChange } from '/sdk/parlor.js'
import { BoardSync, type Canvas, type SharedState } from './BoardSync'
import { drawn } from './drawn.fixture'
import type { Element } from './element'
import { elementKey } from './keys'

// The room: takes changes by rule `version`, one after the other, and tells everyone.
class Hub {
  readonly cells = new Map<string, { value: unknown; version: number; nonce: number; o: number }>()
  readonly subscribers = new Set<(key: string) => void>()
  offset = 0

  apply(changes: readonly (StateChange & { base: number })[]): void {
    if (changes.some((c) => c.base > 0 && !('delete' in c) && this.cells.get(c.key)?.value === undefined))
      throw Object.assign(new Error('conflict'), { code: 'conflict' })
    this.offset++
    for (const change of changes) {
      const { key, version = 0, nonce = 0 } = change
      const was = this.cells.get(key)
      if (was && (was.version > version || (was.version === version && was.nonce <= nonce))) continue
      const value = 'delete' in change ? undefined : JSON.parse(JSON.stringify(change.value))
      this.cells.set(key, { value, version, nonce, o: this.offset })
    }
    for (const { key } of changes) for (const tell of [...this.subscribers]) tell(key)
  }

  // The state as one page has it. While it is offline, changes wait.
  state(): SharedState & { offline: boolean; resume: () => void; fail: string | undefined } {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the page has a this of its own
    const hub = this
    const waiting: (() => void)[] = []
    return {
      offline: false,
      fail: undefined,
      ready: Promise.resolve(),
      resume() {
        this.offline = false
        for (const send of waiting.splice(0)) send()
        for (const key of hub.cells.keys()) for (const tell of [...hub.subscribers]) tell(key)
      },
      get: (key) => hub.cells.get(key)?.value,
      offset: (key) => (hub.cells.get(key)?.value === undefined ? 0 : (hub.cells.get(key)?.o ?? 0)),
      entries: (prefix) =>
        [...hub.cells]
          .filter(([key, cell]) => key.startsWith(prefix) && cell.value !== undefined)
          .map(([key, { value }]) => [key, value]),
      subscribe(prefix, fn) {
        const tell = (key: string) => void (key.startsWith(prefix) && !this.offline && fn(key))
        hub.subscribers.add(tell)
        return () => void hub.subscribers.delete(tell)
      },
      patch(changes) {
        const based = changes.map((c) => ({ ...c, base: this.offset(c.key) }))
        return new Promise((resolve, reject) => {
          const send = () => {
            try {
              if (this.fail !== undefined) throw Object.assign(new Error(), { code: this.fail })
              hub.apply(based)
              resolve({ offset: hub.offset })
            } catch (error) {
              reject(error as Error)
            }
          }
          if (this.offline) waiting.push(send)
          else send()
        })
      },
    }
  }
}

class Paper implements Canvas {
  elements: Element[] = []
  held = new Set<string>()
  stroke: string | undefined

  scene = () => this.elements
  editing = () => this.held
  drawing = () => this.stroke
  show = (elements: readonly Element[]) => void (this.elements = [...elements])
  restore = (element: Element) => element

  put(element: Element): void {
    this.elements = [...this.elements.filter((e) => e.id !== element.id), element]
  }

  seen = () =>
    this.elements
      .filter((e) => !e.isDeleted)
      .map((e) => `${e.id}@${e.version} ${e.x}`)
      .sort()
}

const page = async (hub: Hub, mayWrite = true) => {
  const paper = new Paper()
  const state = hub.state()
  const refused = vi.fn()
  const sync = new BoardSync({ board: 'b', state, canvas: paper, mayWrite, others: () => 1, refused })
  await sync.begin()
  const draw = (element: Element) => {
    paper.put(element)
    sync.changed()
  }
  return { paper, state, sync, draw, refused }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const settle = () => vi.advanceTimersByTimeAsync(10_000)
const again = (element: Element, members: Parameters<typeof drawn>[0]): Element =>
  drawn({ ...element, version: element.version + 1, ...members })

describe('two pages and a room', () => {
  test('come to have the same, and so does one that comes later', async () => {
    const hub = new Hub()
    const [ada, ben] = [await page(hub), await page(hub)]
    for (let i = 0; i < 250; i++) ada.draw(drawn())
    for (let i = 0; i < 30; i++) ben.draw(drawn())
    await settle()
    const cy = await page(hub)
    expect(cy.paper.seen()).toHaveLength(280)
    expect(ben.paper.seen()).toEqual(ada.paper.seen())
    expect(cy.paper.seen()).toEqual(ada.paper.seen())
  })

  test('of two who change one thing at once the same wins at both', async () => {
    const hub = new Hub()
    const [ada, ben] = [await page(hub), await page(hub)]
    const thing = drawn()
    ada.draw(thing)
    await settle()
    ada.draw(again(thing, { x: 1, versionNonce: 5 }))
    ben.draw(again(thing, { x: 2, versionNonce: 4 }))
    await settle()
    expect(ada.paper.seen()).toEqual([`${thing.id}@2 2`])
    expect(ben.paper.seen()).toEqual(ada.paper.seen())
  })

  test('what was deleted stays deleted, whoever goes on with it offline, and the rest of that is kept', async () => {
    const hub = new Hub()
    const [ada, ben] = [await page(hub), await page(hub)]
    const [thing, kept] = [drawn(), drawn()]
    ada.draw(thing)
    ada.draw(kept)
    await settle()
    ben.state.offline = true
    ben.draw(again(thing, { x: 5, version: 9 }))
    ben.draw(again(kept, { x: 6 }))
    await settle()
    ada.draw(again(thing, { isDeleted: true }))
    await settle()
    ben.state.resume()
    await settle()
    expect(ada.paper.seen()).toEqual([`${kept.id}@2 6`])
    expect(ben.paper.seen()).toEqual(ada.paper.seen())
    // Undone: it is there again.
    ada.draw(again(thing, { version: 20 }))
    await settle()
    expect(ben.paper.seen()).toContain(`${thing.id}@20 10`)
  })

  test('what waits for a hand to be taken off is taken then', async () => {
    const hub = new Hub()
    const [ada, ben] = [await page(hub), await page(hub)]
    const thing = drawn()
    ada.draw(thing)
    await settle()
    ben.paper.held.add(thing.id)
    ada.draw(again(thing, { x: 3 }))
    await settle()
    expect(ben.paper.seen()).toEqual([`${thing.id}@1 10`])
    ben.paper.held.clear()
    await settle()
    expect(ben.paper.seen()).toEqual([`${thing.id}@2 3`])
  })

  test('a stroke that is being drawn goes only now and then, and whole when it is done', async () => {
    const hub = new Hub()
    const [ada, ben] = [await page(hub), await page(hub)]
    const stroke = drawn({ type: 'freedraw', points: [[0, 0]] })
    const patch = vi.spyOn(ada.state, 'patch')
    ada.paper.stroke = stroke.id
    let now = stroke
    for (let i = 1; i <= 100; i++) {
      now = again(now, { points: Array.from({ length: i }, (_, p) => [p, p]) })
      ada.draw(now)
      await vi.advanceTimersByTimeAsync(50)
    }
    expect(patch.mock.calls.length).toBeLessThanOrEqual(3)
    expect(patch.mock.calls.length).toBeGreaterThan(0)
    ada.paper.stroke = undefined
    ada.sync.changed()
    await settle()
    expect(ben.paper.seen()).toEqual(ada.paper.seen())
  })

  test('who may not write sends nothing, and what is refused is taken back and said', async () => {
    const hub = new Hub()
    const reader = await page(hub, false)
    const patch = vi.spyOn(reader.state, 'patch')
    reader.draw(drawn())
    await settle()
    expect(patch).not.toHaveBeenCalled()
    const ada = await page(hub)
    ada.state.fail = 'state_full'
    ada.draw(drawn())
    await settle()
    expect(ada.paper.seen()).toEqual([])
    expect(ada.refused).toHaveBeenCalledExactlyOnceWith('state_full')
  })

  test('what nobody knows the fate of is sent again after a reset, and what the server lost is put back', async () => {
    const hub = new Hub()
    const ada = await page(hub)
    const [old, fresh] = [drawn(), drawn()]
    ada.draw(old)
    await settle()
    ada.state.fail = 'unconfirmed'
    ada.sync.hold()
    ada.draw(fresh)
    await settle()
    ada.state.fail = undefined
    hub.cells.clear()
    ada.sync.again(true)
    await settle()
    expect([...hub.cells.keys()].sort()).toEqual([elementKey('b', old.id), elementKey('b', fresh.id)].sort())
    expect(ada.paper.seen()).toHaveLength(2)
  })

  test('what somebody deleted while one was away is gone after a reset', async () => {
    const hub = new Hub()
    const [ada, ben] = [await page(hub), await page(hub)]
    const [gone, mine] = [drawn(), drawn()]
    ada.draw(gone)
    await settle()
    ben.state.offline = true
    ben.sync.hold()
    ben.draw(mine)
    ada.draw(again(gone, { isDeleted: true }))
    await settle()
    ben.state.offline = false
    ben.sync.again(false)
    await settle()
    expect(ben.paper.seen()).toEqual([`${mine.id}@1 10`])
    expect(ada.paper.seen()).toEqual(ben.paper.seen())
  })

  test('what is drawn last is sent when the board is closed', async () => {
    const hub = new Hub()
    const ada = await page(hub)
    for (let i = 0; i < 150; i++) ada.draw(drawn())
    ada.sync.close()
    await settle()
    expect(hub.cells.size).toBe(150)
  })
})
