// Frames that are too large to go at once go in pieces, between which others pass.

import { concat, decodeLength, encodeLength, encodeText, isPiece } from './bytes'
import { WireError } from './frame'

const first = 1
const last = 2
const binary = 4

/** A frame of more bytes than this goes in pieces. */
export const wholeBytes = 65_536

/** Cuts a frame into pieces, each a frame of at most `size` bytes. Nothing is copied before it is asked for. */
export function* split(frame: string | Uint8Array, size: number): Generator<Uint8Array<ArrayBuffer>, void> {
  const whole = typeof frame === 'string' ? encodeText(frame) : frame
  const kind = typeof frame === 'string' ? 0 : binary
  for (let at = 0; at < whole.length;) {
    const head = at === 0 ? encodeLength(whole.length) : []
    const end = Math.min(whole.length, at + size - 2 - head.length)
    const flags = (at === 0 ? first | kind : 0) | (end === whole.length ? last : 0)
    yield concat([Uint8Array.from([isPiece, flags, ...head]), whole.subarray(at, end)])
    at = end
  }
}

/** Puts the pieces that come on one link together again. It holds no more than one frame, of at most `limit` bytes. */
export class Assembler {
  #whole: Uint8Array | undefined
  #binary = false
  #at = 0

  /** Takes the next piece; with the last one returns the frame. */
  add(piece: Uint8Array, limit: number): { frame: Uint8Array; binary: boolean } | undefined {
    const flags = piece[1]
    if (flags === undefined || flags > (first | last | binary)) throw new WireError('a piece without sense')
    let at = 2
    if (flags & first) {
      if (this.#whole) throw new WireError('a piece between those of another frame')
      const [length, next] = decodeLength(piece, at)
      if (length > limit) throw new WireError('a frame is too large')
      at = next
      this.#whole = new Uint8Array(length)
      this.#binary = (flags & binary) !== 0
      this.#at = 0
    } else if (flags & binary) throw new WireError('only the first piece says what the whole is')
    const whole = this.#whole
    const length = piece.length - at
    if (!whole || length === 0 || length > whole.length - this.#at)
      throw new WireError('a piece that belongs to no frame')
    whole.set(piece.subarray(at), this.#at)
    this.#at += length
    if ((this.#at === whole.length) !== ((flags & last) !== 0))
      throw new WireError('pieces that do not add up to their frame')
    if (this.#at < whole.length) return undefined
    this.#whole = undefined
    return { frame: whole, binary: this.#binary }
  }
}
