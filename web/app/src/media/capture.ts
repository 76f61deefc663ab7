// One's own microphone and camera: what is on, which device, and what went wrong. It knows no room and no React;
// what it captures is taken from its state by whoever shows or publishes it.

import { background, dressed } from '../background/background'
import { Store } from '../store'
import { chooseDevice, chosen, listDevices } from './deviceList'
import { type Device, type Problem, problemOf } from './problem'

export interface DeviceState {
  // What the person wants.
  on: boolean
  starting: boolean
  // There while on, and for a muted microphone too: it is muted, not closed, so that speaking again is instant.
  track?: MediaStreamTrack
  problem?: Problem
}

export interface CaptureState {
  // The browser shows its question, and the person has yet to answer.
  asking: boolean
  // The first question to the browser is over, whatever came of it.
  ready: boolean
  microphone: DeviceState
  camera: DeviceState
}

const CAMERA: MediaTrackConstraints = {
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30 },
}

const MICROPHONE: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
}

const DEVICES: readonly Device[] = ['microphone', 'camera']

export const captureSupport = (): 'yes' | 'insecure' | 'unsupported' => {
  if (typeof navigator.mediaDevices?.getUserMedia === 'function') return 'yes'
  return window.isSecureContext ? 'unsupported' : 'insecure'
}

export class Capture {
  readonly state: Store<CaptureState>
  // Counts what was asked of each device: an answer to an older question is thrown away.
  private readonly asked = { microphone: 0, camera: 0 }
  private closed = false
  private readonly off = background.subscribe(() => void this.dressAnew())

  constructor(wanted: { microphone: boolean; camera: boolean }) {
    const device = (kind: Device): DeviceState => ({ on: wanted[kind], starting: false })
    this.state = new Store<CaptureState>({
      asking: false,
      ready: false,
      microphone: device('microphone'),
      camera: device('camera'),
    })
  }

  // Both in one question, so that the browser asks the person once; one by one only when that failed.
  async start(): Promise<void> {
    const support = captureSupport()
    if (support !== 'yes') {
      for (const kind of DEVICES) this.edit(kind, { on: false, problem: support })
      this.state.update((s) => ({ ...s, asking: false, ready: true }))
      return
    }
    const wanted = DEVICES.filter((kind) => this.state.get()[kind].on)
    void this.noteAsking(wanted)
    if (wanted.length === 2) {
      for (const kind of wanted) this.edit(kind, { starting: true })
      try {
        const stream = await navigator.mediaDevices.getUserMedia({
          audio: constraintsOf('microphone'),
          video: constraintsOf('camera'),
        })
        await Promise.all(
          stream
            .getTracks()
            .map((track) => this.took(track.kind === 'audio' ? 'microphone' : 'camera', track)),
        )
      } catch (error) {
        await this.oneByOne(error)
      }
    } else {
      for (const kind of wanted) await this.open(kind)
    }
    await listDevices()
    this.state.update((s) => ({ ...s, asking: false, ready: true }))
  }

