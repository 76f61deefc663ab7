import { ArrowDown, MessageCircle, RotateCcw, SendHorizontal, X } from 'lucide-react'
import {
  type ClipboardEvent,
  type FormEvent,
  type KeyboardEvent,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react'
import { useStore } from '../store'
import { language, strings, timeOfDay } from '../strings'
import { testids } from '../testids'
import { useFocusReturn } from '../ui/useFocusReturn'
import { Attach } from './Attach'
import styles from './Chat.module.css'
import { type ChatLog, type ChatMessage, LONGEST } from './ChatLog'
import { sizeOf } from './file'
import { FileCard } from './FileCard'
import { linkify } from './linkify'
import { useDrop } from './useDrop'

interface Props {
  log: ChatLog
  // False: this person's invitation is for reading only.
  maySend: boolean
  send: (text: string) => void
  again: (key: string) => void
  // Undefined: files are not to be sent.
  attach: ((files: readonly File[]) => void) | undefined
  // Bytes of the largest file that is taken.
  largest: number
  // Takes back what has not gone.
  drop: (key: string) => void
  fileUrl: (id: string) => string
  close: () => void
}

// Lines of one person within this time stand under one name.
const TOGETHER = 3 * 60_000

const follows = (message: ChatMessage, before: ChatMessage | undefined): boolean =>
  before !== undefined &&
  before.from === message.from &&
  message.at.getTime() - before.at.getTime() < TOGETHER

const Words = ({ text }: { text: string }) =>
  linkify(text).map((piece, i) =>
    piece.kind === 'link' ? (
      <a key={i} href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
        {piece.text}
      </a>
    ) : (
      piece.text
    ),
  )

// Trying again would change nothing.
const FINAL = new Set(['too_large', 'not_allowed'])

const What = ({ message, fileUrl, drop }: { message: ChatMessage } & Pick<Props, 'fileUrl' | 'drop'>) => {
  const { file, text } = message
  if (file === undefined)
    return (
      <p className={styles.words} data-text dir="auto">
        <Words text={text} />
      </p>
    )
  return (
    <FileCard
      file={file}
      url={file.id === undefined ? undefined : fileUrl(file.id)}
      progress={message.state === 'pending' ? (message.progress ?? 1) : undefined}
      cancel={() => drop(message.key)}
    />
  )
}

const Failed = ({
  message,
  largest,
  again,
  drop,
}: { message: ChatMessage } & Pick<Props, 'largest' | 'again' | 'drop'>) => {
  const failure = message.failure ?? ''
  const why =
    message.file === undefined
      ? strings.chat.failed
      : strings.chat.notTaken(failure, sizeOf(largest, language.get().code))
  return (
    <div className={styles.ways}>
      {FINAL.has(failure) ? (
        <span className={styles.failed}>{why}</span>
      ) : (
        <button type="button" className={styles.failed} onClick={() => again(message.key)}>
          <RotateCcw size={14} aria-hidden="true" />
          {why}. {strings.preview.tryAgain}
        </button>
      )}
      {message.file !== undefined && (
        <button type="button" className={styles.failed} onClick={() => drop(message.key)}>
          {strings.chat.remove}
        </button>
      )}
    </div>
  )
}

export const Chat = ({ log, maySend, send, again, attach, largest, drop, fileUrl, close }: Props) => {
  const { messages } = useStore(log.state)
  const [draft, setDraft] = useState('')
  const [below, setBelow] = useState(false)
  const list = useRef<HTMLOListElement>(null)
  const input = useRef<HTMLTextAreaElement>(null)
  const atEnd = useRef(true)

  useFocusReturn()

  useEffect(() => {
    log.setOpen(true)
    input.current?.focus()
    return () => log.setOpen(false)
  }, [log])

  const toEnd = () => {
    const element = list.current
    if (element !== null) element.scrollTop = element.scrollHeight
  }

  // Goes with new messages only while the last one was in view: who reads further up is left there.
  useLayoutEffect(() => {
    if (atEnd.current || messages.at(-1)?.state === 'pending') toEnd()
    else setBelow(true)
  }, [messages])

  // The field grows with what is written, to a point.
  useLayoutEffect(() => {
    const element = input.current
    if (element === null) return
    element.style.height = 'auto'
    element.style.height = `${Math.min(element.scrollHeight, 140)}px`
  }, [draft])

  const submit = (event?: FormEvent) => {
    event?.preventDefault()
    const text = draft.trim()
    if (text === '') return
    send(text)
    setDraft('')
    input.current?.focus()
  }

  const dropping = useDrop(attach)

  const paste = (event: ClipboardEvent) => {
    const { files, types } = event.clipboardData
    // Office programs put a picture of the words beside the words.
    if (attach === undefined || files.length === 0 || types.includes('text/plain')) return
    event.preventDefault()
    attach([...files])
  }

  const keys = (event: KeyboardEvent) => {
    // Enter that ends the composing of a character is not meant for us.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    submit()
  }

  return (
    <section
      className={styles.chat}
      data-testid={testids.chat}
      aria-label={strings.chat.heading}
      {...dropping.handlers}
    >
      <header className={styles.head}>
        <h2>{strings.chat.heading}</h2>
        <button type="button" className={styles.close} onClick={close} aria-label={strings.room.close}>
          <X size={20} aria-hidden="true" />
        </button>
      </header>

      <ol
        ref={list}
        className={styles.messages}
        data-testid={testids.messages}
        tabIndex={0}
        aria-label={strings.chat.heading}
        onScroll={(event) => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget
          atEnd.current = scrollHeight - scrollTop - clientHeight < 40
          if (atEnd.current) setBelow(false)
        }}
      >
        {messages.length === 0 && (
          <li className={styles.empty}>
            <MessageCircle size={28} aria-hidden="true" />
            <strong>{strings.chat.empty}</strong>
            <span>{strings.chat.emptyHow}</span>
          </li>
        )}
        {messages.map((message, i) => {
          const goesOn = follows(message, messages[i - 1])
          return (
            <li
              key={message.key}
              className={`${styles.message} ${message.mine ? styles.mine : ''} ${goesOn ? styles.goesOn : ''}`}
              data-testid={testids.message}
              data-from={message.from}
              data-state={message.state}
            >
              {!goesOn && (
                <div className={styles.who}>
                  <strong>{message.mine ? strings.chat.mine : message.name || strings.room.someone}</strong>
                  <time dateTime={message.at.toISOString()}>{timeOfDay(message.at)}</time>
                </div>
              )}
              <What message={message} fileUrl={fileUrl} drop={drop} />
              {message.state === 'pending' && <span className="unseen">{strings.chat.sending}</span>}
              {message.state === 'failed' && (
                <Failed message={message} largest={largest} again={again} drop={drop} />
              )}
            </li>
          )
        })}
      </ol>

      {below && (
        <button type="button" className={styles.below} onClick={toEnd}>
          <ArrowDown size={16} aria-hidden="true" />
          {strings.chat.newBelow}
        </button>
      )}

      {maySend ? (
        <form className={styles.form} onSubmit={submit}>
          {attach !== undefined && <Attach attach={attach} />}
          <textarea
            ref={input}
            data-testid={testids.chatInput}
            className={styles.input}
            rows={1}
            value={draft}
            onChange={(e) => setDraft(e.target.value)}
            onKeyDown={keys}
            onPaste={paste}
            placeholder={strings.chat.placeholder}
            aria-label={strings.chat.placeholder}
            maxLength={LONGEST}
            enterKeyHint="send"
          />
          <button
            type="submit"
            data-testid={testids.chatSend}
            className={styles.send}
            disabled={draft.trim() === ''}
            aria-label={strings.chat.send}
            title={strings.chat.send}
          >
            <SendHorizontal className="flips" size={20} aria-hidden="true" />
          </button>
        </form>
      ) : (
        <p className={styles.readOnly}>{strings.chat.readOnly}</p>
      )}
      {dropping.over && <p className={styles.drop}>{strings.chat.drop}</p>}
    </section>
  )
}
