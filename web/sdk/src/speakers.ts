import type { Anyone } from './participant'

export interface SpeakersEvents {
  find(id: string): Anyone | undefined
  changed(speakers: Anyone[]): void
}

/** Who speaks, as the server hears it. Loudest first. */
export class Speakers {
  readonly #events: SpeakersEvents
  #ids: readonly string[] = []
  #speaking: readonly Anyone[] = []

  constructor(events: SpeakersEvents) {
    this.#events = events
  }

  hear(ids: readonly string[]): void {
    this.#ids = ids
    this.look()
  }

  /** Somebody came or went: whoever is named may be here only now, or not any more. */
  look(): void {
    const speaking = this.#ids.flatMap((id) => this.#events.find(id) ?? [])
    const before = this.#speaking
    if (speaking.length === before.length && speaking.every((p, i) => p === before[i])) return
    this.#speaking = speaking
    for (const p of before) p.setSpeaking(speaking.includes(p))
    for (const p of speaking) p.setSpeaking(true)
    this.#events.changed([...speaking])
  }
}
