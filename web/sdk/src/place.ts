// A page that is reloaded goes on as the same person: what it needs for that waits in the tab's own storage, from the
// moment the page goes until the next one takes it. A duplicated tab finds nothing there.

export interface Place {
  sid: string
  rt: string
}

function key(url: string, room: string): string {
  return `parlor:${url}|${room}`
}

export function keepPlace(storage: Storage | undefined, url: string, room: string, place: Place): void {
  try {
    storage?.setItem(key(url, room), JSON.stringify(place))
  } catch {
    // No storage, no return: the page joins as a newcomer.
  }
}

export function takePlace(storage: Storage | undefined, url: string, room: string): Place | undefined {
  try {
    const text = storage?.getItem(key(url, room))
    if (!text) return undefined
    storage?.removeItem(key(url, room))
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || !('sid' in value) || !('rt' in value)) return undefined
    const { sid, rt } = value
    return typeof sid === 'string' && typeof rt === 'string' ? { sid, rt } : undefined
  } catch {
    return undefined
  }
}

/** The tab's storage; reading it throws where cookies are forbidden. */
export function tabStorage(): Storage | undefined {
  try {
    return globalThis.sessionStorage as Storage | undefined
  } catch {
    return undefined
  }
}
