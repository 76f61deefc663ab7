import { useSyncExternalStore } from 'react'

const light = matchMedia('(prefers-color-scheme: light)')

const subscribe = (fn: () => void) => {
  light.addEventListener('change', fn)
  return () => light.removeEventListener('change', fn)
}

// Whether the page is light, as the system says.
export const useLight = (): boolean => useSyncExternalStore(subscribe, () => light.matches)
