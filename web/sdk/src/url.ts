import { ParlorError } from './errors'

/** Address of the session's WebSocket: from what the page gave, or from where this module was loaded. */
export function sessionUrl(given: string | undefined, module: string): string {
  const page = (globalThis.location as Location | undefined)?.href
  let url: URL
  try {
    // A module that was bundled into a page may have no address of the web.
    url = given === undefined ? new URL('/', /^https?:/.test(module) ? module : page) : new URL(given, page)
  } catch {
    throw new ParlorError('unreachable', `${String(given)} is not an address`)
  }
  url.protocol = url.protocol === 'https:' || url.protocol === 'wss:' ? 'wss:' : 'ws:'
  url.hash = url.search = ''
  if (!url.pathname.endsWith('/v1/ws')) url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/ws`
  return url.href
}

/** Where the same sessions are had over HTTP. */
export function httpUrl(sessionUrl: string): string {
  return sessionUrl.replace(/^ws/, 'http').replace(/ws$/, 'sessions')
}
