import { useEffect, useRef } from 'react'

export const writes = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/u.test(target.tagName))

// Single keys that do something, unless one is writing. Esc does it there too.
export const useKeys = (keys: Record<string, () => void>): void => {
  const current = useRef(keys)
  useEffect(() => {
    current.current = keys
  })
  useEffect(() => {
    const down = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return
      if (event.key !== 'Escape' && writes(event.target)) return
      const act = current.current[event.key.length === 1 ? event.key.toLowerCase() : event.key]
      if (act === undefined) return
      if (event.key !== 'Escape') event.preventDefault()
      act()
    }
    addEventListener('keydown', down)
    return () => removeEventListener('keydown', down)
  }, [])
}
