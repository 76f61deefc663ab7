// The boards of the room: which one is open, and what can be done to each.

import { ChevronDown, Pencil, Plus, Presentation, Trash2 } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { useStore } from '../store'
import { strings } from '../strings'
import { testids } from '../testids'
import { Button } from '../ui/Button'
import { Popover } from '../ui/Popover'
import styles from './BoardHeader.module.css'
import type { Boards } from './Boards'
import { type Board, BOARDS_MOST, NAME_LONGEST } from './list'

type Doing = { what: 'rename' | 'delete'; board: Board } | undefined

export const BoardPicker = ({ boards, board }: { boards: Boards; board: Board }) => {
  const [doing, setDoing] = useState<Doing>()
  return (
    <Popover
      label={strings.board.all}
      align="start"
      side="below"
      button={(trigger) => (
        <button
          type="button"
          className={styles.name}
          data-testid={testids.boardPicker}
          title={strings.board.all}
          {...trigger}
          onClick={() => {
            setDoing(undefined)
            trigger.onClick()
          }}
        >
          <Presentation size={18} aria-hidden="true" />
          <h2>{board.name}</h2>
          <ChevronDown size={16} aria-hidden="true" />
        </button>
      )}
    >
      {(close) =>
        doing?.what === 'rename' ? (
          <Rename
            board={doing.board}
            done={(name) => {
              if (name !== undefined) boards.rename(doing.board, name)
              setDoing(undefined)
            }}
          />
        ) : doing?.what === 'delete' ? (
          <div className={styles.ask} role="group" aria-label={strings.board.remove(doing.board.name)}>
            <p>{strings.board.removeHow(doing.board.name)}</p>
            <Button
              look="danger"
              size="small"
              data-testid={testids.boardConfirm}
              onClick={() => {
                boards.remove(doing.board)
                close()
              }}
            >
              {strings.board.delete}
            </Button>
            <Button size="small" onClick={() => setDoing(undefined)}>
              {strings.board.keep}
            </Button>
          </div>
        ) : (
          <List boards={boards} open={board.id} close={close} setDoing={setDoing} />
        )
      }
    </Popover>
  )
}

const List = ({
  boards,
  open,
  close,
  setDoing,
}: {
  boards: Boards
  open: string
  close: () => void
  setDoing: (doing: Doing) => void
}) => {
  const { boards: all, on } = useStore(boards.view)
  return (
    <div className={styles.items}>
      <ul data-testid={testids.boardList}>
        {all.map((board) => (
          <li key={board.id} className={styles.row}>
            <button
              type="button"
              className={styles.item}
              aria-current={board.id === open}
              onClick={() => {
                boards.open(board.id)
                close()
              }}
            >
              <span>{board.name}</span>
              {(on.get(board.id) ?? 0) > 0 && (
                <span className={styles.count} aria-label={strings.room.hereNow(on.get(board.id) ?? 0)}>
                  {on.get(board.id)}
                </span>
              )}
            </button>
            {boards.mayWrite && (
              <>
                <button
                  type="button"
                  className={styles.tool}
                  data-testid={testids.boardRename}
                  aria-label={strings.board.renameIt(board.name)}
                  title={strings.board.renameIt(board.name)}
                  onClick={() => setDoing({ what: 'rename', board })}
                >
                  <Pencil size={16} aria-hidden="true" />
                </button>
                <button
                  type="button"
                  className={styles.tool}
                  data-testid={testids.boardDelete}
                  aria-label={strings.board.remove(board.name)}
                  title={strings.board.remove(board.name)}
                  onClick={() => setDoing({ what: 'delete', board })}
                >
                  <Trash2 size={16} aria-hidden="true" />
                </button>
              </>
            )}
          </li>
        ))}
      </ul>
      {boards.mayWrite && all.length < BOARDS_MOST && (
        <button
          type="button"
          className={`${styles.item} ${styles.add}`}
          data-testid={testids.boardAdd}
          onClick={() => {
            boards.add(strings.board.numbered)
            close()
          }}
        >
          <Plus size={16} aria-hidden="true" />
          <span>{strings.board.add}</span>
        </button>
      )}
    </div>
  )
}

const Rename = ({ board, done }: { board: Board; done: (name: string | undefined) => void }) => {
  const [name, setName] = useState(board.name)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    done(name)
  }
  return (
    <form className={styles.rename} onSubmit={submit}>
      <label>
        {strings.board.name}
        <input
          value={name}
          maxLength={NAME_LONGEST}
          autoFocus
          data-testid={testids.boardName}
          onChange={(event) => setName(event.target.value)}
          onFocus={(event) => event.target.select()}
        />
      </label>
      <Button look="primary" size="small" type="submit" disabled={name.trim() === ''}>
        {strings.board.rename}
      </Button>
      <Button size="small" onClick={() => done(undefined)}>
        {strings.board.cancel}
      </Button>
    </form>
  )
}
