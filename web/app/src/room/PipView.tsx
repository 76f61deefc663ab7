// What the small window shows: the screen that is shared or who speaks, and what one needs most.

import { Mic, MicOff, PhoneOff, Video as VideoIcon, VideoOff } from 'lucide-react'
import type { CSSProperties } from 'react'
import { createPortal } from 'react-dom'
import type { Device } from '../media/problem'
import { strings } from '../strings'
import { testids } from '../testids'
import { Avatar } from '../ui/Avatar'
import { hueOf } from '../ui/avatar'
import { deviceLabel } from './Controls'
import styles from './PipView.module.css'
import type { Person } from './roomView'
import { useSpeaker } from './useSpeaker'
import { Video } from './Video'

interface Props {
  window: Window
  people: readonly Person[]
  pictures: boolean
  publishes: boolean
  on: Record<Device, boolean>
  toggle: (device: Device) => void
  leave: () => void
}

const ICONS = { microphone: [Mic, MicOff], camera: [VideoIcon, VideoOff] } as const

export const PipView = ({ window: own, people, pictures, publishes, on, toggle, leave }: Props) => {
  const speaker = useSpeaker(people)
  const sharing = people.findLast((p) => !p.local && p.screens.length > 0)
  const person = sharing ?? people.find((p) => p.id === speaker) ?? people[0]
  if (person === undefined) return null
  const screen = sharing?.screens.at(-1)
  const track = screen ?? person.camera
  const name = person.name || strings.room.someone
  const shown = track !== undefined && !track.muted && (pictures || person.local)
  return createPortal(
    <div className={styles.pip} data-testid={testids.pip}>
      <div
        className={styles.picture}
        style={{ '--hue': hueOf(person.id) } as CSSProperties}
        data-speaking={person.speaking ? '' : undefined}
      >
        <Avatar id={person.id} name={person.name} className={styles.face} />
        {shown && (
          <Video
            key={track.id}
            track={track}
            mirrored={person.local && screen === undefined}
            whole={screen !== undefined}
          />
        )}
        <p className={styles.name}>{screen === undefined ? name : strings.room.screenOf(name)}</p>
      </div>
      <div className={styles.bar} role="toolbar" aria-label={strings.room.controls}>
        {publishes &&
          (['microphone', 'camera'] as const).map((device) => {
            const [On, Off] = ICONS[device]
            const Icon = on[device] ? On : Off
            const label = deviceLabel(device, on[device])
            return (
              <button
                key={device}
                type="button"
                className={on[device] ? '' : styles.off}
                aria-pressed={on[device]}
                aria-label={label}
                title={label}
                onClick={() => toggle(device)}
              >
                <Icon size={20} aria-hidden="true" />
              </button>
            )
          })}
        <button
          type="button"
          className={styles.leave}
          aria-label={strings.room.leave}
          title={strings.room.leave}
          onClick={leave}
        >
          <PhoneOff size={20} aria-hidden="true" />
        </button>
      </div>
    </div>,
    own.document.body,
  )
}
