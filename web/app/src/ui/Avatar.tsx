import type { CSSProperties } from 'react'
import { UserRound } from 'lucide-react'
import { hueOf, initials } from './avatar'
import styles from './Avatar.module.css'

// A decoration: the name stands beside it wherever it is used.
export const Avatar = ({
  id,
  name,
  className,
}: {
  id: string
  name: string
  className?: string | undefined
}) => {
  const letters = initials(name)
  return (
    <span
      className={[styles.avatar, className].filter(Boolean).join(' ')}
      style={{ '--hue': hueOf(id) } as CSSProperties}
      aria-hidden="true"
    >
      {letters === '' ? <UserRound size="48%" /> : letters}
    </span>
  )
}
