import { useEffect, useRef } from 'react'
import { strings } from '../strings'
import { testids } from '../testids'
import { watchLevel } from './level'
import styles from './LevelMeter.module.css'

// Drawn past React: it changes with every frame.
export const LevelMeter = ({ track }: { track: MediaStreamTrack | undefined }) => {
  const meter = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const element = meter.current
    if (element === null || track === undefined) return
    const stop = watchLevel(track, (level) => {
      element.style.setProperty('--level', level.toFixed(3))
      element.dataset.level = String(Math.round(level * 100))
    })
    return () => {
      stop()
      element.style.setProperty('--level', '0')
      element.dataset.level = '0'
    }
  }, [track])
  return (
    <div
      ref={meter}
      className={`${styles.meter} flips`}
      role="img"
      aria-label={strings.preview.level}
      data-testid={testids.level}
      data-level="0"
    />
  )
}
