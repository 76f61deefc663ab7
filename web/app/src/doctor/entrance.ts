// Joining over HTTP, as docs/protocol.md says, in a room that nobody else has business in.

import type { Answered } from './facts'

const ROOM = 'parlor-doctor'
const REQUEST_MS = 6_000

export interface Joined {
  sid: string
  link: string
  answer: string
  iceServers: { urls: string[]; username: string; credential: string }[]
}

export class Refused extends Error {
  readonly answered: Answered

  constructor(answered: Answered) {
    super(answered.code ?? answered.reason ?? 'refused')
    this.answered = answered
  }
}

// The room that a token is for. Whether it is good the server says.
export const roomOf = (token: string): string => {
  try {
    const part = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')
    const { video } = JSON.parse(atob(part)) as { video?: { room?: unknown } }
    return typeof video?.room === 'string' && video.room !== '' ? video.room : ROOM
  } catch {
    return ROOM
  }
}

export class Entrance {
  readonly #token: string | undefined

  constructor(token: string | undefined) {
    this.#token = token
  }

  async join(offer: string): Promise<Joined> {
    const start = performance.now()
    const room = this.#token === undefined ? ROOM : roomOf(this.#token)
    const body = JSON.stringify({ t: 'join', room, name: 'Doctor', token: this.#token, offer, tracks: [] })
    let response: Response
    try {
      response = await fetch('/v1/sessions?via=poll', {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
        cache: 'no-store',
        credentials: 'omit',
        signal: AbortSignal.timeout(REQUEST_MS),
      })
    } catch {
      throw new Refused({ outcome: 'silent', ms: performance.now() - start })
    }
    const ms = performance.now() - start
    const said = (await response.json().catch(() => ({}))) as Partial<Joined> & { code?: unknown }
    if (response.status === 201 && said.sid !== undefined) return said as Joined
    const code = typeof said.code === 'string' ? said.code : undefined
    const { status } = response
    throw new Refused({
      outcome: code === undefined ? 'refused' : 'works',
      ms,
      status,
      ...(code !== undefined && { code }),
    })
  }

  // Not waited for: a session that nobody goes on with ends by itself.
  leave(joined: Joined): void {
    fetch(`/v1/sessions/${joined.sid}`, {
      method: 'POST',
      body: '{"t":"leave"}',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${joined.link}` },
      credentials: 'omit',
      keepalive: true,
    }).catch(() => undefined)
  }
}
