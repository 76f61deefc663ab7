// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Playback } from '../src/sink'
import { LocalTrack, RemoteTrack } from '../src/track'

type FrameCallback = (now: number, frame: { rtpTimestamp?: number }) => void

/** jsdom has the elements, but plays nothing: the test shows the frames. */
function video(withCallbacks = true): HTMLVideoElement & { frame(rtpTimestamp?: number): void } {
  const waiting: FrameCallback[] = []
  const element = document.createElement('video')
  Object.defineProperty(element, 'srcObject', { value: null, writable: true })
  element.play = () => Promise.resolve()
  if (withCallbacks) {
    Object.assign(element, {
      requestVideoFrameCallback: (fn: FrameCallback) => waiting.push(fn),
      cancelVideoFrameCallback: () => waiting.splice(0),
    })
  }
  return Object.assign(element, {
    frame: (rtpTimestamp?: number) => {
      for (const fn of waiting.splice(0)) fn(0, rtpTimestamp === undefined ? {} : { rtpTimestamp })
    },
  })
}

const media = (id: string) => ({ id, getSettings: () => ({}) }) as unknown as MediaStreamTrack
const shown = (element: HTMLMediaElement) =>
  (element.srcObject as unknown as { tracks: { id: string }[] } | null)?.tracks[0]?.id
const blocked = vi.fn()
let playback: Playback
const remote = () => new RemoteTrack('t', 'video', 'camera', false, playback)

beforeEach(() => {
  vi.useFakeTimers()
  blocked.mockClear()
  playback = new Playback(blocked)
  vi.stubGlobal(
    'MediaStream',
    class {
      readonly tracks: unknown[]
      constructor(tracks: unknown[]) {
        this.tracks = tracks
      }
    },
  )
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('a remote track', () => {
  it('plays wherever it is attached, before and after it is shown', () => {
    const track = remote()
    const first = track.attach(video())
    expect(first.srcObject).toBeNull()
    expect(first.autoplay && first.muted && first.playsInline).toBe(true)
    track.bind({ media: media('m1') })
    const second = track.attach(video())
    expect([shown(first), shown(second)]).toEqual(['m1', 'm1'])
    track.unbind()
    expect([first.srcObject, second.srcObject]).toEqual([null, null])
    track.bind({ media: media('m2') })
    expect(track.detach(first)).toEqual([first])
    expect([first.srcObject, shown(second)]).toEqual([null, 'm2'])
    expect(track.detach()).toEqual([second])
    expect(track.detach()).toEqual([])
  })

  it('takes an element from another track', () => {
    const [a, b] = [remote(), remote()]
    a.bind({ media: media('a') })
    b.bind({ media: media('b') })
    const element = a.attach(video())
    b.attach(element)
    expect(shown(element)).toBe('b')
    a.unbind()
    expect(shown(element)).toBe('b')
    expect(a.detach()).toEqual([])
  })

  it('is hidden until a frame newer than the former source is there', () => {
    const track = remote()
    const element = track.attach(video())
    element.style.visibility = 'inherit'
    track.bind({ media: media('m'), after: 1000 })
    expect(element.style.visibility).toBe('hidden')
    element.frame(900)
    element.frame(1000)
    expect(element.style.visibility).toBe('hidden')
    element.frame(1001)
    expect(element.style.visibility).toBe('inherit')
    // Seen once, it is known to be the new source everywhere.
    expect(track.attach(video()).style.visibility).toBe('')
  })

  it('is not hidden in a slot that never showed another', () => {
    const track = remote()
    const element = track.attach(video())
    track.bind({ media: media('m') })
    expect(element.style.visibility).toBe('')
  })

  it('gives the element back as it was when it goes while hidden', () => {
    const track = remote()
    const element = track.attach(video())
    track.bind({ media: media('m'), after: 5 })
    track.unbind()
    expect(element.style.visibility).toBe('')
    track.bind({ media: media('m'), after: 5 })
    track.detach(element)
    expect(element.style.visibility).toBe('')
    element.frame(6)
    expect(element.srcObject).toBeNull()
  })

  it('asks the receiver where frames do not tell their timestamp', () => {
    const track = remote()
    const element = track.attach(video())
    let timestamp = 1000
    const receiver = {
      getSynchronizationSources: () => [{ rtpTimestamp: timestamp }],
    } as unknown as RTCRtpReceiver
    track.bind({ media: media('m'), receiver, after: 1000 })
    element.frame()
    vi.advanceTimersByTime(1000)
    expect(element.style.visibility).toBe('hidden')
    timestamp = 1001
    element.frame()
    expect(element.style.visibility).toBe('hidden')
    vi.advanceTimersByTime(100)
    expect(element.style.visibility).toBe('')
  })

  it('waits a moment after the first frame where nothing is known', () => {
    const track = remote()
    const element = track.attach(video(false))
    Object.defineProperty(element, 'readyState', { value: 0, writable: true })
    track.bind({ media: media('m'), after: 1000 })
    vi.advanceTimersByTime(1000)
    expect(element.style.visibility).toBe('hidden')
    Object.defineProperty(element, 'readyState', { value: 2, writable: true })
    vi.advanceTimersByTime(300)
    expect(element.style.visibility).toBe('')
  })
})

describe('sound', () => {
  it('that the browser will not play is told once, and played at startAudio', async () => {
    const track = new RemoteTrack('t', 'audio', 'microphone', false, playback)
    const elements = [document.createElement('audio'), document.createElement('audio')]
    let allowed = false
    let playing = 0
    for (const element of elements) {
      Object.defineProperty(element, 'srcObject', { value: null, writable: true })
      element.play = () =>
        allowed ? Promise.resolve(void playing++) : Promise.reject(new DOMException('no', 'NotAllowedError'))
      track.attach(element)
    }
    track.bind({ media: media('m') })
    await vi.advanceTimersByTimeAsync(0)
    expect(blocked).toHaveBeenCalledTimes(1)
    expect(playback.blocked).toBe(true)
    allowed = true
    await playback.start()
    expect(playing).toBe(2)
    expect(playback.blocked).toBe(false)
  })
})

describe('a local track', () => {
  it('shows what it sends, silently', () => {
    const track = new LocalTrack('l', 'audio', 'microphone', true, playback)
    const element = document.createElement('audio')
    Object.defineProperty(element, 'srcObject', { value: null, writable: true })
    element.play = () => Promise.resolve()
    track.attach(element)
    expect(element.muted).toBe(true)
    track.setMedia(media('m'))
    expect(shown(element)).toBe('m')
    track.setMedia(undefined)
    expect(element.srcObject).toBeNull()
  })
})
