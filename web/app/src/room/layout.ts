// Where tiles go. Pure: it knows numbers only, no participants and no elements.

export interface Rect {
  x: number
  y: number
  width: number
  height: number
}

export interface Area {
  width: number
  height: number
}

export interface Aspect {
  min: number
  max: number
}

const WIDE = 16 / 9

export const gapOf = (area: Area): number => (area.width < 640 ? 8 : 12)

// A wide window shows tiles from 4:3 to 16:9; a tall one lets them stand upright, which fills a phone better.
export const aspectOf = (area: Area, count: number): Aspect => {
  if (area.width >= area.height) return { min: count <= 2 ? 4 / 3 : 3 / 2, max: WIDE }
  return { min: count === 1 ? 9 / 20 : 3 / 4, max: WIDE }
}

const fit = (width: number, height: number, aspect: Aspect): Area => {
  const own = width / height
  if (own > aspect.max) return { width: height * aspect.max, height }
  if (own < aspect.min) return { width, height: width / aspect.min }
  return { width, height }
}

// The number of columns that makes the tiles largest. A grid of rounded sizes, so that no tile lies between pixels.
export const best = (area: Area, count: number): { columns: number; rows: number; tile: Area } => {
  const gap = gapOf(area)
  const aspect = aspectOf(area, count)
  let found = { columns: 1, rows: count, tile: { width: 0, height: 0 } }
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns)
    const width = (area.width - gap * (columns - 1)) / columns
    const height = (area.height - gap * (rows - 1)) / rows
    if (width <= 0 || height <= 0) continue
    const tile = fit(width, height, aspect)
    if (tile.width * tile.height > found.tile.width * found.tile.height + 1) found = { columns, rows, tile }
  }
  found.tile = { width: Math.floor(found.tile.width), height: Math.floor(found.tile.height) }
  return found
}

// Tiles of one size in rows, the block in the middle, a last row that isn't full in the middle too.
export const grid = (area: Area, count: number): Rect[] => {
  if (count <= 0 || area.width <= 0 || area.height <= 0) return []
  const gap = gapOf(area)
  const { columns, rows, tile } = best(area, count)
  const top = Math.max(0, Math.round((area.height - rows * tile.height - (rows - 1) * gap) / 2))
  return Array.from({ length: count }, (_, i) => {
    const row = Math.floor(i / columns)
    const inRow = row === rows - 1 ? count - row * columns : columns
    const left = Math.max(0, Math.round((area.width - inRow * tile.width - (inRow - 1) * gap) / 2))
    return {
      x: left + (i % columns) * (tile.width + gap),
      y: top + row * (tile.height + gap),
      width: tile.width,
      height: tile.height,
    }
  })
}

// Two people on a phone: the other fills the screen and one's own picture floats in a corner. First the floating one.
export const isDuet = (area: Area, count: number): boolean =>
  count === 2 && area.width < 640 && area.height > area.width

export const duet = (area: Area): [self: Rect, other: Rect] => {
  const width = Math.round(Math.min(area.width * 0.3, 140))
  const height = Math.round((width * 4) / 3)
  const inset = 12
  return [
    { x: area.width - width - inset, y: inset, width, height },
    { x: 0, y: 0, width: area.width, height: area.height },
  ]
}

export interface Spotlight {
  main: Rect
  strip: Rect[]
}

// A shared screen takes what it can; people go beside it or below, whichever leaves the screen larger.
export const spotlight = (area: Area, count: number): Spotlight => {
  if (count === 0) return { main: { x: 0, y: 0, ...area }, strip: [] }
  if (area.width < 640 && area.height > area.width) return halves(area, count)
  const beside = column(area, count)
  const below = row(area, count)
  return screenIn(beside.main) >= screenIn(below.main) ? beside : below
}

// How large a usual screen gets in there.
const screenIn = ({ width, height }: Area): number => {
  const wide = Math.min(width, height * 1.6)
  return wide * wide
}

