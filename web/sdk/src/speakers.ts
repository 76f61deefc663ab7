import type { Participant } from './participant'
import type { RemoteTrack } from './track'

const everyMs = 250
const threshold = 0.01
// A pause between two words is not the end of a speech.
const holdMs = 750

export interface SpeakersEvents {
  playing(): { track: RemoteTrack; participant: Participant }[]
  changed(speakers: Participant[]): void
}

/** Who is heard, by the levels that the receivers report. Loudest first. */
export class Speakers {
  readonly #events: SpeakersEvents
  readonly #heard = new Map<Participant, { level: number; at: number }>()
  #speaking: Participant[] = []
  readonly #timer: ReturnType<typeof setInterval>

  constructor(events: SpeakersEvents) {
    this.#events = events
    this.#timer = setInterval(() => this.#look(performance.now()), everyMs)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look(now: number): void {
    for (const { track, participant } of this.#events.playing()) {
      if (track.kind !== 'audio' || track.muted) continue
      const level = track.receiver?.getSynchronizationSources()[0]?.audioLevel ?? 0
      if (level >= threshold) this.#heard.set(participant, { level, at: now })
    }
    for (const [participant, { at }] of this.#heard) if (now - at > holdMs) this.#heard.delete(participant)
    const speaking = [...this.#heard]
      .sort(([, a], [, b]) => b.level - a.level)
      .map(([participant]) => participant)
    const before = this.#speaking
    // Which of two is louder changes with every syllable; that alone is no news.
    if (speaking.length === before.length && speaking.every((p) => before.includes(p))) return
    this.#speaking = speaking
    for (const p of before) p.setSpeaking(speaking.includes(p))
    for (const p of speaking) p.setSpeaking(true)
    this.#events.changed(speaking)
  }
}
