// What the page remembers between visits. Storage may be forbidden or full: then it remembers nothing.

const PREFIX = 'parlor.'

export const remembered = (key: string): string => {
  try {
    return localStorage.getItem(PREFIX + key) ?? ''
  } catch {
    return ''
  }
}

export const remember = (key: string, value: string): void => {
  try {
    if (value === '') localStorage.removeItem(PREFIX + key)
    else localStorage.setItem(PREFIX + key, value)
  } catch {
    // Nothing to do about it, and nothing lost but comfort.
  }
}

// A visit: this tab is in this room with these devices on. It outlives a reload, so that a reloaded page goes on.
export interface Visit {
  room: string
  name: string
  microphone: boolean
  camera: boolean
}

const VISIT = `${PREFIX}visit`

export const startVisit = (visit: Visit): void => {
  try {
    sessionStorage.setItem(VISIT, JSON.stringify(visit))
  } catch {
    // The preview is shown again after a reload then.
  }
}

export const endVisit = (): void => {
  try {
    sessionStorage.removeItem(VISIT)
  } catch {
    // Nothing was kept.
  }
}

// The visit that a reload interrupted. A duplicated tab copies the storage but is no reload: it has to ask.
export const interruptedVisit = (room: string): Visit | undefined => {
  try {
    const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
    if (navigation?.type !== 'reload') return undefined
    const visit = JSON.parse(sessionStorage.getItem(VISIT) ?? 'null') as Partial<Visit> | null
    if (visit === null || visit.room !== room || typeof visit.name !== 'string') return undefined
    return { room, name: visit.name, microphone: visit.microphone === true, camera: visit.camera === true }
  } catch {
    return undefined
  }
}
