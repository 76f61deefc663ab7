// One rectangle of the stage: somebody's camera, or who they are while it is off; or a screen.

import {
  Hand,
  Maximize,
  MicOff,
  MonitorOff,
  MonitorUp,
  Pin,
  PinOff,
  Signal,
  SignalLow,
  Snail,
  WifiOff,
} from 'lucide-react'
import { type CSSProperties, memo, useEffect, useRef, useState } from 'react'
import { useStore } from '../store'
import { language, strings } from '../strings'
import { testids } from '../testids'
import { Avatar } from '../ui/Avatar'
import { hueOf } from '../ui/avatar'
import type { Mute } from './Call'
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
  // Whether its picture is wanted.
  pictures: boolean
  pinned: boolean
  // Its place among the raised hands, from 1; 0: it is not raised.
  hand: number
  pin: ((key: string | undefined) => void) | undefined
  mute: Mute | undefined
}

const TOUCHED_MS = 4_000

export const Tile = memo(({ item, rect, floating, pictures, pinned, hand, pin, mute }: Props) => {
  const root = useRef<HTMLLIElement>(null)
  useStore(language)
  const { person, kind, track } = item
  const shown = track !== undefined && !track.muted && pictures
  const screen = kind === 'screen'
  const name = person.name || strings.room.someone
  let label = name
  if (screen) label = strings.room.screenOf(name)
  else if (person.local) label = floating ? strings.room.justYou : `${name} ${strings.room.you}`
  const micOff = person.microphone === undefined || person.microphone.muted
  const paused = shown && track.paused
  const [touched, setTouched] = useState(false)
  useEffect(() => {
    if (!touched) return
    const timer = setTimeout(() => setTouched(false), TOUCHED_MS)
    return () => clearTimeout(timer)
  }, [touched])
  const turnPin = () => pin?.(pinned ? undefined : item.key)

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
      data-paused={paused ? '' : undefined}
      data-quality={person.quality}
      data-touched={touched ? '' : undefined}
      // Who has no pointer to hover with touches a tile to see what can be done with it.
      onPointerUp={(event) => {
        if (event.pointerType === 'touch') setTouched(true)
      }}
      onDoubleClick={(event) => {
        if (!(event.target instanceof Element && event.target.closest('button'))) turnPin()
      }}
    >
      <div className={styles.inner}>
        <Avatar id={person.id} name={person.name} className={styles.face} />
        {shown && <Video key={track.id} track={track} mirrored={person.local && !screen} whole={screen} />}
        {paused && (
          <p className={styles.paused} title={strings.room.paused}>
            <Snail size={16} aria-hidden="true" />
            <span>{strings.room.paused}</span>
          </p>
        )}
      </div>
      <div className={styles.caption}>
        {screen ? (
          <MonitorUp size={14} aria-hidden="true" />
        ) : (
          micOff && <MicOff size={14} className={styles.muted} role="img" aria-label={strings.room.muted} />
        )}
        <span className={styles.name}>{label}</span>
        {!screen && <Quality of={person.quality} />}
      </div>
      {hand > 0 && (
        <p
          className={styles.hand}
          role="img"
          aria-label={strings.room.handUp(hand)}
          data-testid={testids.handUp}
        >
          <Hand size={16} aria-hidden="true" />
          {hand}
        </p>
      )}
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
        {mute !== undefined && !person.local && (screen || !micOff) && (
          <button
            type="button"
            data-testid={testids.mute}
            aria-label={screen ? strings.room.stopThem(label) : strings.room.muteThem(label)}
            title={screen ? strings.room.stopThem(label) : strings.room.muteThem(label)}
            onClick={() => mute(person.id, screen ? 'screen' : 'microphone')}
          >
            {screen ? <MonitorOff size={18} aria-hidden="true" /> : <MicOff size={18} aria-hidden="true" />}
          </button>
        )}
        {pin !== undefined && (
          <button
            type="button"
            data-testid={testids.pin}
            aria-label={pinned ? strings.room.unpin(label) : strings.room.pin(label)}
            title={pinned ? strings.room.unpin(label) : strings.room.pin(label)}
            aria-pressed={pinned}
            onClick={turnPin}
          >
            {pinned ? <PinOff size={18} aria-hidden="true" /> : <Pin size={18} aria-hidden="true" />}
          </button>
        )}
      </div>
    </li>
  )
})

// Only what is worth saying: a good connection is nothing to look at.
const Quality = ({ of }: { of: string }) => {
  if (of === 'poor')
    return (
      <span className={styles.weak} role="img" aria-label={strings.room.weak}>
        <Signal size={14} aria-hidden="true" />
        <SignalLow size={14} strokeWidth={3} aria-hidden="true" />
      </span>
    )
  if (of === 'lost')
    return <WifiOff size={14} className={styles.weak} role="img" aria-label={strings.room.gone} />
  return null
}
