// A small panel that belongs to a button. Esc and a click elsewhere close it; the focus goes back to the button.

import { type ReactNode, type RefObject, useEffect, useId, useRef, useState } from 'react'
import styles from './Popover.module.css'

export interface PopoverTrigger {
  ref: RefObject<HTMLButtonElement | null>
  onClick: () => void
  'aria-expanded': boolean
  'aria-controls': string | undefined
  'aria-haspopup': 'dialog' | 'menu'
}

interface Props {
  label: string
  // Which edge of the button the panel is in line with.
  align?: 'start' | 'center' | 'end'
  side?: 'above' | 'below'
  kind?: 'dialog' | 'menu'
  button: (trigger: PopoverTrigger) => ReactNode
  children: (close: () => void) => ReactNode
  className?: string | undefined
}

export const Popover = ({
  label,
  align = 'center',
  side = 'above',
  kind = 'dialog',
  button,
  children,
  className,
}: Props) => {
  const [open, setOpen] = useState(false)
  const id = useId()
  const root = useRef<HTMLDivElement>(null)
  const panel = useRef<HTMLDivElement>(null)
  const trigger = useRef<HTMLButtonElement>(null)

  const close = () => setOpen(false)

  useEffect(() => {
    if (!open) return
    const outside = (event: PointerEvent) => {
      if (event.target instanceof Node && root.current?.contains(event.target) === false) setOpen(false)
    }
    const keys = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return
      event.stopPropagation()
      setOpen(false)
    }
    const node = root.current
    const opener = trigger.current
    document.addEventListener('pointerdown', outside, true)
    node?.addEventListener('keydown', keys)
    const target = panel.current?.querySelector<HTMLElement>('input:checked, input, button, a')
    ;(target ?? panel.current)?.focus()
    return () => {
      document.removeEventListener('pointerdown', outside, true)
      node?.removeEventListener('keydown', keys)
      // The panel is gone, and what had the focus with it.
      if (document.activeElement === document.body) opener?.focus()
    }
  }, [open])

  return (
    <div ref={root} className={[styles.root, className].filter(Boolean).join(' ')}>
      {button({
        ref: trigger,
        onClick: () => setOpen((was) => !was),
        'aria-expanded': open,
        'aria-controls': open ? id : undefined,
        'aria-haspopup': kind,
      })}
      {open && (
        <div
          ref={panel}
          id={id}
          role={kind}
          aria-label={label}
          tabIndex={-1}
          className={`${styles.panel} ${styles[align]} ${styles[side]}`}
        >
          {children(close)}
        </div>
      )}
    </div>
  )
}