const column = (area: Area, count: number): Spotlight => {
  const gap = gapOf(area)
  const width = Math.round(Math.min(280, Math.max(132, area.width * 0.17)))
  // Lower tiles rather than hidden people, to a point.
  const height = Math.round(Math.max(64, Math.min(width / WIDE, (area.height - gap * (count - 1)) / count)))
  const shown = Math.min(count, Math.max(1, Math.floor((area.height + gap) / (height + gap))))
  const top = Math.max(0, Math.round((area.height - shown * height - (shown - 1) * gap) / 2))
  const x = area.width - width
  return {
    main: { x: 0, y: 0, width: x - gap, height: area.height },
    strip: Array.from({ length: shown }, (_, i) => ({ x, y: top + i * (height + gap), width, height })),
  }
}

const row = (area: Area, count: number): Spotlight => {
  const gap = gapOf(area)
  const height = Math.round(Math.min(160, Math.max(74, area.height * 0.19)))
  const width = Math.floor(Math.max(112, Math.min(height * WIDE, (area.width - gap * (count - 1)) / count)))
  const shown = Math.min(count, Math.max(1, Math.floor((area.width + gap) / (width + gap))))
  const left = Math.max(0, Math.round((area.width - shown * width - (shown - 1) * gap) / 2))
  const y = area.height - height
  return {
    main: { x: 0, y: 0, width: area.width, height: Math.max(0, y - gap) },
    strip: Array.from({ length: shown }, (_, i) => ({ x: left + i * (width + gap), y, width, height })),
  }
}

// Most of what is shared is wide, so on an upright phone it needs the width and not the height: people get the rest.
const halves = (area: Area, count: number): Spotlight => {
  const gap = gapOf(area)
  const height = Math.round(Math.min(area.height * 0.6, Math.max(area.height * 0.4, area.width / 1.5)))
  const below = { width: area.width, height: area.height - height - gap }
  return {
    main: { x: 0, y: 0, width: area.width, height },
    strip: grid(below, Math.min(count, capacity(below))).map((r) => ({ ...r, y: r.y + height + gap })),
  }
}

// How many tiles a grid can hold before they get too small to recognise anyone.
export const capacity = (area: Area): number => {
  const smallest = area.width < 640 ? 108 : 168
  const gap = gapOf(area)
  const columns = Math.max(1, Math.floor((area.width + gap) / (smallest + gap)))
  const rows = Math.max(1, Math.floor((area.height + gap) / (smallest / 1.4 + gap)))
  return columns * rows
}

// More than this on one page nobody can follow; on a wall of a screen one sees more.
export const mostTiles = ({ width, height }: Area): number => (width >= 2200 && height >= 1100 ? 49 : 25)

// The pages of those who do not all fit: first who is seated, then the others in order.
export const pagesOf = (all: readonly string[], room: number, seated: readonly string[]): string[][] => {
  const first = new Set(seated)
  const others = all.filter((key) => !first.has(key))
  const pages = [[...seated]]
  for (let i = 0; i < others.length; i += Math.max(1, room))
    pages.push(others.slice(i, i + Math.max(1, room)))
  return pages
}

// Who is shown when not all fit: whoever was shown stays, unless someone hidden speaks; then the one who has been
// silent longest of the shown makes place. Order among the shown never changes for its own sake: tiles that jump
// about cannot be found again.
export const seats = (
  all: readonly string[],
  room: number,
  before: readonly string[],
  speaking: ReadonlySet<string>,
): string[] => {
  if (all.length <= room) return [...all]
  const here = new Set(all)
  const shown = before.filter((id) => here.has(id)).slice(0, room)
  const seated = new Set(shown)
  for (const id of all) {
    if (shown.length >= room) break
    if (!seated.has(id)) {
      shown.push(id)
      seated.add(id)
    }
  }
  for (const id of all) {
    if (!speaking.has(id) || seated.has(id)) continue
    // Never the first: that is oneself.
    for (let i = shown.length - 1; i > 0; i--) {
      const given = shown[i]
      if (given === undefined || speaking.has(given)) continue
      seated.delete(given)
      seated.add(id)
      shown[i] = id
      break
    }
  }
  return shown
}
