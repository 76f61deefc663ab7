// What a page sends, made ready for the wire: checked as the server will check it, and copied, so that nobody changes it
// while it waits.

import { encodeBytes } from './bytes'
import { ParlorError } from './errors'
import { encodeFrame } from './frame'
import { depth, utf8Length } from './measure'

const maxDepth = 32
const maxTypeBytes = 128
const maxRecipients = 100

/** One object of a frame, and the bytes that it owns. */
export interface Part {
  json: string
  raw: Uint8Array | undefined
}

/** The data of a message as members of its object. */
interface Payload {
  members: string
  raw: Uint8Array | undefined
  bytes: number
}

/** Makes one frame of them: text, or with bytes if any of them has some. */
export function frameOf(parts: readonly Part[]): string | Uint8Array<ArrayBuffer> {
  const json = parts.map((part) => part.json)
  const raw = parts.flatMap((part) => part.raw ?? [])
  return raw.length > 0 ? encodeBytes(json, raw) : encodeFrame(json)
}

/** The type, recipients and data of a message, as members of its object. */
export function encodeMessage(
  type: string,
  data: unknown,
  to: readonly string[] | undefined,
  most: number,
): Payload {
  const typeBytes = utf8Length(type)
  if (typeBytes < 1 || typeBytes > maxTypeBytes) throw bad(`a type has 1 to ${maxTypeBytes} bytes`)
  if (to && (to.length === 0 || to.length > maxRecipients))
    throw bad(`a message goes to 1 to ${maxRecipients} participants`)
  const payload = encodeData(data)
  if (payload.bytes > most) throw new ParlorError('too_large', `the data of a message may have ${most} bytes`)
  const head = `"type":${JSON.stringify(type)}${to ? `,"to":${JSON.stringify(to)}` : ''}`
  return {
    members: `${head},${payload.members}`,
    raw: payload.raw,
    bytes: utf8Length(head) + utf8Length(payload.members) + (payload.raw?.length ?? 0),
  }
}

/** A JSON value as text. */
export function encodeValue(value: unknown, what: string): string {
  let json: string | undefined
  try {
    json = JSON.stringify(value) as string | undefined
  } catch {
    // Circular, or a BigInt.
  }
  if (json === undefined) throw bad(`${what} has to be a JSON value`)
  if (depth(json) > maxDepth) throw bad(`${what} is nested too deeply`)
  return json
}

/** The bytes of what is bytes; undefined for all else. */
export function bytesOf(data: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return data instanceof ArrayBuffer ? new Uint8Array(data) : undefined
}

export function bad(message: string): ParlorError {
  return new ParlorError('bad_message', message)
}

function encodeData(data: unknown): Payload {
  const raw = bytesOf(data)?.slice()
  if (raw) return { members: `"bytes":${raw.length}`, raw, bytes: raw.length }
  const json = encodeValue(data === undefined ? null : data, 'data')
  return { members: `"data":${json}`, raw: undefined, bytes: utf8Length(json) }
}
