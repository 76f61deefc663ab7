// Where the page is that an element shows. Nothing secret is in it: what only the room may know goes by postMessage.

export interface Shown {
  room: string
  /** The server. */
  url: string
  watch: boolean
  lang: string
  panels: string
}

export const addressOf = ({ room, url, watch, lang, panels }: Shown, page: string): URL => {
  const address = new URL(url, page)
  address.hash = address.search = ''
  address.pathname = `${address.pathname.replace(/\/+$/u, '')}/embed/${encodeURIComponent(room)}`
  const words = panels.trim().split(/[\s,]+/u)
  // It waits to be told with what one goes in.
  address.searchParams.set('controlled', '')
  if (watch) address.searchParams.set('watch', '')
  if (lang !== '') address.searchParams.set('lang', lang)
  if (panels !== '') address.searchParams.set('panels', words.join(','))
  return address
}
