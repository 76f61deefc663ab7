// One's own microphone, camera and screen while in a room: what is being changed just now, and what went wrong. What
// is on is the room's to say; this only asks it.

import type { Room } from '/sdk/parlor.js'
import { background, dressed } from '../background/background'
import { constraintsOf } from '../media/capture'
import { chooseDevice, chosen, devices, listDevices } from '../media/deviceList'
import { type Device, type Problem, problemOf } from '../media/problem'
import { Store } from '../store'
import { deviceFor } from './pick'

export interface OwnState {
  busy: Readonly<Record<Device | 'screen', boolean>>
  problems: Readonly<Partial<Record<Device | 'screen', Problem>>>
}

// The SDK's words for it, and the browser's own where they come through.
const problemFrom = (error: unknown): Problem => {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  switch (code) {
    case 'permission_denied':
      return 'denied'
    case 'device_not_found':
      return 'missing'
    case 'device_in_use':
      return 'busy'
    case 'unsupported':
      return window.isSecureContext ? 'unsupported' : 'insecure'
    default:
      return problemOf(error)
  }
}

const DEVICES = ['microphone', 'camera'] as const

const listOf = (device: Device) =>
  device === 'microphone' ? devices.get().microphones : devices.get().cameras

export class OwnDevices {
  readonly state = new Store<OwnState>({
    busy: { microphone: false, camera: false, screen: false },
    problems: {},
  })
  private readonly room: Room
  // Which was opened last.
  private readonly noted: Partial<Record<Device, MediaStreamTrack>> = {}
  private readonly last: Partial<Record<Device, string | undefined>> = {}
  // A camera that was opened here, for what is behind oneself to be blurred, is closed here.
  private camera: MediaStreamTrack | undefined
  private undressed = false
  private readonly off = background.subscribe(() => void this.dressAnew())

  constructor(room: Room) {
    this.room = room
  }

  end(): void {
    this.off()
    this.camera?.stop()
  }

  async set(device: Device, on: boolean): Promise<void> {
    await this.ask(device, () => {
      if (device === 'camera' && on && background.get() !== 'none') return this.showBlurred()
      // A device that was chosen once and is not here today must not keep another one from working.
      const deviceId = deviceFor(chosen.get()[device], this.last[device], listOf(device))
      const options = deviceId === undefined ? {} : { deviceId }
      return device === 'microphone'
        ? this.room.localParticipant.setMicrophoneEnabled(on, options)
        : this.room.localParticipant.setCameraEnabled(on, options)
    })
    this.note(device)
    void listDevices()
  }

  // Looks after what is opened by others than us, until the returned function is called.
  follow(): () => void {
    const look = () => DEVICES.forEach((device) => this.note(device))
    look()
    return this.room.on('localTrackPublished', look)
  }

  // A device that was on was unplugged, or taken away. Another microphone takes its place, so that one is heard on;
  // another camera would show what one did not mean to.
  private async lost(device: Device): Promise<void> {
    await listDevices()
    const list = listOf(device)
    if (device === 'microphone' && list.some(({ deviceId }) => deviceId !== this.last[device])) {
      await this.set(device, true)
      if (this.room.localParticipant.isMicrophoneEnabled) return
    }
    this.state.update((s) => ({ ...s, problems: { ...s.problems, [device]: 'ended' } }))
  }

  // What is open now, to know when it is gone. What is stopped on purpose does not end in this sense.
  private note(device: Device): void {
    const me = this.room.localParticipant
    const media = me.getTrack(device)?.mediaStreamTrack
    if (media === undefined || media.readyState === 'ended' || media === this.noted[device]) return
    this.noted[device] = media
    this.last[device] = media.getSettings().deviceId
    media.addEventListener('ended', () => {
      const on = device === 'microphone' ? me.isMicrophoneEnabled : me.isCameraEnabled
      if (on && this.noted[device] === media) void this.lost(device)
    })
  }

  // Changes over at once if the device is on; else it is the one that is opened next.
  async choose(device: Device, deviceId: string): Promise<void> {
    chooseDevice(device, deviceId)
    const me = this.room.localParticipant
    if (device === 'microphone' ? me.isMicrophoneEnabled : me.isCameraEnabled) await this.set(device, true)
  }

  async share(on: boolean): Promise<void> {
    await this.ask('screen', () => this.room.localParticipant.setScreenShareEnabled(on))
    // To change one's mind in the browser's own dialogue is no problem.
    if (this.state.get().problems.screen === 'denied') this.forget('screen')
  }

  forget(device: Device | 'screen'): void {
    this.state.update((s) => ({ ...s, problems: { ...s.problems, [device]: undefined } }))
  }

  private async showBlurred(): Promise<void> {
    const [camera] = (
      await navigator.mediaDevices.getUserMedia({ video: constraintsOf('camera') })
    ).getVideoTracks()
    if (camera === undefined) return
    const seen = await dressed(camera)
    if (seen !== camera) camera.stop()
    await this.show(seen)
  }

  // In the place of what was shown, without a word to the server.
  private async show(camera: MediaStreamTrack): Promise<void> {
    const before = this.room.localParticipant.getTrack('camera')?.mediaStreamTrack
    await this.room.localParticipant.publishTrack(camera, { source: 'camera' })
    this.camera = camera
    if (before !== camera) before?.stop()
  }

  private async dressAnew(): Promise<void> {
    // Not while the camera is being changed, but after.
    this.undressed = this.state.get().busy.camera
    if (this.undressed) return
    await this.ask('camera', async () => {
      const me = this.room.localParticipant
      const now = me.getTrack('camera')?.mediaStreamTrack
      if (!me.isCameraEnabled || now === undefined) return
      const seen = await dressed(now)
      if (seen === now) return
      // Turned off meanwhile.
      if (me.isCameraEnabled) await this.show(seen)
      else seen.stop()
    })
  }

  private async ask(device: Device | 'screen', change: () => Promise<unknown>): Promise<void> {
    if (this.state.get().busy[device]) return
    this.state.update((s) => ({
      busy: { ...s.busy, [device]: true },
      problems: { ...s.problems, [device]: undefined },
    }))
    let problem: Problem | undefined
    try {
      await change()
    } catch (error) {
      problem = problemFrom(error)
    }
    this.state.update((s) => ({
      busy: { ...s.busy, [device]: false },
      problems: { ...s.problems, [device]: problem },
    }))
    if (device === 'camera' && this.undressed) void this.dressAnew()
  }
}

export const canShareScreen = (): boolean => typeof navigator.mediaDevices?.getDisplayMedia === 'function'
