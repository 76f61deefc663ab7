// Whose turn it is: raised hands in the order in which they were raised.

import { Hand } from 'lucide-react'
import { strings } from '../strings'
import { testids } from '../testids'
import { Avatar } from '../ui/Avatar'
import { Button } from '../ui/Button'
import styles from './RaisedHands.module.css'
import type { Person } from './roomView'

interface Props {
  hands: readonly string[]
  people: readonly Person[]
  // Lowers a hand. One's own everybody may, those of others who moderates.
  lower: (id: string) => void
  moderates: boolean
}

export const RaisedHands = ({ hands, people, lower, moderates }: Props) => {
  const raised = hands.flatMap((id) => people.find((p) => p.id === id) ?? [])
  if (raised.length === 0) return null
  return (
    <section className={styles.hands} aria-label={strings.room.hands}>
      <header className={styles.head}>
        <h3>{strings.room.hands}</h3>
        {moderates && raised.length > 1 && (
          <Button
            look="quiet"
            size="small"
            data-testid={testids.lowerAll}
            onClick={() => raised.forEach(({ id }) => lower(id))}
          >
            {strings.room.lowerAll}
          </Button>
        )}
      </header>
      <ol>
        {raised.map((person, i) => {
          const name = person.name || strings.room.someone
          const label = person.local ? strings.room.lowerHand : strings.room.lowerTheirs(name)
          return (
            <li key={person.id} className={styles.hand}>
              <span className={styles.place}>{i + 1}</span>
              <Avatar id={person.id} name={person.name} />
              <span className={styles.name}>
                {name}
                {person.local && <span className={styles.you}> {strings.room.you}</span>}
              </span>
              {person.local || moderates ? (
                <button
                  type="button"
                  className={styles.lower}
                  data-testid={testids.lowerHand}
                  aria-label={label}
                  title={label}
                  onClick={() => lower(person.id)}
                >
                  <Hand size={18} aria-hidden="true" />
                </button>
              ) : (
                <Hand size={18} aria-hidden="true" className={styles.up} />
              )}
            </li>
          )
        })}
      </ol>
    </section>
  )
}
