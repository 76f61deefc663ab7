// What stands behind oneself in the camera's picture: as it is, or blurred. Blurring is done here, in the browser; its
// library and model (3 MB) are fetched when it is first wanted, from this server.

import loader from '@mediapipe/tasks-vision/vision_wasm_module_internal.js?url'
import binary from '@mediapipe/tasks-vision/vision_wasm_module_internal.wasm?url'
import { remember, remembered } from '../preferences'
import { Store } from '../store'
import type { Begin, Told } from './messages'
import model from './segmenter.tflite?url'

export type Background = 'none' | 'blur'

// What Chromium has of it in pages; others have other ways, or none.
interface Streams {
  MediaStreamTrackProcessor: new (init: { track: MediaStreamTrack; maxBufferSize: number }) => {
    readable: ReadableStream<VideoFrame>
  }
  MediaStreamTrackGenerator: new (init: { kind: 'video' }) => MediaStreamTrack & {
    writable: WritableStream<VideoFrame>
  }
}

const streams = globalThis as unknown as Partial<Streams>

export const canBlur = (): boolean =>
  typeof streams.MediaStreamTrackProcessor === 'function' &&
  typeof streams.MediaStreamTrackGenerator === 'function' &&
  typeof OffscreenCanvas === 'function'

export const background = new Store<Background>(
  canBlur() && remembered('background') === 'blur' ? 'blur' : 'none',
)

// Why it was given up last, if it was: this machine is too slow for it, or it does not work here.
export const gaveUp = new Store<'slow' | 'failed' | undefined>(undefined)

export const chooseBackground = (wanted: Background): void => {
  remember('background', wanted === 'none' ? '' : wanted)
  gaveUp.set(undefined)
  background.set(wanted)
}

// The camera under a track that was made here.
const cameras = new WeakMap<MediaStreamTrack, MediaStreamTrack>()

// The track as it is to be seen: the same if it is right already, else another one, and then the former is the caller's
// to stop. To stop one that is blurred stops its camera. It is there once there is a blurred picture, not before.
export const dressed = async (track: MediaStreamTrack): Promise<MediaStreamTrack> => {
  const camera = cameras.get(track)
  if (background.get() === 'none') return camera === undefined ? track : camera.clone()
  if (camera !== undefined) return track
  return (await blurred(track.clone())) ?? track
}

const { MediaStreamTrackProcessor: Processor, MediaStreamTrackGenerator: Generator } = streams

// Undefined: it does not work, which is said in `gaveUp`; the wish is forgotten.
const blurred = (camera: MediaStreamTrack): Promise<MediaStreamTrack | undefined> => {
  if (Processor === undefined || Generator === undefined) return Promise.resolve(undefined)
  const { readable } = new Processor({ track: camera, maxBufferSize: 2 })
  const track = new Generator({ kind: 'video' })
  const worker = new Worker(new URL('./background.worker.ts', import.meta.url), { type: 'module' })
  cameras.set(track, camera)

  const stopped = track.stop.bind(track)
  const end = () => {
    worker.terminate()
    stopped()
    camera.stop()
  }
  // Whoever stops the picture means the camera: its light goes off at once.
  track.stop = end
  track.getSettings = () => camera.getSettings()
  camera.addEventListener('ended', () => {
    worker.terminate()
    stopped()
    track.dispatchEvent(new Event('ended'))
  })

  return new Promise((resolve) => {
    const tell = (told: Told) => {
      if (told === 'begun') resolve(track)
      else if (told === 'over') end()
      else {
        worker.terminate()
        // One that was given away goes on to be seen until it is changed for the camera itself; its last picture stays.
        remember('background', '')
        gaveUp.set(told)
        // Whoever shows the track takes the camera itself now.
        background.set('none')
        resolve(undefined)
      }
    }
    worker.onmessage = ({ data }: MessageEvent<Told>) => tell(data)
    worker.onerror = (event) => {
      console.error(event.message)
      tell('failed')
    }
    const begin: Begin = { frames: readable, blurred: track.writable, loader, binary, model }
    worker.postMessage(begin, [readable, track.writable] as unknown as Transferable[])
  })
}
