import { useState } from 'react'
import { speakerOf, type Voice } from './focus'

// Who is to be seen while people speak. It remembers who spoke last.
export const useSpeaker = (people: readonly Voice[]): string | undefined => {
  const [before, setBefore] = useState<string>()
  const speaker = speakerOf(people, before)
  if (speaker !== before) setBefore(speaker)
  return speaker
}
