import type { Anyone, ConnectionQuality } from './participant'

export interface QualitiesEvents {
  find(id: string): Anyone | undefined
  changed(participant: Anyone): void
}

/** How well everybody's connection does, as the server sees it. */
export class Qualities {
  readonly #events: QualitiesEvents
  readonly #known = new Map<string, ConnectionQuality>()

  constructor(events: QualitiesEvents) {
    this.#events = events
  }

  /** Those of whom it changed. */
  say(of: ReadonlyMap<string, ConnectionQuality>): void {
    for (const [id, quality] of of) this.#known.set(id, quality)
    this.look()
  }

  /** Somebody came or went: what was said of who was not here yet is said of them now. */
  look(): void {
    for (const [id, quality] of this.#known) {
      const participant = this.#events.find(id)
      if (participant?.setQuality(quality)) this.#events.changed(participant)
    }
  }

  left(id: string): void {
    this.#known.delete(id)
  }
}
