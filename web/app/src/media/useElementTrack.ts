import { type RefObject, useEffect } from 'react'

// Shows a track of the browser's own (not one of a room) in an element.
export const useElementTrack = (
  ref: RefObject<HTMLVideoElement | null>,
  track: MediaStreamTrack | undefined,
): void => {
  useEffect(() => {
    const element = ref.current
    if (element === null) return
    element.srcObject = track === undefined ? null : new MediaStream([track])
    if (track !== undefined) void element.play().catch(() => undefined)
    return () => {
      element.srcObject = null
    }
  }, [ref, track])
}
