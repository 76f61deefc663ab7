// The sound of everyone else. It hangs on nobody's tile: who isn't shown is heard all the same.

import { useEffect, useRef } from 'react'
import { chosen } from '../media/deviceList'
import { useStore } from '../store'
import type { Person, TrackView } from './roomView'

export const RemoteAudio = ({ people }: { people: readonly Person[] }) => (
  <div hidden>
    {people
      .filter((person) => !person.local)
      .flatMap((person) =>
        person.audio.map((track) => <Sound key={track.id} person={person.id} view={track} />),
      )}
  </div>
)

const Sound = ({ person, view }: { person: string; view: TrackView }) => {
  const element = useRef<HTMLAudioElement>(null)
  const { speaker } = useStore(chosen)
  const { track } = view

  useEffect(() => {
    const audio = element.current
    if (audio === null) return
    track.attach(audio)
    return () => {
      track.detach(audio)
    }
  }, [track])

  useEffect(() => {
    // A speaker that is gone leaves the sound where it is.
    if (element.current !== null && 'setSinkId' in element.current)
      void element.current.setSinkId(speaker === 'default' ? '' : speaker).catch(() => undefined)
  }, [speaker])

  return (
    <audio ref={element} data-participant={person} data-track={view.id} data-source={view.source} autoPlay />
  )
}
