// Files in what people write: what a message says of one, in words of others and so to be doubted, and how it is shown.

export interface ChatFile {
  // Undefined while it is on its way into the room.
  id: string | undefined
  name: string
  type: string
  size: number
}

const LONGEST_NAME = 200
// Types that browsers show and that run nothing. The server sends nothing else to be shown.
const PICTURES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])

export const isPicture = (type: string): boolean => PICTURES.has(type)

// The file that a message tells of, if it is one.
export const fileOf = (data: unknown): ChatFile | undefined => {
  if (typeof data !== 'object' || data === null || !('file' in data)) return undefined
  const { file } = data
  if (typeof file !== 'object' || file === null) return undefined
  const { id, name, type, size } = file as Record<string, unknown>
  if (typeof id !== 'string' || !/^[\w-]{1,64}$/u.test(id)) return undefined
  if (typeof name !== 'string' || typeof type !== 'string') return undefined
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined
  return { id, name: oneLine(name), type: type.slice(0, 100), size }
}

// What turns writing around is left out, as the server leaves it out: "gpj.exe" could be shown as "exe.jpg".
const oneLine = (name: string): string =>
  name.replace(/[\p{Cc}\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu, '').slice(0, LONGEST_NAME)

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const

export const sizeOf = (bytes: number, language?: string): string => {
  let value = bytes
  let unit = 0
  // So that it does not say 1,000 kB.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit: UNITS[unit] ?? 'byte',
    unitDisplay: unit === 0 ? 'long' : 'short',
    maximumFractionDigits: value < 10 && unit > 1 ? 1 : 0,
  }).format(value)
}

// The ending that says what it is, in capitals: PDF. Empty if there is none to speak of.
export const endingOf = (name: string): string => {
  const ending = /\.([A-Za-z0-9]{1,5})$/u.exec(name)?.[1]
  return ending === undefined ? '' : ending.toUpperCase()
}
