// Frames with bytes: 01, the length of the JSON, the JSON, and behind it the bytes that its objects own.

import { decodeFrame, encodeFrame, WireError } from './frame'
import type { ServerMessage } from './wire'

/** The first byte of a binary frame. */
export const withBytes = 1
export const isPiece = 2

const encoder = new TextEncoder()
// A byte order mark is no JSON: it is left there for the parser to refuse.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text)
}

/** What is not UTF-8 is not the protocol. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new WireError('a frame is not UTF-8')
  }
}

/** An unsigned number in groups of seven bits, the lowest first. */
export function encodeLength(length: number): number[] {
  const bytes: number[] = []
  for (; length > 0x7f; length = Math.floor(length / 128)) bytes.push((length % 128) | 0x80)
  bytes.push(length)
  return bytes
}

/** Reads such a number from `at` on, of at most five bytes, as short as it can be; and where what follows it begins. */
export function decodeLength(frame: Uint8Array, at: number): [length: number, next: number] {
  let length = 0
  for (let i = 0; i < 5; i++) {
    const byte = frame[at + i]
    if (byte === undefined || (byte === 0 && i > 0)) break
    length += (byte & 0x7f) * 128 ** i
    if (byte < 0x80) return [length, at + i + 1]
  }
  throw new WireError('not a length')
}

/** Writes a frame with bytes. Each part is one object already encoded, and `raw` what they own, in the same order. */
export function encodeBytes(parts: readonly string[], raw: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const json = encodeText(encodeFrame(parts))
  return concat([Uint8Array.from([withBytes, ...encodeLength(json.length)]), json, ...raw])
}

export function decodeBytes(frame: Uint8Array): ServerMessage[] {
  const [length, at] = decodeLength(frame, 1)
  if (length > frame.length - at) throw new WireError('a frame is shorter than its JSON')
  return decodeFrame(decodeText(frame.subarray(at, at + length)), frame.subarray(at + length))
}

export function concat(list: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(list.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of list) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
