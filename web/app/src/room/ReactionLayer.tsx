// Reactions as they pass over the stage. Screen readers are told by the Announcer.

import type { CSSProperties } from 'react'
import { useStore } from '../store'
import type { Reactions } from './reactions'
import styles from './ReactionLayer.module.css'

export const ReactionLayer = ({ reactions }: { reactions: Reactions }) => {
  const { floating } = useStore(reactions.state)
  return (
    <div className={styles.layer} aria-hidden="true">
      {floating.map(({ id, emoji, name, lane }) => (
        <span key={id} className={styles.floating} style={{ '--lane': lane } as CSSProperties}>
          <span className={styles.emoji}>{emoji}</span>
          <span className={styles.name}>{name}</span>
        </span>
      ))}
    </div>
  )
}
