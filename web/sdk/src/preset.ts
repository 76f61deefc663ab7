import { openDevice } from './devices'
import { ParlorError } from './errors'
import type { JoinOptions } from './options'
import type { Publications } from './publications'

/** What one joins with: opened before anybody sees us, and closed again if nothing comes of it. */
export class Preset {
  readonly #opened: MediaStreamTrack[] = []

  async open({ audio, video, signal }: JoinOptions, publications: Publications | undefined): Promise<void> {
    for (const [source, kind, wish] of [
      ['microphone', 'audio', audio],
      ['camera', 'video', video],
    ] as const) {
      if (!wish || !publications) continue
      const track = wish === true ? await openDevice(kind, {}) : wish
      if (wish === true) this.#opened.push(track)
      publications.preset(source, track)
    }
    if (signal?.aborted) throw new ParlorError('aborted', 'joining was given up')
  }

  /** Stops what was opened here; a track that was given is not ours yet. */
  stop(): void {
    for (const track of this.#opened) track.stop()
  }
}
