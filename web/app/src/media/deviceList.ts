// Which devices there are. Before the browser was allowed any, it names none, and so does this.

import { remember, remembered } from '../preferences'
import { Store } from '../store'

export interface Devices {
  microphones: readonly MediaDeviceInfo[]
  cameras: readonly MediaDeviceInfo[]
  speakers: readonly MediaDeviceInfo[]
}

export const devices = new Store<Devices>({ microphones: [], cameras: [], speakers: [] })

export const listDevices = async (): Promise<void> => {
  try {
    const all = await navigator.mediaDevices.enumerateDevices()
    const of = (kind: MediaDeviceKind) => all.filter((d) => d.kind === kind && d.deviceId !== '')
    devices.set({ microphones: of('audioinput'), cameras: of('videoinput'), speakers: of('audiooutput') })
  } catch {
    // No devices, or none for this page: the lists stay as they are.
  }
}

navigator.mediaDevices?.addEventListener('devicechange', () => void listDevices())

export type Kind = 'microphone' | 'camera' | 'speaker'

const key = (kind: Kind) => `${kind}-id`

// What was chosen last; empty: whatever the system takes.
export const chosen = new Store<Record<Kind, string>>({
  microphone: remembered(key('microphone')),
  camera: remembered(key('camera')),
  speaker: remembered(key('speaker')),
})

export const chooseDevice = (kind: Kind, deviceId: string): void => {
  remember(key(kind), deviceId)
  chosen.update((c) => ({ ...c, [kind]: deviceId }))
}

export const canChooseSpeaker = (): boolean => 'setSinkId' in HTMLMediaElement.prototype
