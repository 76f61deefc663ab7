// @vitest-environment jsdom
import type { Room } from '/sdk/parlor.js'
import { beforeEach, expect, it, vi } from 'vitest'
import { devices } from '../media/deviceList'
import { OwnDevices } from './OwnDevices'

const media = (deviceId: string) =>
  Object.assign(new EventTarget(), { readyState: 'live', getSettings: () => ({ deviceId }) })

// A room whose microphone and camera are opened at once.
function room() {
  const tracks = new Map<string, { mediaStreamTrack: ReturnType<typeof media> }>()
  const on = { microphone: false, camera: false }
  const set = (device: 'microphone' | 'camera') =>
    vi.fn(async (enabled: boolean, { deviceId = 'a' }: { deviceId?: string } = {}) => {
      on[device] = enabled
      if (enabled) tracks.set(device, { mediaStreamTrack: media(deviceId) })
    })
  const localParticipant = {
    getTrack: (source: string) => tracks.get(source),
    get isMicrophoneEnabled() {
      return on.microphone
    },
    get isCameraEnabled() {
      return on.camera
    },
    setMicrophoneEnabled: set('microphone'),
    setCameraEnabled: set('camera'),
  }
  const own = new OwnDevices({ localParticipant, on: () => () => undefined } as unknown as Room)
  // As the SDK: it is off by the time anything else happens.
  const unplug = async (device: 'microphone' | 'camera') => {
    tracks.get(device)?.mediaStreamTrack.dispatchEvent(new Event('ended'))
    on[device] = false
    await vi.waitFor(() => expect(enumerate).toHaveBeenCalled())
    await new Promise((done) => queueMicrotask(() => done(undefined)))
  }
  return { own, on, unplug, localParticipant }
}

const named = (kind: string, ids: string[]) => ids.map((deviceId) => ({ deviceId, kind, label: deviceId }))
let here = { microphones: ['a', 'b'], cameras: ['a', 'b'] }
const enumerate = vi.fn(async () => [
  ...named('audioinput', here.microphones),
  ...named('videoinput', here.cameras),
])

beforeEach(() => {
  here = { microphones: ['a', 'b'], cameras: ['a', 'b'] }
  enumerate.mockClear()
  Object.defineProperty(navigator, 'mediaDevices', {
    value: { enumerateDevices: enumerate },
    configurable: true,
  })
  devices.set({ microphones: [], cameras: [], speakers: [] })
})

it('goes on with another microphone when the one in use is unplugged', async () => {
  const { own, on, unplug, localParticipant } = room()
  await own.set('microphone', true)
  enumerate.mockClear()
  here.microphones = ['b']
  await unplug('microphone')
  await vi.waitFor(() => expect(on.microphone).toBe(true))
  expect(localParticipant.setMicrophoneEnabled).toHaveBeenLastCalledWith(true, { deviceId: 'b' })
  expect(own.state.get().problems.microphone).toBeUndefined()
})

it('says so when there is no other, and never opens another camera', async () => {
  const { own, on, unplug } = room()
  await own.set('microphone', true)
  await own.set('camera', true)
  here = { microphones: [], cameras: ['b'] }
  await unplug('microphone')
  await unplug('camera')
  await vi.waitFor(() => expect(own.state.get().problems).toEqual({ microphone: 'ended', camera: 'ended' }))
  expect(on).toEqual({ microphone: false, camera: false })
})

it('leaves a microphone off that was muted when it was unplugged', async () => {
  const { own, on, unplug, localParticipant } = room()
  await own.set('microphone', true)
  await own.set('microphone', false)
  const calls = localParticipant.setMicrophoneEnabled.mock.calls.length
  await unplug('microphone')
  expect(localParticipant.setMicrophoneEnabled).toHaveBeenCalledTimes(calls)
  expect(on.microphone).toBe(false)
  expect(own.state.get().problems.microphone).toBeUndefined()
})
