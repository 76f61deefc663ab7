// Why a camera or microphone is not there, from what getUserMedia throws. Pure.

export type Device = 'microphone' | 'camera'

export type Problem =
  'denied' | 'dismissed' | 'system' | 'missing' | 'busy' | 'ended' | 'insecure' | 'unsupported' | 'failed'

export const problemOf = (error: unknown): Problem => {
  const name = error instanceof Error || error instanceof DOMException ? error.name : ''
  const message = error instanceof Error || error instanceof DOMException ? error.message.toLowerCase() : ''
  switch (name) {
    case 'NotAllowedError':
    case 'PermissionDeniedError':
      if (message.includes('system')) return 'system'
      if (message.includes('dismissed')) return 'dismissed'
      return 'denied'
    case 'SecurityError':
      return 'denied'
    case 'NotFoundError':
    case 'DevicesNotFoundError':
    case 'OverconstrainedError':
      // Firefox says NotFoundError also for a device that the system hides from it.
      return message.includes('system') ? 'system' : 'missing'
    case 'NotReadableError':
    case 'TrackStartError':
    case 'AbortError':
      return message.includes('system') && message.includes('denied') ? 'system' : 'busy'
    case 'TypeError':
      return 'unsupported'
    default:
      return 'failed'
  }
}

export type Browser = 'chrome' | 'firefox' | 'safari' | 'ios' | 'other'

// Only to say where the switch is; nothing that works or does not hangs on it.
export const browserOf = (agent: string, touchPoints = 0): Browser => {
  if (/iPhone|iPad|iPod/u.test(agent) || (/Macintosh/u.test(agent) && touchPoints > 1)) return 'ios'
  if (/Firefox\//u.test(agent)) return 'firefox'
  if (/Chrome\/|Chromium\//u.test(agent)) return 'chrome'
  if (/Safari\//u.test(agent)) return 'safari'
  return 'other'
}
