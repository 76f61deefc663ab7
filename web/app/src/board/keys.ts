// Where boards are in the room's state (docs/board.md). The rule of everything under wb/ is `version`.

// Everything of boards.
export const PREFIX = 'wb/'
// Is there as soon as there was a board. If it is gone, the server has lost what it had.
export const MARK = 'wb/-'

export const boardKey = (board: string): string => `${PREFIX}${board}`
export const elementPrefix = (board: string): string => `${PREFIX}${board}/e/`
export const elementKey = (board: string, element: string): string => elementPrefix(board) + element

// Whose description a key is; undefined: it is something else.
export const boardOf = (key: string): string | undefined => {
  const board = key.slice(PREFIX.length)
  return key.startsWith(PREFIX) && key !== MARK && isId(board) ? board : undefined
}

// Ids of boards and elements are parts of keys.
export const isId = (id: string): boolean => /^[\w-]{1,64}$/u.test(id)
