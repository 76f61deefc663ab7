// The bar of controls and what stands in it.

import { LoaderCircle, Mic, MicOff, PhoneOff, Video, VideoOff } from 'lucide-react'
import type { ReactNode, RefObject } from 'react'
import type { Device } from '../media/problem'
import { strings } from '../strings'
import { testids } from '../testids'
import { Popover } from '../ui/Popover'
import type { Action } from './actions'
import styles from './Controls.module.css'
import { DeviceMenu } from './DeviceMenu'
import type { OwnState } from './OwnDevices'

export const deviceLabel = (device: Device, on: boolean): string => {
  if (device === 'microphone') return on ? strings.device.mute : strings.device.unmute
  return on ? strings.device.turnOff(device) : strings.device.turnOn(device)
}

export const DeviceControl = ({
  device,
  keys,
  on,
  own,
  toggle,
  choose,
}: {
  device: Device
  keys: string
  on: boolean
  own: OwnState
  toggle: (device: Device) => void
  choose: (device: Device, deviceId: string) => void
}) => {
  const label = deviceLabel(device, on)
  const On = device === 'microphone' ? Mic : Video
  const Off = device === 'microphone' ? MicOff : VideoOff
  return (
    <div className={`${styles.device} ${on ? '' : styles.off}`}>
      <button
        type="button"
        className={styles.toggle}
        data-testid={testids[device]}
        data-problem={own.problems[device]}
        aria-pressed={on}
        aria-label={label}
        aria-keyshortcuts={keys}
        aria-busy={own.busy[device]}
        title={`${label} (${on || device === 'camera' ? keys : strings.keys.orSpace(keys)})`}
        onClick={() => toggle(device)}
      >
        {own.busy[device] ? (
          <LoaderCircle size={22} aria-hidden="true" className={styles.spin} />
        ) : on ? (
          <On size={22} aria-hidden="true" />
        ) : (
          <Off size={22} aria-hidden="true" />
        )}
        {own.problems[device] !== undefined && (
          <span className={styles.warn} aria-hidden="true">
            !
          </span>
        )}
      </button>
      <DeviceMenu device={device} choose={choose} className={styles.menu} />
    </div>
  )
}

export const LeaveControl = ({ leave }: { leave: () => void }) => (
  <button
    type="button"
    className={`${styles.round} ${styles.leave}`}
    data-testid={testids.leave}
    aria-label={strings.room.leave}
    title={strings.room.leave}
    onClick={leave}
  >
    <PhoneOff size={22} aria-hidden="true" />
  </button>
)

// A button of the bar for something one can do.
export const ActionControl = ({ action, flat = false }: { action: Action; flat?: boolean }) => {
  const {
    label,
    icon: Icon,
    on,
    busy = false,
    keys,
    badge = 0,
    count,
    detail = '',
    testid,
    opens,
    run,
  } = action
  if (opens !== undefined)
    return (
      <Popover
        label={label}
        button={(trigger) => (
          <button
            type="button"
            className={`${styles.round} ${flat ? styles.flat : ''}`}
            data-testid={testid}
            aria-label={label}
            title={label}
            {...trigger}
          >
            <Icon size={22} aria-hidden="true" />
          </button>
        )}
      >
        {(close) => opens(false, close)}
      </Popover>
    )
  // The number that is seen is said too: some languages have words for the small ones.
  const seen = count === undefined || detail.includes(String(count)) ? '' : String(count)
  return (
    <button
      type="button"
      className={[
        styles.round,
        flat && styles.flat,
        count !== undefined && styles.wide,
        on === true && styles.active,
      ]
        .filter(Boolean)
        .join(' ')}
      data-testid={testid}
      aria-pressed={on}
      aria-busy={busy}
      aria-keyshortcuts={keys}
      aria-label={[label, seen, detail].filter(Boolean).join(', ')}
      title={keys === undefined ? label : `${label} (${keys})`}
      onClick={run}
    >
      <Icon size={flat && count !== undefined ? 20 : 22} aria-hidden="true" />
      {count !== undefined && (
        <span data-testid={`${action.id}-count`} aria-hidden="true">
          {count}
        </span>
      )}
      {badge > 0 && (
        <span className={styles.badge} data-testid={testids.unread} aria-hidden="true">
          {badge > 99 ? '99+' : badge}
        </span>
      )}
    </button>
  )
}

interface BarProps {
  bar: RefObject<HTMLDivElement | null>
  start?: ReactNode
  middle: ReactNode
  end?: ReactNode
}

export const Bar = ({ bar, start, middle, end }: BarProps) => (
  <div ref={bar} className={styles.bar} role="toolbar" aria-label={strings.room.controls}>
    <div className={styles.start}>{start}</div>
    <div className={styles.middle}>{middle}</div>
    <div className={styles.end}>{end}</div>
  </div>
)
