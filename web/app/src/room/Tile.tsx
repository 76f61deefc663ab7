// One rectangle of the stage: somebody's camera, or who they are while it is off; or a screen.

import { Maximize, MicOff, MonitorUp, Pin, PinOff } from 'lucide-react'
import { type CSSProperties, memo, useRef } from 'react'
import { strings } from '../strings'
import { Avatar } from '../ui/Avatar'
import { hueOf } from '../ui/avatar'
import type { Rect } from './layout'
import type { Person, TrackView } from './roomView'
import styles from './Tile.module.css'
import { Video } from './Video'

export interface TileItem {
  key: string
  person: Person
  kind: 'camera' | 'screen'
  track: TrackView | undefined
}

interface Props {
  item: TileItem
  rect: Rect
  // In front of the others: the floating self view.
  floating: boolean
  pinned: boolean
  pin: ((key: string | undefined) => void) | undefined
}

export const Tile = memo(({ item, rect, floating, pinned, pin }: Props) => {
  const root = useRef<HTMLLIElement>(null)
  const { person, kind, track } = item
  const shown = track !== undefined && !track.muted
  const screen = kind === 'screen'
  const name = person.name || strings.room.someone
  let label = name
  if (screen) label = strings.room.screenOf(name)
  else if (person.local) label = floating ? strings.room.justYou : `${name} ${strings.room.you}`
  const micOff = person.microphone === undefined || person.microphone.muted

  return (
    <li
      ref={root}
      className={[
        styles.tile,
        screen && styles.screen,
        floating && styles.floating,
        !screen && person.speaking && !micOff && styles.speaking,
      ]
        .filter(Boolean)
        .join(' ')}
      style={
        {
          '--hue': hueOf(person.id),
          width: rect.width,
          height: rect.height,
          transform: `translate(${rect.x}px, ${rect.y}px)`,
        } as CSSProperties
      }
      data-participant={person.id}
      data-kind={kind}
      data-local={person.local ? '' : undefined}
      data-video={shown ? 'on' : 'off'}
      data-speaking={person.speaking ? '' : undefined}
    >
      <div className={styles.inner}>
        <Avatar id={person.id} name={person.name} className={styles.face} />
        {shown && <Video key={track.id} track={track} mirrored={person.local && !screen} whole={screen} />}
      </div>
      <div className={styles.caption}>
        {screen ? (
          <MonitorUp size={14} aria-hidden="true" />
        ) : (
          micOff && <MicOff size={14} className={styles.muted} role="img" aria-label={strings.room.muted} />
        )}
        <span className={styles.name}>{label}</span>
      </div>
      <div className={styles.actions}>
        {screen && document.fullscreenEnabled && (
          <button
            type="button"
            aria-label={strings.room.fullscreen}
            title={strings.room.fullscreen}
            onClick={() => {
              if (document.fullscreenElement === null)
                void root.current?.requestFullscreen().catch(() => undefined)
              else void document.exitFullscreen()
            }}
          >
            <Maximize size={18} aria-hidden="true" />
          </button>
        )}
        {pin !== undefined && (
          <button
            type="button"
            aria-label={pinned ? strings.room.unpin(label) : strings.room.pin(label)}
            title={pinned ? strings.room.unpin(label) : strings.room.pin(label)}
            aria-pressed={pinned}
            onClick={() => pin(pinned ? undefined : item.key)}
          >
            {pinned ? <PinOff size={18} aria-hidden="true" /> : <Pin size={18} aria-hidden="true" />}
          </button>
        )}
      </div>
    </li>
  )
})
