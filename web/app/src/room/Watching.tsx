import { Eye } from 'lucide-react'
import { strings } from '../strings'
import { testids } from '../testids'
import styles from './Watching.module.css'

// How many watch: they have no tiles, and no words when they come and go.
export const Watching = ({ count }: { count: number }) => (
  <span
    className={styles.watching}
    data-testid={testids.watching}
    data-count={count}
    title={strings.room.watching(count)}
  >
    <Eye size={18} aria-hidden="true" />
    <span aria-hidden="true">{count}</span>
    <span className="unseen">{strings.room.watching(count)}</span>
  </span>
)
