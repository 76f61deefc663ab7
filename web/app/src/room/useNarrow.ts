import { useSyncExternalStore } from 'react'

const narrow = matchMedia('(max-width: 639px), (max-height: 479px)')

const subscribe = (fn: () => void) => {
  narrow.addEventListener('change', fn)
  return () => narrow.removeEventListener('change', fn)
}

// A phone, standing or lying.
export const useNarrow = (): boolean => useSyncExternalStore(subscribe, () => narrow.matches)
