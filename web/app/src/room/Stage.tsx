// Everyone, and what they show. Tiles are placed, not nested: one that moves keeps its element and its picture.

import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import { strings } from '../strings'
import { testids } from '../testids'
import { useSize } from '../ui/useSize'
import {
  type Area,
  type Rect,
  capacity,
  duet,
  grid,
  isDuet,
  mostTiles,
  pagesOf,
  seats,
  spotlight,
} from './layout'
import type { Mute } from './Call'
import { largeOf, type Layout } from './focus'
import { Pages } from './Pages'
import type { Person } from './roomView'
import styles from './Stage.module.css'
import { Tile, type TileItem } from './Tile'
import { useSpeaker } from './useSpeaker'

interface Props {
  people: readonly Person[]
  layout: Layout
  // One's own picture is wanted.
  self: boolean
  // Whose hands are up, in that order.
  hands: readonly string[]
  // Pictures of others are not wanted.
  audioOnly: boolean
  // Mutes somebody for everyone, if one may.
  mute: Mute | undefined
  children?: ReactNode
}

const PAGES_HEIGHT = 44

export const Stage = ({ people, layout, self, hands, audioOnly, mute, children }: Props) => {
  const area = useRef<HTMLDivElement>(null)
  const whole = useSize(area)
  const [pinned, setPinned] = useState<string>()
  const [wantedPage, setPage] = useState(0)

  const items = useMemo(() => itemsOf(people, self), [people, self])
  const speaker = useSpeaker(people)
  const candidates = items.map(({ key, kind, person }) => ({ key, kind, local: person.local }))
  const chosen = largeOf(candidates, layout, pinned, speaker)
  const large = items.find((item) => item.key === chosen)
  const spotlit = large !== undefined

  const rest = items.filter((item) => item !== large)
  const both = !spotlit && isDuet(whole, items.length)
  const fits = (area: Area) =>
    spotlit ? spotlight(area, rest.length).strip.length : Math.min(mostTiles(area), capacity(area))
  // What turns the pages stands below the tiles, not on them.
  const size =
    fits(whole) < rest.length ? { ...whole, height: Math.max(0, whole.height - PAGES_HEIGHT) } : whole
  const room = fits(size)
  const keys = rest.map((item) => item.key)
  // Who reads on another page is not to lose the place because somebody speaks.
  const pages = pagesOf(keys, room, useSeats(keys, room, wantedPage === 0 ? people : NOBODY))
  const page = Math.min(wantedPage, pages.length - 1)
  const shown = pages[page] ?? []
  const visible = rest.filter((item) => shown.includes(item.key))
  visible.sort((a, b) => shown.indexOf(a.key) - shown.indexOf(b.key))
  const places = spotlit ? spotlight(size, visible.length) : undefined

  // What is pinned comes first also on a thin line.
  const first = large !== undefined && large.key === pinned ? large.track?.track : undefined
  useEffect(() => {
    if (first === undefined || !('setPinned' in first)) return
    first.setPinned(true)
    return () => first.setPinned(false)
  }, [first])

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
      data-layout={spotlit ? 'spotlight' : both ? 'duet' : 'grid'}
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
              pictures={!audioOnly || place.item.person.local}
              pinned={key === pinned}
              hand={place.item.kind === 'camera' ? hands.indexOf(place.item.person.id) + 1 : 0}
              pin={items.length > 1 && !both ? setPinned : undefined}
              mute={mute}
            />
          )
        })}
      </ul>
      {pages.length > 1 && whole.width > 0 && <Pages page={page} of={pages.length} turn={setPage} />}
      {children}
    </div>
  )
}

// One's own screen is not shown to oneself, and one's own picture need not be.
const itemsOf = (people: readonly Person[], self: boolean): TileItem[] => {
  const items: TileItem[] = []
  for (const person of people) {
    if (!person.local || self || people.length === 1)
      items.push({ key: person.id, person, kind: 'camera', track: person.camera })
    for (const track of person.local ? [] : person.screens)
      items.push({ key: `${person.id}/${track.id}`, person, kind: 'screen', track })
  }
  return items
}

const NOBODY: readonly Person[] = []

// Remembers who was shown, so that only who must moves.
const useSeats = (keys: string[], room: number, people: readonly Person[]): string[] => {
  const [before, setBefore] = useState<string[]>([])
  const shown = seats(keys, room, before, new Set(people.filter((p) => p.speaking).map((p) => p.id)))
  if (shown.length !== before.length || shown.some((key, i) => key !== before[i])) setBefore(shown)
  return shown
}
