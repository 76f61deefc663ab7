// The frame of what stands beside the people: a heading, what closes it, and the rest.

import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { strings } from '../strings'
import { useFocusReturn } from '../ui/useFocusReturn'
import styles from './PanelFrame.module.css'

interface Props {
  heading: ReactNode
  label: string
  testid: string
  close: () => void
  children: ReactNode
}

export const PanelFrame = ({ heading, label, testid, close, children }: Props) => {
  useFocusReturn()
  return (
    <section className={styles.panel} data-testid={testid} aria-label={label}>
      <header className={styles.head}>
        <h2>{heading}</h2>
        <button
          type="button"
          className={styles.close}
          onClick={close}
          aria-label={strings.room.close}
          autoFocus
        >
          <X size={20} aria-hidden="true" />
        </button>
      </header>
      {children}
    </section>
  )
}
