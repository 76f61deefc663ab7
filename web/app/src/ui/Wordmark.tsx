import { strings } from '../strings'
import styles from './Wordmark.module.css'

export const Wordmark = () => (
  <span className={styles.wordmark}>
    <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
      <path className={styles.wall} d="M4 30V15a12 12 0 0 1 24 0v15z" />
      <path className={styles.light} d="M11 30V16a5 5 0 0 1 10 0v14z" />
    </svg>
    {strings.product}
  </span>
)
