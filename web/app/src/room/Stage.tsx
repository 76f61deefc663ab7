// Everyone, and what they show. Tiles are placed, not nested: one that moves keeps its element and its picture.

import { type ReactNode, useMemo, useRef, useState } from 'react'
import { strings } from '../strings'
import { testids } from '../testids'
import { useSize } from '../ui/useSize'
import { type Rect, capacity, duet, grid, isDuet, seats, spotlight } from './layout'
import type { Person } from './roomView'
import styles from './Stage.module.css'
import { Tile, type TileItem } from './Tile'

interface Props {
  people: readonly Person[]
  children?: ReactNode
}

export const Stage = ({ people, children }: Props) => {
  const area = useRef<HTMLDivElement>(null)
  const size = useSize(area)
  const [pinned, setPinned] = useState<string>()

  const items = useMemo(() => itemsOf(people), [people])
  // The newest screen is the large one, unless a tile was pinned. One's own screen is not shown to oneself.
  const screens = items.filter((item) => item.kind === 'screen')
  const large = items.find((item) => item.key === pinned) ?? screens.at(-1)

  const rest = items.filter((item) => item !== large)
  const both = large === undefined && isDuet(size, items.length)
  const places = large === undefined ? undefined : spotlight(size, rest.length)
  const room = places?.strip.length ?? capacity(size)
  const shown = useSeats(
    rest.map((item) => item.key),
    room,
    people,
  )
  const visible = rest.filter((item) => shown.includes(item.key))
  visible.sort((a, b) => shown.indexOf(a.key) - shown.indexOf(b.key))
  const hidden = rest.length - visible.length

  let rects: Rect[]
  let main: Rect | undefined
  if (places !== undefined) {
    main = places.main
    rects = places.strip
  } else if (both) {
    const [self, other] = duet(size)
    rects = visible.map((item) => (item.person.local ? self : other))
  } else {
    rects = grid(size, visible.length)
  }

  const placed = new Map<string, { item: TileItem; rect: Rect; floating: boolean }>()
  visible.forEach((item, i) => {
    const rect = rects[i]
    if (rect !== undefined) placed.set(item.key, { item, rect, floating: both && item.person.local })
  })
  if (large !== undefined && main !== undefined)
    placed.set(large.key, { item: large, rect: main, floating: false })

  return (
    <div
      ref={area}
      className={styles.stage}
      data-testid={testids.stage}
      data-layout={large !== undefined ? 'spotlight' : both ? 'duet' : 'grid'}
    >
      <ul aria-label={strings.room.stage}>
        {/* In the order of arrival, whatever the place: React then moves no element. */}
        {items.map(({ key }) => {
          const place = placed.get(key)
          return place === undefined ? null : (
            <Tile
              key={key}
              item={place.item}
              rect={place.rect}
              floating={place.floating}
              pinned={key === pinned}
              pin={items.length > 1 && !both ? setPinned : undefined}
            />
          )
        })}
      </ul>
      {hidden > 0 && <p className={styles.more}>{strings.room.more(hidden)}</p>}
      {children}
    </div>
  )
}

const itemsOf = (people: readonly Person[]): TileItem[] => {
  const items: TileItem[] = []
  for (const person of people) {
    items.push({ key: person.id, person, kind: 'camera', track: person.camera })
    for (const track of person.local ? [] : person.screens)
      items.push({ key: `${person.id}/${track.id}`, person, kind: 'screen', track })
  }
  return items
}

// Remembers who was shown, so that only who must moves.
const useSeats = (keys: string[], room: number, people: readonly Person[]): string[] => {
  const [before, setBefore] = useState<string[]>([])
  const shown = seats(keys, room, before, new Set(people.filter((p) => p.speaking).map((p) => p.id)))
  if (shown.length !== before.length || shown.some((key, i) => key !== before[i])) setBefore(shown)
  return shown
}
