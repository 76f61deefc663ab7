import { useStore } from '../store'
import { testids } from '../testids'
import type { Notices } from './Notices'
import styles from './Toasts.module.css'

export const Toasts = ({ notices, open }: { notices: Notices; open: () => void }) => {
  const list = useStore(notices.state)
  return (
    <div className={styles.toasts}>
      {list.map((notice) =>
        notice.chat || notice.act !== undefined ? (
          <button
            key={notice.id}
            type="button"
            className={`${styles.toast} ${styles.chat}`}
            data-testid={testids.notice}
            onClick={notice.act ?? open}
          >
            <span>{notice.text}</span>
          </button>
        ) : (
          <p key={notice.id} className={styles.toast} data-testid={testids.notice}>
            {notice.text}
          </p>
        ),
      )}
    </div>
  )
}
