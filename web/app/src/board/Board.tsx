// Excalidraw on one board of the room. All of it is fetched when the first board is opened.

import { CaptureUpdateAction, Excalidraw, MainMenu, newElementWith, THEME } from '@excalidraw/excalidraw'
import '@excalidraw/excalidraw/index.css'
import type { BinaryFileData, ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types'
import { useEffect, useRef, useState } from 'react'
import type { Room } from '/sdk/parlor.js'
import styles from './Board.module.css'
import type { Boards } from './Boards'
import { BoardSync } from './BoardSync'
import { codeOf } from '../errors'
import { strings } from '../strings'
import { ExcalidrawCanvas } from './ExcalidrawCanvas'
import { PICTURES, Pictures } from './Pictures'
import { download, fileOf, type Format } from './save'
import { sketchOf } from './sketch'
import { useLight } from './useLight'

// What can be done to a drawing from outside.
export interface Drawing {
  save: (format: Format, name: string) => Promise<void>
  clear: () => void
}

interface Props {
  room: Room
  boards: Boards
  board: string
  refused: (code: string) => void
  ready: (drawing: Drawing | undefined) => void
}

// Excalidraw's names for the languages of the page.
const LANGUAGES: Record<string, string> = { en: 'en', de: 'de-DE', es: 'es-ES', ar: 'ar-SA' }

const OPTIONS = {
  canvasActions: {
    changeViewBackgroundColor: false,
    clearCanvas: false,
    loadScene: false,
    saveToActiveFile: false,
    toggleTheme: false,
    export: false,
    saveAsImage: false,
  },
} as const

const Board = ({ room, boards, board, refused, ready }: Props) => {
  const [api, setApi] = useState<ExcalidrawImperativeAPI>()
  const sync = useRef<BoardSync>(undefined)
  const light = useLight()

  useEffect(() => {
    if (api === undefined) return
    const pictures = new Pictures({
      url: (id) => room.fileUrl(id),
      has: (id) => id in api.getFiles(),
      show: (some) =>
        api.addFiles(some.map((picture) => ({ ...picture, created: Date.now() }) as BinaryFileData)),
    })
    const canvas = new ExcalidrawCanvas(api, board, boards.presence, pictures)
    const { state } = room
    const { mayWrite } = boards
    const own = new BoardSync({ board, state, canvas, mayWrite, others: () => boards.others(board), refused })
    sync.current = own
    boards.resets.add(own)
    window.parlorBoard = api
    void own.begin().then(
      () => {
        api.history.clear()
        api.scrollToContent(undefined, { fitToViewport: true, viewportZoomFactor: 0.9, maxZoom: 1 })
        ready(drawingOf(api))
      },
      // The room was left.
      () => undefined,
    )
    return () => {
      boards.resets.delete(own)
      own.close()
      canvas.close()
      sync.current = undefined
      delete window.parlorBoard
      ready(undefined)
    }
  }, [api, room, boards, board, refused, ready])

  return (
    <div className={styles.board}>
      <Excalidraw
        excalidrawAPI={setApi}
        isCollaborating
        autoFocus
        theme={light ? THEME.LIGHT : THEME.DARK}
        langCode={LANGUAGES[document.documentElement.lang] ?? 'en'}
        viewModeEnabled={!boards.mayWrite}
        UIOptions={OPTIONS}
        aiEnabled={false}
        validateEmbeddable={false}
        generateIdForFile={(file) => put(room, file)}
        onChange={(elements, { newElement }) => {
          sync.current?.changed()
          const drawn = newElement && elements.find((element) => element.id === newElement.id)
          boards.presence.draw(sketchOf(drawn ?? undefined))
        }}
        onPointerUpdate={({ pointer: { x, y, tool }, button }) =>
          boards.presence.point({ x, y, laser: tool === 'laser', down: button === 'down' })
        }
      >
        <MainMenu>
          <MainMenu.DefaultItems.SearchMenu />
          <MainMenu.DefaultItems.Help />
        </MainMenu>
      </Excalidraw>
    </div>
  )
}

export default Board

// A picture is a file of the room, and its id there is its id on the board. What is thrown is shown by Excalidraw.
const put = async (room: Room, file: File): Promise<string> => {
  if (!PICTURES.includes(file.type)) throw new Error(strings.board.notPicture)
  try {
    const { id, type } = await room.upload(file)
    if (PICTURES.includes(type)) return id
  } catch (error) {
    throw new Error(strings.board.refused[codeOf(error)] ?? strings.board.notSaved)
  }
  throw new Error(strings.board.notPicture)
}

const drawingOf = (api: ExcalidrawImperativeAPI): Drawing => ({
  save: async (format, name) => download(await fileOf(api, format), `${name}.${format}`),
  // Undone like everything else one does.
  clear: () =>
    api.updateScene({
      elements: api
        .getSceneElementsIncludingDeleted()
        .map((element) => (element.isDeleted ? element : newElementWith(element, { isDeleted: true }))),
      captureUpdate: CaptureUpdateAction.IMMEDIATELY,
    }),
})

declare global {
  interface Window {
    // The board that is open, for people who debug and for tests.
    parlorBoard?: ExcalidrawImperativeAPI
  }
}
