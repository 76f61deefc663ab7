// Which tile is the large one, if any. Pure.

export const LAYOUTS = ['auto', 'grid', 'speaker'] as const

// auto: screens are large, people are equal. grid: all are equal. speaker: whoever speaks is large.
export type Layout = (typeof LAYOUTS)[number]

export interface Candidate {
  key: string
  kind: 'camera' | 'screen'
  local: boolean
}

// What somebody chose counts most; then the newest screen; then who speaks.
export const largeOf = (
  items: readonly Candidate[],
  layout: Layout,
  pinned: string | undefined,
  speaker: string | undefined,
): string | undefined => {
  const chosen = items.find((item) => item.key === pinned)
  if (chosen !== undefined) return chosen.key
  if (layout === 'grid') return undefined
  const screen = items.findLast((item) => item.kind === 'screen')
  if (screen !== undefined) return screen.key
  if (layout !== 'speaker' || items.length < 2) return undefined
  return items.find((item) => item.key === speaker && item.kind === 'camera')?.key
}

export interface Voice {
  id: string
  local: boolean
  speaking: boolean
}

// Who is large while people speak: whoever was stays until they are silent and another speaks. Never oneself, unless
// there is nobody else.
export const speakerOf = (people: readonly Voice[], before: string | undefined): string | undefined => {
  const others = people.filter((p) => !p.local)
  const last = others.find((p) => p.id === before)
  if (last?.speaking === true) return last.id
  return (others.find((p) => p.speaking) ?? last ?? others[0])?.id
}
