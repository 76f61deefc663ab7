// One's own microphone, camera and screen while in a room: what is being changed just now, and what went wrong. What
// is on is the room's to say; this only asks it.

import type { Room } from '/sdk/parlor.js'
import { chooseDevice, chosen, devices, listDevices } from '../media/deviceList'
import { type Device, type Problem, problemOf } from '../media/problem'
import { Store } from '../store'

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

export class OwnDevices {
  readonly state = new Store<OwnState>({
    busy: { microphone: false, camera: false, screen: false },
    problems: {},
  })
  private readonly room: Room

  constructor(room: Room) {
    this.room = room
  }

  async set(device: Device, on: boolean): Promise<void> {
    await this.ask(device, () => {
      // A device that was chosen once and is not here today must not keep another one from working.
      const deviceId = chosen.get()[device]
      const list = device === 'microphone' ? devices.get().microphones : devices.get().cameras
      const options = list.some((d) => d.deviceId === deviceId) ? { deviceId } : {}
      return device === 'microphone'
        ? this.room.localParticipant.setMicrophoneEnabled(on, options)
        : this.room.localParticipant.setCameraEnabled(on, options)
    })
    void listDevices()
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
  }
}

export const canShareScreen = (): boolean => typeof navigator.mediaDevices?.getDisplayMedia === 'function'
