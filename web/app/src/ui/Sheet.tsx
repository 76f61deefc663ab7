// A sheet over the page that wants to be looked at alone. Esc and a click beside it close it.

import { X } from 'lucide-react'
import { type ReactNode, useEffect, useId, useRef } from 'react'
import { strings } from '../strings'
import styles from './Sheet.module.css'

interface Props {
  heading: string
  testid: string
  close: () => void
  children: ReactNode
}

export const Sheet = ({ heading, testid, close, children }: Props) => {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()

  useEffect(() => {
    const element = dialog.current
    const opener = document.activeElement
    element?.showModal()
    return () => {
      element?.close()
      if (opener instanceof HTMLElement) opener.focus()
    }
  }, [])

  return (
    <dialog
      ref={dialog}
      className={styles.sheet}
      aria-labelledby={id}
      data-testid={testid}
      onCancel={(event) => {
        event.preventDefault()
        close()
      }}
      // Esc is for the sheet, not for what lies beneath.
      onKeyDown={(event) => event.stopPropagation()}
      onClick={(event) => {
        if (event.target === dialog.current) close()
      }}
    >
      <div className={styles.inner}>
        <header className={styles.head}>
          <h2 id={id}>{heading}</h2>
          <button type="button" className={styles.close} onClick={close} aria-label={strings.room.close}>
            <X size={20} aria-hidden="true" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  )
}
