// Commands that wait for their answers.

import type { Answer } from './wire'

/** Why a room did not do what it was asked to. */
export class ParlorRoomError extends Error {
  /** A word that programs can act on: docs/embed.md. */
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'ParlorRoomError'
    this.code = code
  }
}

interface Waiting {
  resolve: (value: unknown) => void
  reject: (error: ParlorRoomError) => void
}

/** More are not asked at a time: a room that does not answer must not fill the page around it. */
const MOST = 1000

export class Calls {
  readonly #waiting = new Map<number, Waiting>()
  #last = 0

  /** Asks by `send`, and gives what is answered. */
  ask(send: (call: number) => void): Promise<unknown> {
    if (this.#waiting.size >= MOST)
      return Promise.reject(new ParlorRoomError('busy', `${MOST} commands wait for their answers`))
    return new Promise((resolve, reject) => {
      const call = ++this.#last
      this.#waiting.set(call, { resolve, reject })
      send(call)
    })
  }

  answered(answer: Answer): void {
    const waiting = this.#waiting.get(answer.call)
    this.#waiting.delete(answer.call)
    if ('error' in answer) waiting?.reject(new ParlorRoomError(answer.error.code, answer.error.message))
    else waiting?.resolve(answer.value)
  }

  /** Nobody will answer any more. */
  end(code: string, message: string): void {
    const all = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { reject } of all) reject(new ParlorRoomError(code, message))
  }
}
