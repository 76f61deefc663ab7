// Tokens as a site with a key of the server's mints them.

import { createHmac } from 'node:crypto'

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A key, and the flags of a server that knows it. */
export const KEY = { name: 'site', secret: 'a-secret-of-at-least-thirty-two-bytes' }
export const keyArgs = ['--keys', `${KEY.name}:${KEY.secret}`]

/** A token for a room that is good for ten minutes; `video` is what it grants beside entering. */
export function mint({ room, identity, name = identity, metadata, video = {} }) {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: KEY.name,
    sub: identity,
    name,
    metadata,
    nbf: now - 5,
    exp: now + 600,
    video: { room, roomJoin: true, ...video },
  }
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
  return `${text}.${createHmac('sha256', KEY.secret).update(text).digest('base64url')}`
}
