import { describe, expect, it } from 'vitest'
import {
  type Area,
  type Rect,
  best,
  capacity,
  duet,
  grid,
  isDuet,
  mostTiles,
  pagesOf,
  seats,
  spotlight,
} from './layout'

const areas: Record<string, Area> = {
  desktop: { width: 1408, height: 760 },
  withPanel: { width: 1040, height: 760 },
  wide: { width: 2528, height: 1200 },
  phone: { width: 374, height: 640 },
  phoneLying: { width: 780, height: 260 },
  tiny: { width: 200, height: 120 },
}

const inside = (r: Rect, a: Area) =>
  r.x >= 0 && r.y >= 0 && r.x + r.width <= a.width + 1 && r.y + r.height <= a.height + 1
const apart = (a: Rect, b: Rect) =>
  a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y

it('has 25 on a page, and 49 where the screen is a wall', () => {
  expect(mostTiles({ width: 1408, height: 760 })).toBe(25)
  expect(mostTiles({ width: 2528, height: 1000 })).toBe(25)
  expect(mostTiles({ width: 3808, height: 2060 })).toBe(49)
  expect(capacity({ width: 2528, height: 1200 })).toBeGreaterThan(49)
})

describe('grid', () => {
  for (const [name, area] of Object.entries(areas)) {
    it(`keeps 1 to 49 tiles inside and apart: ${name}`, () => {
      for (let count = 1; count <= 49; count++) {
        const rects = grid(area, count)
        expect(rects).toHaveLength(count)
        rects.forEach((r, i) => {
          expect(inside(r, area), `${count}: ${JSON.stringify(r)}`).toBe(true)
          for (const other of rects.slice(i + 1)) expect(apart(r, other)).toBe(true)
        })
      }
    })
  }

  it.each([
    ['desktop', 1, 1],
    ['desktop', 2, 2],
    ['desktop', 3, 2],
    ['desktop', 4, 2],
    ['desktop', 5, 3],
    ['desktop', 9, 3],
    ['desktop', 16, 4],
    ['phone', 1, 1],
    ['phone', 3, 1],
    ['phone', 4, 2],
    ['phone', 9, 2],
    ['phoneLying', 3, 3],
  ])('%s with %i tiles has %i columns', (name, count, columns) => {
    expect(best(areas[name] as Area, count).columns).toBe(columns)
  })

  it('fills at least 60 % of common windows', () => {
    for (const name of ['desktop', 'withPanel', 'wide', 'phone']) {
      const area = areas[name] as Area
      for (let count = 1; count <= 16; count++) {
        const { tile } = best(area, count)
        const share = (tile.width * tile.height * count) / (area.width * area.height)
        expect(share, `${name} ${count}`).toBeGreaterThan(0.6)
      }
    }
  })

  it('puts a last row that is not full in the middle', () => {
    const area = areas.desktop as Area
    const [, , last] = grid(area, 3)
    expect((last as Rect).x + (last as Rect).width / 2).toBeCloseTo(area.width / 2, -1)
  })

  it('survives an area of nothing', () => {
    expect(grid({ width: 0, height: 0 }, 3)).toEqual([])
    expect(grid({ width: 100, height: 100 }, 0)).toEqual([])
  })
})

describe('duet', () => {
  it('is for two on a tall phone only', () => {
    expect(isDuet(areas.phone as Area, 2)).toBe(true)
    expect(isDuet(areas.phone as Area, 3)).toBe(false)
    expect(isDuet(areas.desktop as Area, 2)).toBe(false)
  })
  it('floats oneself inside the other', () => {
    const area = areas.phone as Area
    const [self, other] = duet(area)
    expect(other).toEqual({ x: 0, y: 0, ...area })
    expect(inside(self, area)).toBe(true)
  })
})

describe('spotlight', () => {
  for (const [name, area] of Object.entries(areas)) {
    it(`keeps main and strip inside and apart: ${name}`, () => {
      for (let count = 0; count <= 20; count++) {
        const { main, strip } = spotlight(area, count)
        if (name !== 'tiny') expect(inside(main, area)).toBe(true)
        expect(strip.length).toBeLessThanOrEqual(count)
        for (const r of strip) {
          expect(inside(r, area), `${count} ${JSON.stringify(r)}`).toBe(true)
          expect(apart(r, main)).toBe(true)
        }
        if (name === 'desktop')
          expect(main.width * main.height).toBeGreaterThan(area.width * area.height * 0.5)
        if (name === 'phone') expect(main.width).toBe(area.width)
      }
    })
  }
})

describe('capacity', () => {
  it('holds 16 on a phone and 25 on a desktop', () => {
    expect(capacity(areas.phone as Area)).toBeGreaterThanOrEqual(16)
    expect(capacity(areas.desktop as Area)).toBeGreaterThanOrEqual(25)
  })
})

describe('seats', () => {
  const all = ['me', 'a', 'b', 'c', 'd']
  it('shows all when all fit', () => {
    expect(seats(all, 5, [], new Set())).toEqual(all)
  })
  it('keeps who was shown', () => {
    expect(seats(all, 3, ['me', 'd', 'c'], new Set())).toEqual(['me', 'd', 'c'])
  })
  it('makes place for a speaker, never in place of oneself or another speaker', () => {
    expect(seats(all, 3, ['me', 'a', 'b'], new Set(['d', 'b']))).toEqual(['me', 'd', 'b'])
    expect(seats(all, 1, ['me'], new Set(['d']))).toEqual(['me'])
  })
  it('fills the place of one who left', () => {
    expect(seats(['me', 'b', 'c', 'd'], 3, ['me', 'a', 'b'], new Set())).toEqual(['me', 'b', 'c'])
  })
})

describe('pages', () => {
  const all = ['me', 'a', 'b', 'c', 'd', 'e', 'f']
  it('have everyone once, those who are seated first', () => {
    expect(pagesOf(all, 3, ['me', 'd', 'b'])).toEqual([['me', 'd', 'b'], ['a', 'c', 'e'], ['f']])
    expect(pagesOf(all, 7, all)).toEqual([all])
    expect(pagesOf(['me'], 0, ['me'])).toEqual([['me']])
  })
  it('end', () => expect(pagesOf(all, 0, []).flat()).toEqual(all))
})

describe('spotlight strip', () => {
  it('shows five people beside a screen on common windows', () => {
    for (const name of ['desktop', 'withPanel', 'wide', 'phone'])
      expect(spotlight(areas[name] as Area, 5).strip, name).toHaveLength(5)
  })
})
