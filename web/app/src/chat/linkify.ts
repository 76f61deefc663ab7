// Finds web addresses in what people write. Gives pieces, never HTML: React escapes each of them.

export type Piece = { kind: 'text'; text: string } | { kind: 'link'; text: string; href: string }

const CANDIDATE = /\b(?:https?:\/\/|www\.)[^\s<>"'`]+/giu
const CLOSERS: Record<string, string> = { ')': '(', ']': '[', '}': '{' }

// Punctuation at the end belongs to the sentence; a closing bracket only if it was opened inside the address.
const trim = (address: string): string => {
  let end = address.length
  for (;;) {
    const last = address[end - 1]
    if (last === undefined) break
    if (/[.,:;!?…*_~|]/u.test(last)) {
      end--
      continue
    }
    const opener = CLOSERS[last]
    if (opener === undefined) break
    const inside = address.slice(0, end)
    if (inside.split(opener).length >= inside.split(last).length) break
    end--
  }
  return address.slice(0, end)
}

const hrefOf = (address: string): string | undefined => {
  try {
    const url = new URL(/^www\./iu.test(address) ? `https://${address}` : address)
    // Nothing but the web, and no names or passwords in front of the host: they exist to deceive.
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined
    if (url.username !== '' || url.password !== '') return undefined
    if (url.hostname === '' || (!url.hostname.includes('.') && url.hostname !== 'localhost')) {
      return url.hostname.startsWith('[') ? url.href : undefined
    }
    return url.href
  } catch {
    return undefined
  }
}

export const linkify = (text: string): Piece[] => {
  const pieces: Piece[] = []
  let done = 0
  for (const match of text.matchAll(CANDIDATE)) {
    const address = trim(match[0])
    const href = hrefOf(address)
    if (href === undefined) continue
    if (match.index > done) pieces.push({ kind: 'text', text: text.slice(done, match.index) })
    pieces.push({ kind: 'link', text: address, href })
    done = match.index + address.length
  }
  if (done < text.length) pieces.push({ kind: 'text', text: text.slice(done) })
  return pieces
}
