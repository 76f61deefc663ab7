import { useEffect, useRef } from 'react'

// What has keys of its own, like a whiteboard.
const hasOwn = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('[data-own-keys]') !== null

export const writes = (target: EventTarget | null): boolean =>
  hasOwn(target) ||
  (target instanceof HTMLElement &&
    (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/u.test(target.tagName)))

// Single keys that do something, unless one is writing, or does not want them. Esc does it there too.
export const useKeys = (keys: Record<string, () => void>, single = true): void => {
  const current = useRef({ keys, single })
  useEffect(() => {
    current.current = { keys, single }
  })
  useEffect(() => {
    const down = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return
      if (hasOwn(event.target) || (event.key !== 'Escape' && writes(event.target))) return
      const one = event.key.length === 1
      if (one && !current.current.single && event.key !== '?') return
      const act = current.current.keys[one ? event.key.toLowerCase() : event.key]
      if (act === undefined) return
      if (event.key !== 'Escape') event.preventDefault()
      act()
    }
    addEventListener('keydown', down)
    return () => removeEventListener('keydown', down)
  }, [])
}
