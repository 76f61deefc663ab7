// How the connection is, for those who want to know.

import { Signal, SignalLow, WifiOff } from 'lucide-react'
import { strings } from '../strings'
import { testids } from '../testids'
import { Popover } from '../ui/Popover'
import styles from './Network.module.css'
import type { Person } from './roomView'

interface Props {
  reconnecting: boolean
  transport: string
  media: string
  me: Person | undefined
  side: 'above' | 'below'
  audioOnly: boolean
  setAudioOnly: (on: boolean) => void
}

export const Network = ({ reconnecting, transport, media, me, side, audioOnly, setAudioOnly }: Props) => {
  const quality = me?.quality ?? 'unknown'
  const lost = reconnecting || quality === 'lost' || media === 'failed'
  const weak = lost || quality === 'poor'
  const Icon = lost ? WifiOff : weak ? SignalLow : Signal
  const words = strings.network
  const rows: [string, string][] = [
    [words.state, reconnecting ? words.reconnecting : words.connected],
    [words.quality, words.qualities[quality] ?? quality],
    [words.messages, words.transport[transport] ?? transport],
    [words.media, words.mediaStates[media] ?? media],
  ]
  return (
    <Popover
      label={words.heading}
      align="start"
      side={side}
      button={(trigger) => (
        <button
          type="button"
          className={`${styles.trigger} ${weak ? styles.weak : ''}`}
          data-testid={testids.network}
          data-transport={transport}
          aria-label={words.heading}
          title={words.heading}
          {...trigger}
        >
          <Icon size={18} aria-hidden="true" />
        </button>
      )}
    >
      {() => (
        <>
          <dl className={styles.rows}>
            {rows.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
          {media !== 'none' && (
            <button
              type="button"
              role="switch"
              aria-checked={audioOnly}
              className={styles.switch}
              data-testid={testids.audioOnly}
              onClick={() => setAudioOnly(!audioOnly)}
            >
              <span>
                {words.audioOnly}
                <small>{words.audioOnlyHow}</small>
              </span>
              <span className={styles.track} aria-hidden="true" />
            </button>
          )}
        </>
      )}
    </Popover>
  )
}
