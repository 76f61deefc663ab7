// A list of devices of one kind, as a native select: it is what phones and screen readers do best.

import { ChevronDown, type LucideIcon } from 'lucide-react'
import { strings } from '../strings'
import styles from './DevicePicker.module.css'

interface Props {
  kind: 'microphone' | 'camera' | 'speaker'
  icon: LucideIcon
  devices: readonly MediaDeviceInfo[]
  value: string
  choose: (deviceId: string) => void
  testid: string
}

export const labelOf = (device: MediaDeviceInfo, kind: Props['kind'], index: number): string =>
  // Chromium adds the USB ids in brackets: nobody knows a camera by them.
  device.label.replace(/\s*\([0-9a-f]{4}:[0-9a-f]{4}\)$/u, '') || strings.preview.numbered(kind, index + 1)

export const DevicePicker = ({ kind, icon: Icon, devices, value, choose, testid }: Props) => {
  const chosen = devices.some((d) => d.deviceId === value) ? value : ''
  const hasDefault = devices.some((d) => d.deviceId === 'default')
  return (
    <label className={styles.picker}>
      <Icon size={18} aria-hidden="true" className={styles.icon} />
      <span className="unseen">{strings.preview[kind]}</span>
      <select
        data-testid={testid}
        value={chosen === '' && hasDefault ? 'default' : chosen}
        disabled={devices.length === 0}
        onChange={(e) => choose(e.target.value)}
      >
        {devices.length === 0 && <option value="">{strings.preview.none(kind)}</option>}
        {devices.length > 0 && !hasDefault && <option value="">{strings.preview.systemDefault}</option>}
        {devices.map((device, i) => (
          <option key={device.deviceId} value={device.deviceId}>
            {labelOf(device, kind, i)}
          </option>
        ))}
      </select>
      <ChevronDown size={16} aria-hidden="true" className={styles.chevron} />
    </label>
  )
}
