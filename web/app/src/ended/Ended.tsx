// What happened, and the ways on.

import { useEffect, useState } from 'react'
import { endingOf, type Way } from '../errors'
import { embedded, go } from '../route'
import { strings } from '../strings'
import { testids } from '../testids'
import { Button } from '../ui/Button'
import { Wordmark } from '../ui/Wordmark'
import styles from './Ended.module.css'

interface Props {
  room: string
  code: string
  trying: boolean
  // When the page tries again by itself, in milliseconds since 1970.
  nextTry: number | undefined
  again: () => void
}

export const Ended = ({ room, code, trying, nextTry, again }: Props) => {
  const ending = endingOf(code)
  const ways = ending.ways.filter((way) => !(embedded && way === 'home'))
  const act: Record<Way, () => void> = {
    rejoin: again,
    retry: again,
    here: again,
    reload: () => location.reload(),
    home: () => go('/'),
  }
  const label: Record<Way, string> = {
    rejoin: strings.ended.rejoin,
    retry: strings.ended.retry,
    here: strings.ended.here,
    reload: strings.ended.reload,
    home: strings.ended.home,
  }
  return (
    <main className={styles.page} data-testid={testids.ended} data-reason={code}>
      {!embedded && (
        <header className={styles.top}>
          <Wordmark />
        </header>
      )}
      <div className={styles.middle}>
        <section className={styles.card} role={ending.tone === 'calm' ? 'status' : 'alert'}>
          <p className={styles.room}>{room}</p>
          <h1>{ending.title}</h1>
          <p className={styles.text}>{ending.text}</p>
          {(trying || nextTry !== undefined) && (
            <p className={styles.next}>
              <span className={styles.pulse} aria-hidden="true" />
              {trying || nextTry === undefined ? strings.ended.retrying : <Countdown to={nextTry} />}
            </p>
          )}
          <div className={styles.ways}>
            {ways.map((way, i) => (
              <Button
                key={way}
                look={i === 0 ? 'primary' : 'plain'}
                data-testid={
                  way === 'home' ? testids.home : way === 'reload' ? testids.reload : testids.rejoin
                }
                onClick={act[way]}
                autoFocus={i === 0}
              >
                {label[way]}
              </Button>
            ))}
          </div>
        </section>
      </div>
    </main>
  )
}

const left = (to: number) => Math.max(0, Math.ceil((to - Date.now()) / 1000))

const Countdown = ({ to }: { to: number }) => {
  const [seconds, setSeconds] = useState(() => left(to))
  useEffect(() => {
    const timer = setInterval(() => setSeconds(left(to)), 250)
    return () => clearInterval(timer)
  }, [to])
  return <span>{seconds === 0 ? strings.ended.retrying : strings.ended.retryIn(seconds)}</span>
}
