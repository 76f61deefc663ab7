// A choice of a few, side by side.

import type { LucideIcon } from 'lucide-react'
import styles from './Segments.module.css'

interface Props<T extends string> {
  label: string
  choices: readonly { value: T; label: string; icon: LucideIcon }[]
  value: T
  choose: (value: T) => void
  // In a menu they are items of it.
  inMenu: boolean
}

export const Segments = <T extends string>({ label, choices, value, choose, inMenu }: Props<T>) => (
  <div role={inMenu ? 'group' : 'radiogroup'} aria-label={label} className={styles.segments}>
    {choices.map(({ value: own, label: name, icon: Icon }) => (
      <button
        key={own}
        type="button"
        role={inMenu ? 'menuitemradio' : 'radio'}
        aria-checked={own === value}
        className={styles.segment}
        onClick={() => choose(own)}
      >
        <Icon size={20} aria-hidden="true" />
        {name}
      </button>
    ))}
  </div>
)
