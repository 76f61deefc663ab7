type Listener<A extends unknown[]> = (...args: A) => void

/**
 * A typed emitter. A listener that throws is reported and harms nobody else; one that is added or removed while an
 * event is on its way takes effect with the next event.
 */
export class Emitter<Events extends Record<keyof Events, unknown[]>> {
  readonly #listeners = new Map<keyof Events, { fn: unknown; call: unknown }[]>()

  /** Calls fn at every `event`; returns a function that ends it. */
  on<K extends keyof Events>(event: K, fn: Listener<Events[K]>): () => void {
    this.#add(event, fn, fn)
    return () => this.off(event, fn)
  }

  /** Calls fn at the next `event` only; returns a function that ends it. */
  once<K extends keyof Events>(event: K, fn: Listener<Events[K]>): () => void {
    const call: Listener<Events[K]> = (...args) => {
      this.off(event, fn)
      fn(...args)
    }
    this.#add(event, fn, call)
    return () => this.off(event, fn)
  }

  /** Ends on() or once() of this fn. */
  off<K extends keyof Events>(event: K, fn: Listener<Events[K]>): void {
    const list = this.#listeners.get(event)
    const at = list?.findIndex((l) => l.fn === fn) ?? -1
    if (list && at >= 0) this.#listeners.set(event, [...list.slice(0, at), ...list.slice(at + 1)])
  }

  protected emit<K extends keyof Events>(event: K, ...args: Events[K]): void {
    for (const { call } of this.#listeners.get(event) ?? [])
      guarded(() => (call as Listener<Events[K]>)(...args))
  }

  #add<K extends keyof Events>(event: K, fn: Listener<Events[K]>, call: Listener<Events[K]>): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), { fn, call }])
  }
}

/** Runs foreign code: what it throws is reported as an uncaught error, but does not stop the caller. */
export function guarded(fn: () => void): void {
  try {
    fn()
  } catch (err) {
    if (typeof reportError === 'function') reportError(err)
    else console.error(err)
  }
}
