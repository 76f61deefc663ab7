import type { Grant } from './wire'

/** Whether messages of this type may be sent with a grant: `maySend(room.grant, 'chat')`. Others the server refuses with `not_allowed`. */
export function maySend(grant: Readonly<Grant>, type: string): boolean {
  return grant.data && (grant.sendTypes?.includes(type) ?? true)
}

/** Whether this key of the room's state may be changed with a grant; likewise. */
export function mayWrite(grant: Readonly<Grant>, key: string): boolean {
  return grant.data && (grant.writeState?.some((prefix) => key.startsWith(prefix)) ?? true)
}
