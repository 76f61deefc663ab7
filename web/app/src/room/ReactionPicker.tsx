import { strings } from '../strings'
import { EMOJI, type Emoji } from './reactions'
import styles from './ReactionPicker.module.css'

// One after the other can be sent: it stays open.
export const ReactionPicker = ({ send, inMenu }: { send: (emoji: Emoji) => void; inMenu: boolean }) => (
  <div className={styles.row} role="group" aria-label={strings.room.react}>
    {EMOJI.map((emoji) => (
      <button
        key={emoji}
        type="button"
        role={inMenu ? 'menuitem' : undefined}
        className={styles.emoji}
        aria-label={strings.reactions[emoji]}
        title={strings.reactions[emoji]}
        onClick={() => send(emoji)}
      >
        {emoji}
      </button>
    ))}
  </div>
)
