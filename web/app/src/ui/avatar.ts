// Initials and a colour for somebody without a picture. The colour hangs on the id, so that it stays through a call
// and two people of one name differ.

const GRAPHEMES =
  typeof Intl.Segmenter === 'function' ? new Intl.Segmenter(undefined, { granularity: 'grapheme' }) : null

const first = (word: string): string => {
  if (GRAPHEMES === null) return [...word][0] ?? ''
  for (const { segment } of GRAPHEMES.segment(word)) return segment
  return ''
}

export const initials = (name: string): string => {
  const words = name
    .trim()
    .split(/[\s._-]+/u)
    .filter((word) => word !== '')
  const head = first(words[0] ?? '')
  const tail = words.length > 1 ? first(words[words.length - 1] as string) : ''
  return (head + tail).toLocaleUpperCase()
}

// Hues that sit well together, far enough apart to be told from each other.
const HUES = [12, 32, 52, 142, 165, 188, 212, 238, 262, 288, 315, 342]

export const hueOf = (id: string): number => {
  let hash = 2166136261
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 16777619)
  return HUES[(hash >>> 0) % HUES.length] as number
}
