// The small menu beside the microphone's and the camera's button: which device.

import { Check, ChevronUp } from 'lucide-react'
import {
  canChooseSpeaker,
  chooseDevice,
  chosen as chosenDevices,
  devices,
  type Kind,
} from '../media/deviceList'
import { labelOf } from '../media/DevicePicker'
import type { Device } from '../media/problem'
import { useStore } from '../store'
import { strings } from '../strings'
import { Popover } from '../ui/Popover'
import styles from './DeviceMenu.module.css'

interface Props {
  device: Device
  choose: (device: Device, deviceId: string) => void
  className?: string | undefined
}

export const DeviceMenu = ({ device, choose, className }: Props) => {
  const lists = useStore(devices)
  const chosen = useStore(chosenDevices)
  const speakers = device === 'microphone' && canChooseSpeaker() && lists.speakers.length > 0
  return (
    <Popover
      label={strings.device.options(device)}
      align="start"
      className={className}
      button={(trigger) => (
        <button
          type="button"
          className={styles.trigger}
          aria-label={strings.device.options(device)}
          title={strings.device.options(device)}
          {...trigger}
        >
          <ChevronUp size={16} aria-hidden="true" />
        </button>
      )}
    >
      {(close) => (
        <>
          <Choices
            kind={device}
            list={device === 'microphone' ? lists.microphones : lists.cameras}
            value={chosen[device]}
            choose={(id) => {
              choose(device, id)
              close()
            }}
          />
          {speakers && (
            <Choices
              kind="speaker"
              list={lists.speakers}
              value={chosen.speaker}
              choose={(id) => {
                chooseDevice('speaker', id)
                close()
              }}
            />
          )}
        </>
      )}
    </Popover>
  )
}

interface ChoicesProps {
  kind: Kind
  list: readonly MediaDeviceInfo[]
  value: string
  choose: (deviceId: string) => void
}

const Choices = ({ kind, list, value, choose }: ChoicesProps) => {
  // With nothing chosen the browser takes its default, which Chromium lists as such and others list first.
  const current =
    list.find((d) => d.deviceId === value) ?? list.find((d) => d.deviceId === 'default') ?? list[0]
  return (
    <div role="radiogroup" aria-label={strings.preview[kind]} className={styles.choices}>
      <h3 className={styles.heading}>{strings.preview[kind]}</h3>
      {list.length === 0 && <p className={styles.none}>{strings.preview.none(kind)}</p>}
      {list.map((device, i) => (
        <button
          key={device.deviceId}
          type="button"
          role="radio"
          aria-checked={device === current}
          className={styles.choice}
          onClick={() => choose(device.deviceId)}
        >
          <Check size={18} aria-hidden="true" className={device === current ? '' : styles.hidden} />
          <span>{labelOf(device, kind, i)}</span>
        </button>
      ))}
    </div>
  )
}
