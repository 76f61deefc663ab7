// An invitation's token comes in the address: #token=… (never sent to a server) or ?token=…. It is taken out of the
// address at once, so that it is not in a link that is copied on, in the history or in a screenshot, and kept in this
// tab only, for a reload.

export const withoutToken = (address: string): { address: string; token: string } => {
  const url = new URL(address)
  let token = url.searchParams.get('token') ?? ''
  if (url.searchParams.has('token')) url.searchParams.delete('token')
  const fragment = new URLSearchParams(url.hash.slice(1))
  if (fragment.has('token')) {
    token = fragment.get('token') ?? token
    fragment.delete('token')
    url.hash = fragment.toString()
  }
  return { address: url.href, token }
}

const KEY = 'parlor.token'

export const takeToken = (): void => {
  const { address, token } = withoutToken(location.href)
  if (address !== location.href) history.replaceState(history.state, '', address)
  if (token === '') return
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ path: location.pathname, token }))
  } catch {
    kept = { path: location.pathname, token }
  }
}

let kept: { path: string; token: string } | undefined

// The token that came with this path. One room's token says nothing to another.
export const tokenFor = (path: string): string | undefined => {
  if (kept?.path === path) return kept.token
  try {
    const stored = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as {
      path?: string
      token?: string
    } | null
    return stored?.path === path ? stored.token : undefined
  } catch {
    return undefined
  }
}

// Who a token is for, in words; undefined if it does not say. The server, which checks it, has the last word.
export const nameIn = (token: string | undefined): string | undefined => {
  try {
    const payload = (token?.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')
    const bytes = Uint8Array.from(atob(payload), (c) => c.charCodeAt(0))
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes))
    if (typeof claims !== 'object' || claims === null || !('name' in claims)) return undefined
    return typeof claims.name === 'string' && claims.name !== '' ? claims.name : undefined
  } catch {
    return undefined
  }
}
