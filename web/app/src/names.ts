// What people type as names, made fit for the server: it counts bytes of UTF-8, not characters.

const NAME_BYTES = 64
const ROOM_BYTES = 128

const bytes = new TextEncoder()

const clip = (text: string, most: number): string => {
  let clipped = ''
  let size = 0
  for (const character of text) {
    size += bytes.encode(character).length
    if (size > most) break
    clipped += character
  }
  return clipped
}

// Controls and what no eye sees, but not the joiners that hold emoji and some scripts together.
const UNSEEN = /[\p{Cc}\p{Cs}\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu

export const personName = (typed: string): string =>
  clip(typed.replace(UNSEEN, ' ').replace(/\s+/gu, ' ').trim(), NAME_BYTES).trim()

// A room's name is something that can be said aloud and stands in a link as it is.
export const roomName = (typed: string): string =>
  clip(
    typed
      .trim()
      .replace(/\s+/gu, '-')
      .replace(UNSEEN, '')
      .replace(/[/\\?#%]/gu, ''),
    ROOM_BYTES,
  )
