// The smallest store that useSyncExternalStore can read: one immutable value and those who wait for the next.

import { useSyncExternalStore } from 'react'

export interface Readable<T> {
  get: () => T
  subscribe: (fn: () => void) => () => void
}

export class Store<T> implements Readable<T> {
  private value: T
  private readonly listeners = new Set<() => void>()

  constructor(value: T) {
    this.value = value
  }

  get = (): T => this.value

  set(value: T): void {
    if (Object.is(value, this.value)) return
    this.value = value
    for (const listener of [...this.listeners]) listener()
  }

  update(fn: (value: T) => T): void {
    this.set(fn(this.value))
  }

  subscribe = (fn: () => void): (() => void) => {
    this.listeners.add(fn)
    return () => this.listeners.delete(fn)
  }
}

export const useStore = <T>(store: Readable<T>): T => useSyncExternalStore(store.subscribe, store.get)
