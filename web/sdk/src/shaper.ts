import type { Shape } from './encodings'

const retryMs = 250
const tries = 4

/**
 * Puts in force what a sender shall send: one change after the other, and of several that wait only the last. What the browser
 * refuses is tried again a few times; then it stays as it is until the next change.
 */
export class Shaper {
  readonly #sender: () => RTCRtpSender | undefined
  #due: { shapes: readonly Shape[]; active: (rid: string) => boolean } | undefined
  #busy = false

  constructor(sender: () => RTCRtpSender | undefined) {
    this.#sender = sender
  }

  apply(shapes: readonly Shape[], active: (rid: string) => boolean): void {
    this.#due = { shapes, active }
    if (!this.#busy) void this.#run()
  }

  async #run(): Promise<void> {
    this.#busy = true
    let left = tries
    for (let due = this.#due; due; due = this.#due) {
      this.#due = undefined
      try {
        await this.#put(due.shapes, due.active)
        left = tries
      } catch {
        if (--left <= 0) break
        await new Promise((resolve) => setTimeout(resolve, retryMs))
        this.#due ??= due
      }
    }
    this.#busy = false
  }

  async #put(shapes: readonly Shape[], active: (rid: string) => boolean): Promise<void> {
    const sender = this.#sender()
    const parameters = sender?.getParameters()
    if (!sender || !parameters?.encodings?.length) return
    let changed = false
    for (const encoding of parameters.encodings) {
      const shape = shapes.find((s) => s.rid === (encoding.rid ?? ''))
      const now: RTCRtpEncodingParameters = {
        active: shape !== undefined && active(shape.rid),
        ...(shape ? { scaleResolutionDownBy: shape.scale, maxBitrate: shape.maxBitrate } : {}),
      }
      const before = { active: true, ...encoding } as Record<string, unknown>
      if (Object.entries(now).every(([name, value]) => before[name] === value)) continue
      Object.assign(encoding, now)
      changed = true
    }
    if (changed) await sender.setParameters(parameters)
  }
}
