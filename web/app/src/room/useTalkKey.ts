import { useEffect, useRef, useState } from 'react'
import { nextTalk, type Talk, type TalkEvent, wishOf } from './talk'
import { writes } from './useKeys'

// Whatever does something of its own with the key, if one went there by the keyboard.
const TAKES_SPACE = 'button, a, select, input, textarea, video, summary, [role^="menuitem"], [role="switch"]'

interface Microphone {
  on: boolean
  busy: boolean
  set: (on: boolean) => void
}

// Talks while the space bar is held, if the microphone is off and nobody is writing. Says whether it does.
export const useTalkKey = (able: boolean, { on, busy, set }: Microphone): boolean => {
  const [talk, setTalk] = useState<Talk>('idle')
  const now = useRef({ able, on, busy })
  const apply = useRef(set)
  const before = useRef({ on, busy })

  useEffect(() => {
    now.current = { able, on, busy }
    apply.current = set
    const was = before.current
    before.current = { on, busy }
    if (!busy && (was.busy || was.on !== on)) setTalk((t) => nextTalk(t, { is: 'settled', on }))
  }, [able, on, busy, set])

  useEffect(() => {
    const wish = wishOf(talk, on, busy)
    if (wish !== undefined) apply.current(wish)
  }, [talk, on, busy])

  useEffect(() => {
    let byPointer = true
    let holds = false
    const tell = (event: TalkEvent) => setTalk((t) => nextTalk(t, event))
    const takes = (target: EventTarget | null) =>
      writes(target) || (!byPointer && target instanceof Element && target.closest(TAKES_SPACE) !== null)
    const pointer = () => (byPointer = true)
    const down = (event: KeyboardEvent) => {
      if (event.key === 'Tab' || event.key.startsWith('Arrow')) byPointer = false
      if (event.key !== ' ' || !now.current.able || event.ctrlKey || event.metaKey || event.altKey) return
      if (takes(event.target) || document.querySelector('dialog[open], [role="menu"]') !== null) return
      // Who is heard anyway has the key for what it does elsewhere.
      if (now.current.on && !holds) return
      // A button that was clicked has the focus still: it is not to be pressed by this.
      event.preventDefault()
      if (!event.repeat) tell({ is: 'held', on: now.current.on })
      holds = true
    }
    const release = () => {
      holds = false
      const { on, busy } = now.current
      tell({ is: 'released', on, busy })
    }
    const up = (event: KeyboardEvent) => {
      if (event.key !== ' ' || !holds) return
      event.preventDefault()
      release()
    }
    addEventListener('pointerdown', pointer, true)
    addEventListener('keydown', down)
    addEventListener('keyup', up)
    addEventListener('blur', release)
    return () => {
      removeEventListener('pointerdown', pointer, true)
      removeEventListener('keydown', down)
      removeEventListener('keyup', up)
      removeEventListener('blur', release)
    }
  }, [])

  return talk === 'talking'
}
