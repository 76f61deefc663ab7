// The open board, with the people beside it or without them.

import { lazy, type ReactNode, Suspense, useCallback, useEffect, useRef, useState } from 'react'
import type { Call } from '../room/Call'
import { useStore } from '../store'
import { strings } from '../strings'
import { testids } from '../testids'
import type { Drawing } from './Board'
import styles from './BoardFrame.module.css'
import { BoardHeader } from './BoardHeader'

const Board = lazy(async () => {
  // Where Excalidraw finds its fonts.
  window.EXCALIDRAW_ASSET_PATH = '/assets/board/'
  return import('./Board')
})

interface Props {
  call: Call
  // What passes over the people, for when they are not shown.
  notices: ReactNode
  // The people.
  children: ReactNode
}

export const BoardFrame = ({ call, notices, children }: Props) => {
  const { boards } = call
  const { boards: all, open } = useStore(boards.view)
  const frame = useRef<HTMLDivElement>(null)
  const [alone, setAlone] = useState(false)
  const [full, setFull] = useState(false)
  const [drawing, setDrawing] = useState<Drawing>()
  const board = all.find((b) => b.id === open)
  const refused = useCallback(
    (code: string) => call.notices.say(strings.board.refused[code] ?? strings.board.notSaved),
    [call],
  )

  useEffect(() => {
    const look = () => setFull(document.fullscreenElement === frame.current && frame.current !== null)
    document.addEventListener('fullscreenchange', look)
    return () => document.removeEventListener('fullscreenchange', look)
  }, [])
  useEffect(() => {
    if (board === undefined && document.fullscreenElement === frame.current && frame.current !== null)
      void document.exitFullscreen()
  }, [board])

  const turnFull = () => {
    if (document.fullscreenElement === null) void frame.current?.requestFullscreen().catch(() => undefined)
    else void document.exitFullscreen()
  }

  return (
    <div
      ref={frame}
      className={styles.frame}
      data-board={board === undefined ? 'closed' : alone ? 'alone' : 'beside'}
    >
      {board !== undefined && (
        <section
          className={styles.section}
          aria-label={strings.board.named(board.name)}
          data-testid={testids.board}
          data-own-keys=""
        >
          <BoardHeader
            boards={boards}
            board={board}
            drawing={drawing}
            alone={alone}
            setAlone={setAlone}
            full={full}
            turnFull={turnFull}
          />
          <Suspense fallback={<p className={styles.loading}>{strings.board.loading}</p>}>
            <Board
              key={board.id}
              room={call.room}
              boards={boards}
              board={board.id}
              refused={refused}
              ready={setDrawing}
            />
          </Suspense>
          {alone && notices}
        </section>
      )}
      <div className={styles.people}>{children}</div>
    </div>
  )
}

declare global {
  interface Window {
    EXCALIDRAW_ASSET_PATH?: string | string[]
  }
}
