// In front of a room: somebody has to let one in.

import { LoaderCircle } from 'lucide-react'
import { useEffect } from 'react'
import page from '../ended/Ended.module.css'
import { go } from '../route'
import { strings } from '../strings'
import { testids } from '../testids'
import { Button } from '../ui/Button'
import { Wordmark } from '../ui/Wordmark'
import styles from './Waiting.module.css'

interface Props {
  room: string
  // Somebody is there who could.
  attended: boolean
}

export const Waiting = ({ room, attended }: Props) => {
  useEffect(() => {
    document.title = strings.wait.title(room)
    return () => {
      document.title = strings.titleInRoom(room)
    }
  }, [room])
  return (
    <main className={page.page} data-testid={testids.waiting} data-attended={attended}>
      <header className={page.top}>
        <Wordmark />
      </header>
      <div className={page.middle}>
        <section className={page.card} role="status">
          <p className={page.room}>{room}</p>
          <h1>{strings.wait.heading}</h1>
          <p className={page.text}>{attended ? strings.wait.attended : strings.wait.unattended}</p>
          <p className={styles.quiet}>
            <LoaderCircle size={20} aria-hidden="true" className={styles.spin} />
            {strings.wait.unseen}
          </p>
          <div className={page.ways}>
            <Button data-testid={testids.home} onClick={() => go('/')}>
              {strings.wait.stop}
            </Button>
          </div>
        </section>
      </div>
    </main>
  )
}
