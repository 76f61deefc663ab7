import { useEffect, useState } from 'react'
import { floatVideo, openWindow } from './pip'

export interface Pip {
  // The window, while it is open.
  window: Window | undefined
  turn: () => void
}

export const usePip = (): Pip => {
  const [opened, setOpened] = useState<Window>()

  useEffect(() => {
    if (opened === undefined) return
    const gone = () => setOpened(undefined)
    opened.addEventListener('pagehide', gone)
    return () => {
      opened.removeEventListener('pagehide', gone)
      opened.close()
    }
  }, [opened])

  const turn = async () => {
    if (opened !== undefined) return setOpened(undefined)
    const own = await openWindow()
    if (own === undefined) await floatVideo().catch(() => undefined)
    else setOpened(own)
  }

  useEffect(() => {
    // Browsers that offer it by themselves when one goes to another tab.
    const set = (act: (() => void) | null) => {
      try {
        navigator.mediaSession?.setActionHandler('enterpictureinpicture' as MediaSessionAction, act)
      } catch {
        // It does not know that action.
      }
    }
    set(() => void openWindow().then((own) => own !== undefined && setOpened(own)))
    return () => set(null)
  }, [])

  return { window: opened, turn: () => void turn() }
}
