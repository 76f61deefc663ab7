import type { ReactNode } from 'react'
import styles from './Switch.module.css'

interface Props {
  on: boolean
  turn: (on: boolean) => void
  label: string
  // What it means, in smaller words.
  how?: ReactNode
  testid?: string
}

export const Switch = ({ on, turn, label, how, testid }: Props) => (
  <button
    type="button"
    role="switch"
    aria-checked={on}
    className={styles.switch}
    data-testid={testid}
    onClick={() => turn(!on)}
  >
    <span>
      {label}
      {how !== undefined && <small>{how}</small>}
    </span>
    <span className={styles.track} aria-hidden="true" />
  </button>
)
