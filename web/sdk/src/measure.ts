// How large and how deep something is, as the server will measure it.

/** How deeply a JSON text is nested. */
export function depth(json: string): number {
  let deepest = 0
  let now = 0
  let quoted = false
  for (let i = 0; i < json.length; i++) {
    const c = json.charCodeAt(i)
    if (quoted) {
      if (c === 0x5c) i++
      else if (c === 0x22) quoted = false
    } else if (c === 0x22) quoted = true
    else if (c === 0x7b || c === 0x5b) deepest = Math.max(deepest, ++now)
    else if (c === 0x7d || c === 0x5d) now--
  }
  return deepest
}

/** Bytes of a string as UTF-8. */
export function utf8Length(s: string): number {
  let bytes = s.length
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i)
    // Half of a pair counts two: four bytes for two units.
    if (c > 0x7f) bytes += c > 0x7ff && (c < 0xd800 || c > 0xdfff) ? 2 : 1
  }
  return bytes
}
