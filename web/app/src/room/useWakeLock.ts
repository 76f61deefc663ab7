import { useEffect } from 'react'

// A phone that dims its screen in mid-call stops the camera too.
export const useWakeLock = (): void => {
  useEffect(() => {
    let lock: WakeLockSentinel | undefined
    let over = false
    const ask = async () => {
      if (document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return
      try {
        const got = await navigator.wakeLock.request('screen')
        if (over) void got.release()
        else lock = got
      } catch {
        // The system would not: low battery, for one.
      }
    }
    const visible = () => void ask()
    void ask()
    document.addEventListener('visibilitychange', visible)
    return () => {
      over = true
      document.removeEventListener('visibilitychange', visible)
      void lock?.release()
    }
  }, [])
}
