// Above a board: which it is, who else is on it, and what can be done with it.

import { Columns2, Download, Maximize, Minimize, Square, X } from 'lucide-react'
import { useState } from 'react'
import { useStore } from '../store'
import { strings } from '../strings'
import { testids } from '../testids'
import { Avatar } from '../ui/Avatar'
import { Button } from '../ui/Button'
import { Popover } from '../ui/Popover'
import type { Drawing } from './Board'
import styles from './BoardHeader.module.css'
import { BoardPicker } from './BoardPicker'
import type { Boards } from './Boards'
import type { Board } from './list'

interface Props {
  boards: Boards
  board: Board
  drawing: Drawing | undefined
  alone: boolean
  setAlone: (alone: boolean) => void
  full: boolean
  turnFull: () => void
}

export const BoardHeader = ({ boards, board, drawing, alone, setAlone, full, turnFull }: Props) => {
  const { mayWrite } = boards
  return (
    <header className={styles.header}>
      <BoardPicker boards={boards} board={board} />
      {!mayWrite && <span className={styles.reading}>{strings.board.readOnly}</span>}
      <span className={styles.space} />
      <Company boards={boards} board={board.id} />
      <BoardMenu drawing={drawing} name={board.name} clears={mayWrite} />
      <Tool
        label={alone ? strings.board.beside : strings.board.alone}
        testid={testids.boardAlone}
        on={alone}
        act={() => setAlone(!alone)}
      >
        {alone ? <Columns2 size={18} aria-hidden="true" /> : <Square size={18} aria-hidden="true" />}
      </Tool>
      {document.fullscreenEnabled && (
        <Tool label={strings.room.fullscreen} testid={testids.boardFull} on={full} act={turnFull}>
          {full ? <Minimize size={18} aria-hidden="true" /> : <Maximize size={18} aria-hidden="true" />}
        </Tool>
      )}
      <Tool label={strings.board.close} testid={testids.boardClose} act={() => boards.open(undefined)}>
        <X size={18} aria-hidden="true" />
      </Tool>
    </header>
  )
}

const Tool = ({
  label,
  testid,
  on,
  act,
  children,
}: {
  label: string
  testid: string
  on?: boolean
  act: () => void
  children: React.ReactNode
}) => (
  <button
    type="button"
    className={`${styles.tool} ${on === true ? styles.on : ''}`}
    data-testid={testid}
    aria-label={label}
    aria-pressed={on}
    title={label}
    onClick={act}
  >
    {children}
  </button>
)

const FACES = 3

// Who else is on the board.
const Company = ({ boards, board }: { boards: Boards; board: string }) => {
  const { on } = useStore(boards.view)
  const count = on.get(board) ?? 0
  if (count === 0) return null
  const people = boards.people(board)
  const names = people.map(({ name }) => name || strings.room.someone)
  const label = strings.board.company(names.slice(0, FACES), count)
  return (
    <p
      className={styles.company}
      role="img"
      aria-label={label}
      title={label}
      data-testid={testids.boardCompany}
    >
      {people.slice(0, FACES).map(({ id, name }) => (
        <Avatar key={id} id={id} name={name} className={styles.face} />
      ))}
      {count > FACES && <span>+{count - FACES}</span>}
    </p>
  )
}

const FORMATS = ['png', 'svg', 'excalidraw'] as const

const BoardMenu = ({
  drawing,
  name,
  clears,
}: {
  drawing: Drawing | undefined
  name: string
  clears: boolean
}) => {
  const [asking, setAsking] = useState(false)
  return (
    <Popover
      label={strings.board.menu}
      align="end"
      side="below"
      button={(trigger) => (
        <button
          type="button"
          className={styles.tool}
          data-testid={testids.boardMenu}
          aria-label={strings.board.menu}
          title={strings.board.menu}
          disabled={drawing === undefined}
          {...trigger}
          onClick={() => {
            setAsking(false)
            trigger.onClick()
          }}
        >
          <Download size={18} aria-hidden="true" />
        </button>
      )}
    >
      {(close) =>
        asking ? (
          <div className={styles.ask} role="group" aria-label={strings.board.clearAll}>
            <p>{strings.board.clearHow}</p>
            <Button
              look="danger"
              size="small"
              data-testid={testids.boardConfirm}
              onClick={() => {
                drawing?.clear()
                close()
              }}
            >
              {strings.board.clear}
            </Button>
            <Button size="small" onClick={() => setAsking(false)}>
              {strings.board.keep}
            </Button>
          </div>
        ) : (
          <div className={styles.items}>
            {FORMATS.map((format) => (
              <button
                key={format}
                type="button"
                className={styles.item}
                data-testid={testids.boardSave}
                data-format={format}
                onClick={() => {
                  void drawing?.save(format, name)
                  close()
                }}
              >
                {strings.board.formats[format]}
              </button>
            ))}
            {clears && (
              <button
                type="button"
                className={`${styles.item} ${styles.danger}`}
                data-testid={testids.boardClear}
                onClick={() => setAsking(true)}
              >
                {strings.board.clear}
              </button>
            )}
          </div>
        )
      }
    </Popover>
  )
}
