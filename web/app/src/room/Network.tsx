// How the connection is, for those who want to know.

import { ArrowUpRight, Signal, SignalLow, WifiOff } from 'lucide-react'
import { useStore } from '../store'
import { strings } from '../strings'
import { testids } from '../testids'
import { Popover } from '../ui/Popover'
import { Switch } from '../ui/Switch'
import type { Call } from './Call'
import { doctorLink } from './invite'
import styles from './Network.module.css'
import { NetworkDetails } from './NetworkDetails'

export const Network = ({ call, side }: { call: Call; side: 'above' | 'below' }) => {
  const words = strings.network
  const view = useStore(call.view)
  const audioOnly = useStore(call.audioOnly)
  const me = view.people[0]
  const quality = me?.quality ?? 'unknown'
  const lost = view.reconnecting || quality === 'lost' || view.media === 'failed'
  const weak = lost || quality === 'poor'
  const Icon = lost ? WifiOff : weak ? SignalLow : Signal
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
          data-transport={view.transport}
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
          <NetworkDetails room={call.room} view={view} me={me} />
          {view.media !== 'none' && (
            <div className={styles.audio}>
              <Switch
                on={audioOnly}
                turn={(on) => call.setAudioOnly(on)}
                label={words.audioOnly}
                how={words.audioOnlyHow}
                testid={testids.audioOnly}
              />
            </div>
          )}
          <a className={styles.test} href={doctorLink()} target="_blank" rel="noopener">
            {words.test}
            <ArrowUpRight size={16} aria-hidden="true" />
          </a>
        </>
      )}
    </Popover>
  )
}
