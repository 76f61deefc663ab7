// The link that brings others here: the room's address and nothing of one's own, no token.

import { pathOf } from '../route'
import { tokenFor } from '../token'

// Of who watches another who watches.
export const inviteLink = (room: string, watch = false): string =>
  new URL(pathOf(room, watch), location.origin).href

// The test of the connection, by the same invitation.
export const doctorLink = (): string => {
  const token = tokenFor(location.pathname)
  return token === undefined ? '/doctor' : `/doctor#token=${encodeURIComponent(token)}`
}

// What the system has for passing on links: phones do, and some others.
export const canShareLink = (): boolean => typeof navigator.share === 'function'

export const shareLink = async (title: string, url: string): Promise<void> => {
  // To change one's mind is no problem.
  await navigator.share({ title, url }).catch(() => undefined)
}

export const copy = async (text: string): Promise<boolean> => {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyTheOldWay(text)
  }
}

// Pages on plain http have no clipboard object.
const copyTheOldWay = (text: string): boolean => {
  const field = document.createElement('textarea')
  field.value = text
  field.className = 'unseen'
  document.body.append(field)
  field.select()
  try {
    return document.execCommand('copy')
  } catch {
    return false
  } finally {
    field.remove()
  }
}