  // Devices that are only starting are worth a moment; a question may stand for ever.
  async settled(ms: number): Promise<void> {
    const over = ({ ready, asking }: CaptureState) => ready || asking
    if (over(this.state.get())) return
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer)
        off()
        resolve()
      }
      const timer = setTimeout(done, ms)
      const off = this.state.subscribe(() => {
        if (over(this.state.get())) done()
      })
    })
  }

  async set(kind: Device, on: boolean): Promise<void> {
    const now = this.state.get()[kind]
    if (!on) {
      this.asked[kind]++
      if (kind === 'microphone' && now.track !== undefined) now.track.enabled = false
      else now.track?.stop()
      this.edit(kind, { on: false, starting: false, track: kind === 'microphone' ? now.track : undefined })
      return
    }
    if (kind === 'microphone' && now.track?.readyState === 'live') {
      now.track.enabled = true
      this.edit(kind, { on: true, problem: undefined })
      return
    }
    await this.open(kind)
    await listDevices()
  }

  // Another device of that kind. A microphone that was muted stays so.
  async choose(kind: Device, deviceId: string): Promise<void> {
    chooseDevice(kind, deviceId)
    const now = this.state.get()[kind]
    if (!now.on && now.track === undefined) return
    now.track?.stop()
    await this.open(kind, now.on)
  }

  // Gives away what is on, to be published; from then on it is another's. The rest is closed.
  handOver(): { microphone: MediaStreamTrack | undefined; camera: MediaStreamTrack | undefined } {
    const of = (kind: Device) => {
      const { on, track } = this.state.get()[kind]
      return on && track?.readyState === 'live' ? track : undefined
    }
    const given = { microphone: of('microphone'), camera: of('camera') }
    this.closed = true
    this.off()
    for (const kind of DEVICES) {
      this.asked[kind]++
      const { track } = this.state.get()[kind]
      if (given[kind] === undefined) track?.stop()
      this.edit(kind, { starting: false, track: undefined })
    }
    return given
  }

  close(): void {
    this.closed = true
    this.off()
    for (const kind of DEVICES) {
      this.asked[kind]++
      this.state.get()[kind].track?.stop()
    }
  }

  private async noteAsking(wanted: readonly Device[]): Promise<void> {
    const states = await Promise.all(wanted.map(permission))
    if (!this.state.get().ready && states.includes('prompt'))
      this.state.update((s) => ({ ...s, asking: true }))
  }

  private async oneByOne(error: unknown): Promise<void> {
    const problem = problemOf(error)
    for (const kind of DEVICES) {
      // Asking again what was just refused would nag; but often only one of the two is.
      if ((problem === 'denied' || problem === 'dismissed') && (await permission(kind)) !== 'granted') {
        this.edit(kind, { on: false, starting: false, problem })
      } else {
        await this.open(kind)
      }
    }
  }

  private async open(kind: Device, enabled = true): Promise<void> {
    if (captureSupport() !== 'yes') {
      this.edit(kind, { on: false, problem: captureSupport() as Problem })
      return
    }
    const mine = ++this.asked[kind]
    this.edit(kind, { on: enabled, starting: true, problem: undefined })
    try {
      const stream = await navigator.mediaDevices.getUserMedia(
        kind === 'microphone' ? { audio: constraintsOf(kind) } : { video: constraintsOf(kind) },
      )
      const [track] = stream.getTracks()
      if (track === undefined) throw new DOMException('no track', 'NotFoundError')
      if (mine !== this.asked[kind]) {
        track.stop()
        return
      }
      track.enabled = enabled
      await this.took(kind, track)
    } catch (error) {
      if (mine !== this.asked[kind]) return
      this.edit(kind, { on: false, starting: false, track: undefined, problem: problemOf(error) })
    }
  }

  // A camera is there once its picture is as it is to be seen: nobody may see the room before it is blurred.
  private async took(kind: Device, track: MediaStreamTrack): Promise<void> {
    if (kind === 'microphone') return this.adopt(kind, track)
    const mine = this.asked[kind]
    const seen = await dressed(track)
    if (seen !== track) track.stop()
    if (mine === this.asked[kind]) this.adopt(kind, seen)
    else seen.stop()
  }

  private async dressAnew(): Promise<void> {
    const { on, track } = this.state.get().camera
    if (on && track !== undefined) await this.took('camera', track)
  }

  private adopt(kind: Device, track: MediaStreamTrack): void {
    if (this.closed) {
      track.stop()
      return
    }
    const { on, track: former } = this.state.get()[kind]
    if (former !== track) former?.stop()
    // Switched off while the browser was asking.
    if (!on && kind === 'camera') {
      track.stop()
      this.edit(kind, { starting: false })
      return
    }
    track.enabled = on
    track.addEventListener('ended', () => {
      if (this.state.get()[kind].track !== track) return
      this.edit(kind, { on: false, track: undefined, problem: 'ended' })
      void listDevices()
    })
    this.edit(kind, { starting: false, track, problem: undefined })
  }

  private edit(kind: Device, change: Partial<DeviceState>): void {
    this.state.update((s) => ({ ...s, [kind]: { ...s[kind], ...change } }))
  }
}

export const constraintsOf = (kind: Device): MediaTrackConstraints => {
  const deviceId = chosen.get()[kind]
  const base = kind === 'camera' ? CAMERA : MICROPHONE
  // Not `exact`: a device chosen last week and left at home must not keep today's from working.
  return deviceId === '' ? base : { ...base, deviceId: { ideal: deviceId } }
}

const permission = async (kind: Device): Promise<PermissionState | undefined> => {
  try {
    return (await navigator.permissions.query({ name: kind as PermissionName })).state
  } catch {
    return undefined
  }
}
