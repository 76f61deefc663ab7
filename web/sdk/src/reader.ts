import { decodeBytes, decodeText, isPiece, withBytes } from './bytes'
import { decodeFrame, WireError } from './frame'
import { Assembler } from './pieces'
import type { ServerMessage } from './wire'

/** What a server gives as `limits.frameBytes` unless it was told otherwise. */
const usualFrameBytes = 1_114_112

/**
 * Reads what comes on one link: text frames, frames with bytes, and frames in pieces, which end with their link. It throws
 * a WireError, and nothing else, for what is not the protocol.
 */
export class FrameReader {
  readonly #limit: () => number | undefined
  readonly #pieces = new Assembler()

  /** `limit` is the most bytes of a frame that comes in pieces, as far as it is known. */
  constructor(limit: () => number | undefined = () => undefined) {
    this.#limit = limit
  }

  /** The messages in a frame; none if it was a piece and not the last. */
  read(frame: unknown): ServerMessage[] {
    if (typeof frame === 'string') return decodeFrame(frame)
    if (frame instanceof ArrayBuffer) return this.#binary(new Uint8Array(frame))
    if (frame instanceof Uint8Array) return this.#binary(frame)
    throw new WireError('a frame is neither text nor bytes')
  }

  #binary(frame: Uint8Array): ServerMessage[] {
    if (frame[0] === withBytes) return decodeBytes(frame)
    if (frame[0] !== isPiece) throw new WireError('a frame of an unknown kind')
    const done = this.#pieces.add(frame, this.#limit() ?? usualFrameBytes)
    if (!done) return []
    if (!done.binary) return decodeFrame(decodeText(done.frame))
    if (done.frame[0] !== withBytes) throw new WireError('a frame of an unknown kind in pieces')
    return decodeBytes(done.frame)
  }
}
