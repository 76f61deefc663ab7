// The bar of controls. On a phone what is used less goes to a line at the top.

import {
  LoaderCircle,
  MessageCircle,
  Mic,
  MicOff,
  MonitorOff,
  MonitorUp,
  PhoneOff,
  UserPlus,
  UsersRound,
  Video,
  VideoOff,
} from 'lucide-react'
import type { ReactNode } from 'react'
import type { Device } from '../media/problem'
import { strings } from '../strings'
import { testids } from '../testids'
import styles from './Controls.module.css'
import { DeviceMenu } from './DeviceMenu'
import { canShareScreen, type OwnState } from './OwnDevices'

export interface Own {
  microphone: boolean
  camera: boolean
  screen: boolean
}

export const DeviceControl = ({
  device,
  on,
  own,
  toggle,
  choose,
}: {
  device: Device
  on: boolean
  own: OwnState
  toggle: (device: Device) => void
  choose: (device: Device, deviceId: string) => void
}) => {
  const label =
    device === 'microphone'
      ? on
        ? strings.device.mute
        : strings.device.unmute
      : on
        ? strings.device.turnOff(device)
        : strings.device.turnOn(device)
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
        aria-keyshortcuts={device === 'microphone' ? 'M' : 'V'}
        aria-busy={own.busy[device]}
        title={`${label} (${device === 'microphone' ? 'M' : 'V'})`}
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

export const ShareControl = ({
  on,
  busy,
  share,
}: {
  on: boolean
  busy: boolean
  share: (on: boolean) => void
}) => {
  if (!canShareScreen()) return null
  const label = on ? strings.room.stopSharing : strings.room.share
  return (
    <button
      type="button"
      className={`${styles.round} ${on ? styles.active : ''}`}
      data-testid={testids.share}
      aria-pressed={on}
      aria-label={label}
      aria-busy={busy}
      title={label}
      onClick={() => share(!on)}
    >
      {on ? <MonitorOff size={22} aria-hidden="true" /> : <MonitorUp size={22} aria-hidden="true" />}
    </button>
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

export const ChatControl = ({
  open,
  unread,
  toggle,
}: {
  open: boolean
  unread: number
  toggle: () => void
}) => (
  <button
    type="button"
    className={`${styles.round} ${styles.flat} ${open ? styles.active : ''}`}
    data-testid={testids.chatToggle}
    aria-pressed={open}
    aria-keyshortcuts="C"
    aria-label={unread > 0 ? `${strings.room.chat}, ${strings.room.unread(unread)}` : strings.room.chat}
    title={`${strings.room.chat} (C)`}
    onClick={toggle}
  >
    <MessageCircle size={22} aria-hidden="true" />
    {unread > 0 && (
      <span className={styles.badge} data-testid={testids.unread} aria-hidden="true">
        {unread > 99 ? '99+' : unread}
      </span>
    )}
  </button>
)

export const PeopleControl = ({
  open,
  count,
  toggle,
}: {
  open: boolean
  count: number
  toggle: () => void
}) => (
  <button
    type="button"
    className={`${styles.round} ${styles.flat} ${styles.wide} ${open ? styles.active : ''}`}
    data-testid={testids.peopleToggle}
    aria-pressed={open}
    aria-label={`${strings.room.people}: ${strings.room.hereNow(count)}`}
    title={strings.room.people}
    onClick={toggle}
  >
    <UsersRound size={20} aria-hidden="true" />
    <span data-testid={testids.peopleCount}>{count}</span>
  </button>
)

export const InviteControl = ({ invite }: { invite: () => void }) => (
  <button
    type="button"
    className={`${styles.round} ${styles.flat}`}
    data-testid={testids.invite}
    aria-label={strings.room.invite}
    title={strings.room.invite}
    onClick={invite}
  >
    <UserPlus size={20} aria-hidden="true" />
  </button>
)

export const Bar = ({ start, middle, end }: { start?: ReactNode; middle: ReactNode; end?: ReactNode }) => (
  <div className={styles.bar} role="toolbar" aria-label={strings.room.controls}>
    <div className={styles.start}>{start}</div>
    <div className={styles.middle}>{middle}</div>
    <div className={styles.end}>{end}</div>
  </div>
)
