// The picture of one track. It shows only once there is one: until then what lies beneath is seen.

import { useEffect, useRef, useState } from 'react'
import type { TrackView } from './roomView'
import styles from './Video.module.css'

interface Props {
  track: TrackView
  mirrored: boolean
  // Every edge is to be seen: screens.
  whole: boolean
}

export const Video = ({ track: view, mirrored, whole }: Props) => {
  const element = useRef<HTMLVideoElement>(null)
  const [live, setLive] = useState(false)
  const [upright, setUpright] = useState(false)
  const { track } = view

  useEffect(() => {
    const video = element.current
    if (video === null) return
    track.attach(video)
    return () => {
      track.detach(video)
    }
  }, [track])

  return (
    <video
      ref={element}
      className={[
        styles.video,
        live && styles.live,
        mirrored && styles.mirrored,
        whole || upright ? styles.whole : '',
      ]
        .filter(Boolean)
        .join(' ')}
      data-track={view.id}
      data-source={view.source}
      autoPlay
      muted
      playsInline
      disablePictureInPicture={mirrored}
      onLoadedData={() => setLive(true)}
      onEmptied={() => setLive(false)}
      onResize={(event) => {
        const { videoWidth, videoHeight, clientWidth, clientHeight } = event.currentTarget
        // An upright picture in a lying tile would lose its head and its chin.
        setUpright(videoHeight > videoWidth * 1.2 && clientWidth > clientHeight * 1.2)
      }}
    />
  )
}
