import { ArrowRight, Shuffle } from 'lucide-react'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { personName, roomName } from '../names'
import { remember, remembered } from '../preferences'
import { go, pathOf } from '../route'
import { strings } from '../strings'
import { testids } from '../testids'
import { Button } from '../ui/Button'
import { LanguagePicker } from '../ui/LanguagePicker'
import { Wordmark } from '../ui/Wordmark'
import styles from './Lobby.module.css'
import { Mosaic } from './Mosaic'
import { suggestRoom } from './suggest'

export const Lobby = ({ room: given }: { room: string }) => {
  const [name, setName] = useState(() => remembered('name'))
  const [room, setRoom] = useState(() => roomName(given) || remembered('room') || suggestRoom())
  const nameField = useRef<HTMLInputElement>(null)
  const roomField = useRef<HTMLInputElement>(null)

  useEffect(() => {
    document.title = strings.product
  }, [])

  const submit = (event: FormEvent) => {
    event.preventDefault()
    const target = roomName(room)
    if (target === '') {
      roomField.current?.focus()
      return
    }
    const own = personName(name)
    if (own === '') {
      nameField.current?.focus()
      return
    }
    remember('name', own)
    remember('room', target)
    go(pathOf(target))
  }

  return (
    <main className={styles.lobby} data-testid={testids.lobby}>
      <header className={styles.top}>
        <Wordmark />
        <LanguagePicker />
      </header>
      <div className={styles.middle}>
        <section className={styles.words}>
          <h1 className={styles.headline}>{strings.lobby.headline}</h1>
          <p className={styles.line}>{strings.lobby.line}</p>
          <form className={styles.form} onSubmit={submit} noValidate>
            <label className={styles.field}>
              <span>{strings.lobby.name}</span>
              <input
                ref={nameField}
                data-testid={testids.name}
                value={name}
                onChange={(e) => setName(e.target.value)}
                placeholder={strings.lobby.namePlaceholder}
                autoComplete="name"
                autoFocus={name === ''}
                maxLength={64}
                required
              />
            </label>
            <label className={styles.field}>
              <span>{strings.lobby.room}</span>
              <span className={styles.withButton}>
                <input
                  ref={roomField}
                  data-testid={testids.room}
                  value={room}
                  onChange={(e) => setRoom(e.target.value)}
                  autoComplete="off"
                  autoCapitalize="none"
                  autoCorrect="off"
                  spellCheck={false}
                  maxLength={64}
                  required
                />
                <button
                  type="button"
                  className={styles.another}
                  onClick={() => setRoom(suggestRoom())}
                  aria-label={strings.lobby.another}
                  title={strings.lobby.another}
                >
                  <Shuffle size={18} aria-hidden="true" />
                </button>
              </span>
            </label>
            <Button
              type="submit"
              look="primary"
              size="large"
              data-testid={testids.continue}
              className={styles.go}
            >
              {strings.lobby.go}
              <ArrowRight className="flips" size={20} aria-hidden="true" />
            </Button>
          </form>
          <p className={styles.foot}>{strings.lobby.foot}</p>
        </section>
        <Mosaic />
      </div>
    </main>
  )
}
