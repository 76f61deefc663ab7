/** Codes the SDK itself gives; all others are the server's, listed in docs/protocol.md. */
export type LocalErrorCode =
  | 'unreachable' // the server could not be reached in any way that is allowed
  | 'aborted' // the caller's AbortSignal
  | 'left' // the room was left before it was done
  | 'unconfirmed' // the message may or may not have been delivered
  | 'timeout' // the server did not answer
  | 'buffer_full' // more waits to be sent than the SDK is willing to hold
  | 'permission_denied'
  | 'device_not_found'
  | 'device_in_use'
  | 'unsupported'

/** What was refused, or did not work, with a word for why. */
export class ParlorError extends Error {
  /** A word that programs can act on. */
  readonly code: string
  /** When trying again makes sense, if the server said so. */
  readonly retryMs: number | undefined

  constructor(code: LocalErrorCode | (string & {}), message: string, retryMs?: number) {
    super(message)
    this.name = 'ParlorError'
    this.code = code
    this.retryMs = retryMs
  }
}
