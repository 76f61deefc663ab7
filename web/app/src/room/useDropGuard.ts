// A file that is dropped beside the place for files would have the browser go there, and leave the call.

import { useEffect } from 'react'

const refuse = (event: DragEvent): void => {
  if (event.defaultPrevented || event.dataTransfer?.types.includes('Files') !== true) return
  event.preventDefault()
  event.dataTransfer.dropEffect = 'none'
}

export const useDropGuard = (): void => {
  useEffect(() => {
    addEventListener('dragover', refuse)
    addEventListener('drop', refuse)
    return () => {
      removeEventListener('dragover', refuse)
      removeEventListener('drop', refuse)
    }
  }, [])
}
