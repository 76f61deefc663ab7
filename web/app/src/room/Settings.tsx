// One's own settings while in a room. Another one is another section.

import { Camera, Mic, Volume2 } from 'lucide-react'
import type { ReactNode } from 'react'
import { BackgroundPicker } from '../background/BackgroundPicker'
import { canChooseSpeaker, chooseDevice, chosen as chosenDevices, devices } from '../media/deviceList'
import { DevicePicker } from '../media/DevicePicker'
import { useStore } from '../store'
import { strings } from '../strings'
import { testids } from '../testids'
import { LanguagePicker } from '../ui/LanguagePicker'
import type { OwnDevices } from './OwnDevices'
import { PanelFrame } from './PanelFrame'
import styles from './Settings.module.css'

interface Props {
  own: OwnDevices
  publishes: boolean
  close: () => void
}

export const Settings = ({ own, publishes, close }: Props) => (
  <PanelFrame
    heading={strings.settings.heading}
    label={strings.settings.heading}
    testid={testids.settings}
    close={close}
  >
    <div className={styles.sections}>
      <DeviceSection own={own} publishes={publishes} />
      <Section heading={strings.language}>
        <LanguagePicker />
      </Section>
    </div>
  </PanelFrame>
)

export const Section = ({ heading, children }: { heading: string; children: ReactNode }) => (
  <section className={styles.section}>
    <h3>{heading}</h3>
    {children}
  </section>
)

const DeviceSection = ({ own, publishes }: { own: OwnDevices; publishes: boolean }) => {
  const lists = useStore(devices)
  const chosen = useStore(chosenDevices)
  const speakers = canChooseSpeaker() && lists.speakers.length > 0
  if (!publishes && !speakers) return null
  return (
    <Section heading={strings.settings.devices}>
      {publishes && (
        <>
          <DevicePicker
            kind="microphone"
            icon={Mic}
            devices={lists.microphones}
            value={chosen.microphone}
            choose={(id) => void own.choose('microphone', id)}
            testid={testids.microphoneSelect}
          />
          <DevicePicker
            kind="camera"
            icon={Camera}
            devices={lists.cameras}
            value={chosen.camera}
            choose={(id) => void own.choose('camera', id)}
            testid={testids.cameraSelect}
          />
          <BackgroundPicker />
        </>
      )}
      {speakers && (
        <DevicePicker
          kind="speaker"
          icon={Volume2}
          devices={lists.speakers}
          value={chosen.speaker}
          choose={(id) => chooseDevice('speaker', id)}
          testid={testids.speakerSelect}
        />
      )}
    </Section>
  )
}
