// Which page the address means: / is the lobby, /r/{room} a room, /watch/{room} a room without a camera, /embed/{room} a
// room within somebody else's page, /doctor what gets through to the server.

import { Store, useStore } from './store'

export type Route =
  | { page: 'lobby'; room: string }
  | { page: 'room'; room: string; watch: boolean }
  | { page: 'embed'; room: string; watch: boolean }
  | { page: 'doctor' }

export const routeOf = (path: string, search: string): Route => {
  if (/^\/doctor\/?$/u.test(path)) return { page: 'doctor' }
  const match = /^\/(r|watch|embed)\/([^/]+)\/?$/u.exec(path)
  if (match?.[2] !== undefined) {
    const room = decoded(match[2])
    if (room !== '' && match[1] === 'embed')
      return { page: 'embed', room, watch: new URLSearchParams(search).has('watch') }
    if (room !== '') return { page: 'room', room, watch: match[1] === 'watch' }
  }
  return { page: 'lobby', room: new URLSearchParams(search).get('room') ?? '' }
}

export const pathOf = (room: string, watch = false): string =>
  `/${watch ? 'watch' : 'r'}/${encodeURIComponent(room)}`

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

// Whether this page is part of another, which has its own ways on: nothing here leads out of the room.
export const embedded = location.pathname.startsWith('/embed/')

const current = (): Route => routeOf(location.pathname, location.search)

const route = new Store<Route>(current())
addEventListener('popstate', () => route.set(current()))

export const useRoute = (): Route => useStore(route)

export const go = (path: string): void => {
  history.pushState(null, '', path)
  route.set(current())
}
