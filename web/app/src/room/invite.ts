// The link that brings others here: the room's address and nothing of one's own, no token.

import { pathOf } from '../route'

export const inviteLink = (room: string): string => new URL(pathOf(room), location.origin).href

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
