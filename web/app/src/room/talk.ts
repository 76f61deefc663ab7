// Push to talk: the microphone is on while a key is held, and only then. Pure: a machine of what is held and what the
// microphone does; opening and closing it takes a moment each, in which the other may be asked for.

export type Talk =
  // Not held, or the microphone was on anyway.
  | 'idle'
  // Held; the microphone is not on yet.
  | 'opening'
  // Held, and on.
  | 'talking'
  // Let go; it is to be off again.
  | 'closing'

export type TalkEvent =
  // The key goes down while the microphone is so.
  | { is: 'held'; on: boolean }
  // The key goes up, or the page cannot know any more: it lost the focus.
  | { is: 'released'; on: boolean; busy: boolean }
  // The microphone is so now, and nothing about it is under way.
  | { is: 'settled'; on: boolean }

export const nextTalk = (talk: Talk, event: TalkEvent): Talk => {
  switch (event.is) {
    case 'held':
      if (talk === 'closing') return 'opening'
      return talk === 'idle' && !event.on ? 'opening' : talk
    case 'released':
      return talk === 'idle' || (!event.on && !event.busy) ? 'idle' : 'closing'
    case 'settled':
      // It would not open, or somebody muted it: holding the key on does not fight that.
      if (talk === 'opening') return event.on ? 'talking' : 'idle'
      if (talk === 'talking') return event.on ? 'talking' : 'idle'
      if (talk === 'closing') return event.on ? 'closing' : 'idle'
      return 'idle'
  }
}

// What is to be done about the microphone; nothing while something is under way.
export const wishOf = (talk: Talk, on: boolean, busy: boolean): boolean | undefined => {
  if (busy) return undefined
  if (talk === 'opening' && !on) return true
  if (talk === 'closing' && on) return false
  return undefined
}
