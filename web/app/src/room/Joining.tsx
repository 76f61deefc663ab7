import { LoaderCircle } from 'lucide-react'
import { strings } from '../strings'
import styles from './Joining.module.css'

// Going in again: a moment only, so nothing much to look at.
export const Joining = ({ room }: { room: string }) => (
  <main className={styles.joining} role="status">
    <LoaderCircle size={26} aria-hidden="true" />
    <p>
      {strings.preview.joining} {room}
    </p>
  </main>
)
