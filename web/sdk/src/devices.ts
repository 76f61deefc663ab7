import { ParlorError } from './errors'
import type { DeviceOptions } from './participant'
import type { Kind } from './wire'

/** Turns what getUserMedia and getDisplayMedia throw into our codes. */
export function mediaError(err: unknown): ParlorError {
  if (err instanceof ParlorError) return err
  const name = err instanceof Error || err instanceof DOMException ? err.name : ''
  const message = err instanceof Error || err instanceof DOMException ? err.message : String(err)
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return new ParlorError('permission_denied', message || 'the browser or the user did not allow it')
    case 'NotFoundError':
    case 'OverconstrainedError':
      return new ParlorError('device_not_found', message || 'there is no such device')
    case 'NotReadableError':
    case 'AbortError':
      return new ParlorError('device_in_use', message || 'the device cannot be started')
    default:
      return new ParlorError('unsupported', message || 'the browser has no such device')
  }
}

/** Opens a microphone or camera. */
export async function openDevice(kind: Kind, device: DeviceOptions): Promise<MediaStreamTrack> {
  const devices = mediaDevices()
  const deviceId = device.deviceId ? { deviceId: { exact: device.deviceId } } : {}
  const constraints: MediaStreamConstraints =
    kind === 'audio'
      ? { audio: { ...deviceId, echoCancellation: true, noiseSuppression: true, autoGainControl: true } }
      : { video: { ...deviceId, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } } }
  try {
    const stream = await devices.getUserMedia(constraints)
    const track = stream.getTracks()[0]
    if (!track) throw new ParlorError('device_not_found', 'the browser gave no track')
    return track
  } catch (err) {
    throw mediaError(err)
  }
}

/** Asks the user for a screen, with sound if the browser can. */
export async function openScreen(): Promise<{
  video: MediaStreamTrack
  audio: MediaStreamTrack | undefined
}> {
  const devices = mediaDevices()
  if (typeof devices.getDisplayMedia !== 'function')
    throw new ParlorError('unsupported', 'this browser cannot share a screen')
  try {
    const stream = await devices.getDisplayMedia({
      video: { frameRate: { ideal: 15, max: 30 } },
      audio: true,
    })
    const video = stream.getVideoTracks()[0]
    if (!video) throw new ParlorError('device_not_found', 'the browser gave no picture')
    return { video, audio: stream.getAudioTracks()[0] }
  } catch (err) {
    throw mediaError(err)
  }
}

function mediaDevices(): MediaDevices {
  const devices = (globalThis.navigator as Navigator | undefined)?.mediaDevices as MediaDevices | undefined
  if (!devices)
    throw new ParlorError('unsupported', 'cameras and microphones need a secure page (https, or localhost)')
  return devices
}
