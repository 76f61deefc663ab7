import { Eye, Mic, MicOff, MonitorUp, UserX, Video, VideoOff } from 'lucide-react'
import { strings } from '../strings'
import { testids } from '../testids'
import { Avatar } from '../ui/Avatar'
import type { Mute } from './Call'
import { PanelFrame } from './PanelFrame'
import styles from './People.module.css'
import { RaisedHands } from './RaisedHands'
import type { Person } from './roomView'

interface Props {
  people: readonly Person[]
  // How many more only watch.
  watching: number
  // Whose hands are up, in that order.
  hands: readonly string[]
  lower: (id: string) => void
  moderates: boolean
  // Mutes somebody for everyone, if one may.
  mute: Mute | undefined
  // Puts somebody out, if one may.
  remove: ((id: string, name: string) => void) | undefined
  close: () => void
}

export const People = ({ people, watching, hands, lower, moderates, mute, remove, close }: Props) => (
  <PanelFrame
    heading={
      <>
        {strings.room.people} <span className={styles.count}>{people.length}</span>
      </>
    }
    label={strings.room.people}
    testid={testids.people}
    close={close}
  >
    <RaisedHands hands={hands} people={people} lower={lower} moderates={moderates} />
    <ul className={styles.list} aria-label={strings.room.everyone}>
      {people.map((person) => {
        const mic = person.microphone !== undefined && !person.microphone.muted
        const camera = person.camera !== undefined && !person.camera.muted
        return (
          <li key={person.id} className={styles.person}>
            <Avatar id={person.id} name={person.name} />
            <span className={styles.name}>
              {person.name || strings.room.someone}
              {person.local && <span className={styles.you}> {strings.room.you}</span>}
              {person.admin && <span className={styles.host}>{strings.host.host}</span>}
            </span>
            {person.screens.length > 0 && (
              <MonitorUp size={18} role="img" aria-label={strings.room.share} className={styles.live} />
            )}
            {mic && mute !== undefined && !person.local ? (
              <button
                type="button"
                className={`${styles.mute} ${person.speaking ? styles.live : ''}`}
                onClick={() => mute(person.id, 'microphone')}
                aria-label={strings.room.muteThem(person.name || strings.room.someone)}
                title={strings.room.muteThem(person.name || strings.room.someone)}
              >
                <Mic size={18} aria-hidden="true" />
                <MicOff size={18} aria-hidden="true" />
              </button>
            ) : mic ? (
              <Mic
                size={18}
                role="img"
                aria-label={strings.room.microphoneOn}
                className={person.speaking ? styles.live : ''}
              />
            ) : (
              <MicOff size={18} role="img" aria-label={strings.room.microphoneOff} className={styles.off} />
            )}
            {camera ? (
              <Video size={18} role="img" aria-label={strings.room.cameraOn} />
            ) : (
              <VideoOff size={18} role="img" aria-label={strings.room.cameraOff} className={styles.off} />
            )}
            {remove !== undefined && !person.local && (
              <button
                type="button"
                className={styles.remove}
                data-testid={testids.remove}
                onClick={() => remove(person.id, person.name || strings.room.someone)}
                aria-label={strings.host.remove(person.name || strings.room.someone)}
                title={strings.host.remove(person.name || strings.room.someone)}
              >
                <UserX size={18} aria-hidden="true" />
              </button>
            )}
          </li>
        )
      })}
      {watching > 0 && (
        <li className={styles.person}>
          <span className={styles.eye} aria-hidden="true">
            <Eye size={20} />
          </span>
          <span className={styles.name}>{strings.room.watching(watching)}</span>
        </li>
      )}
    </ul>
  </PanelFrame>
)
