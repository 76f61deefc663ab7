// Who waits to be let in, above the stage, for those who may let them in.

import { Check, X } from 'lucide-react'
import { useStore } from '../store'
import { strings } from '../strings'
import { testids } from '../testids'
import { Avatar } from '../ui/Avatar'
import { Button } from '../ui/Button'
import type { Hosting, HostState } from './Hosting'
import styles from './Knocks.module.css'

export const Knocks = ({ host }: { host: Hosting }) => {
  const { waiting, knocked } = useStore(host.state)
  return (
    <>
      <div className="unseen" role="status">
        {knocked}
      </div>
      {waiting.length > 0 && <List host={host} waiting={waiting} />}
    </>
  )
}

const List = ({ host, waiting }: { host: Hosting; waiting: HostState['waiting'] }) => {
  const heading = strings.host.waiting(waiting.length)
  return (
    <section className={styles.knocks} data-testid={testids.knocks} aria-label={heading}>
      <header className={styles.head}>
        <h2>{heading}</h2>
        {waiting.length > 1 && (
          <Button look="primary" size="small" data-testid={testids.admitAll} onClick={() => host.admit()}>
            {strings.host.admitAll}
          </Button>
        )}
      </header>
      <ul className={styles.list}>
        {waiting.map(({ id, name, identity }) => {
          const called = name || strings.room.someone
          return (
            <li key={id} className={styles.one}>
              <Avatar id={id} name={name} />
              <span className={styles.name}>
                {called}
                {identity !== '' && identity !== name && <span className={styles.identity}> {identity}</span>}
              </span>
              <button
                type="button"
                className={styles.deny}
                data-testid={testids.deny}
                onClick={() => host.deny(id)}
                aria-label={strings.host.deny(called)}
                title={strings.host.deny(called)}
              >
                <X size={20} aria-hidden="true" />
              </button>
              <button
                type="button"
                className={styles.admit}
                data-testid={testids.admit}
                onClick={() => host.admit(id)}
                aria-label={strings.host.admit(called)}
                title={strings.host.admit(called)}
              >
                <Check size={20} aria-hidden="true" />
              </button>
            </li>
          )
        })}
      </ul>
    </section>
  )
}
