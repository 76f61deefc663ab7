// Elements as others send them. What is no element as Excalidraw draws them is none: whoever sent it may mean ill.

import type { OrderedExcalidrawElement } from '@excalidraw/excalidraw/element/types'
import { isId } from './keys'

export type Element = OrderedExcalidrawElement

// Frames of other pages are left out on purpose: nobody is to have a page open in somebody else's.
const TYPES = new Set([
  'rectangle',
  'diamond',
  'ellipse',
  'arrow',
  'line',
  'freedraw',
  'text',
  'image',
  'frame',
])

const FAR = 1e7
const LATEST = 2 ** 31
const MOST_POINTS = 20_000
const LONGEST_TEXT = 50_000

type Members = Record<string, unknown>

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isNumber = (value: unknown, from = -FAR, to = FAR): value is number =>
  typeof value === 'number' && value >= from && value <= to

const isMissing = (value: unknown): boolean => value === undefined || value === null

const isList = (value: unknown, is: (item: unknown) => boolean, most = MOST_POINTS): boolean =>
  Array.isArray(value) && value.length <= most && value.every((item) => is(item))

const isPoint = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && isNumber(value[0]) && isNumber(value[1])

const isText = (value: unknown, longest = 200): boolean =>
  typeof value === 'string' && value.length <= longest

// A place in the order of elements: an integer whose first letter says how long it is, and a fraction.
export const isIndex = (value: unknown): value is string => {
  if (typeof value !== 'string' || value.length > 200 || !/^[A-Za-z][0-9A-Za-z]*$/u.test(value)) return false
  const head = value.charCodeAt(0)
  const whole = head >= 97 ? head - 97 + 2 : 90 - head + 2
  return value.length >= whole && (value.length === whole || !value.endsWith('0'))
}

const checks: Record<string, (value: unknown) => boolean> = {
  x: isNumber,
  y: isNumber,
  width: isNumber,
  height: isNumber,
  index: isIndex,
  version: (v) => isNumber(v, 1, LATEST) && Number.isInteger(v),
  versionNonce: (v) => isNumber(v, 0, LATEST) && Number.isInteger(v),
}

// Those that need not be there.
const optional: Record<string, (value: unknown) => boolean> = {
  angle: isNumber,
  seed: (v) => isNumber(v, -LATEST, LATEST),
  opacity: (v) => isNumber(v, 0, 100),
  strokeWidth: (v) => isNumber(v, 0, 1_000),
  roughness: (v) => isNumber(v, 0, 10),
  fontSize: (v) => isNumber(v, 1, 10_000),
  lineHeight: (v) => isNumber(v, 0.1, 10),
  fontFamily: (v) => isNumber(v, 0, 100),
  points: (v) => isList(v, isPoint),
  pressures: (v) => isList(v, (p) => isNumber(p, 0, 1)),
  scale: isPoint,
  text: (v) => isText(v, LONGEST_TEXT),
  originalText: (v) => isText(v, LONGEST_TEXT),
  strokeColor: isText,
  backgroundColor: isText,
  fillStyle: isText,
  strokeStyle: isText,
  fileId: isText,
  frameId: isText,
  containerId: isText,
  link: (v) => isText(v, 4_000),
  name: isText,
  groupIds: (v) => isList(v, isText, 100),
  boundElements: (v) => isList(v, (b) => isMembers(b) && isText(b['id']) && isText(b['type']), 1_000),
  startBinding: (v) => isMembers(v) && isText(v['elementId']),
  endBinding: (v) => isMembers(v) && isText(v['elementId']),
  roundness: (v) => isMembers(v) && isNumber(v['type']),
  crop: (v) => isMembers(v) && Object.values(v).every((n) => isNumber(n)),
}

const LINES = new Set(['arrow', 'line', 'freedraw'])

// The value of a key as an element, still to be restored by Excalidraw; undefined if it is none.
export const decode = (id: string, value: unknown): Element | undefined => {
  if (!isMembers(value) || !isId(id) || value['id'] !== id) return undefined
  if (typeof value['type'] !== 'string' || !TYPES.has(value['type']) || value['isDeleted'] === true)
    return undefined
  if (!Object.entries(checks).every(([name, is]) => is(value[name]))) return undefined
  if (!Object.entries(optional).every(([name, is]) => isMissing(value[name]) || is(value[name])))
    return undefined
  if (LINES.has(value['type']) && !(Array.isArray(value['points']) && value['points'].length > 1))
    return undefined
  if (value['type'] === 'text' && !(typeof value['text'] === 'string' && value['text'] !== ''))
    return undefined
  return { ...value, link: webLink(value['link']) } as unknown as Element
}

// Links lead to pages of the web, or nowhere.
const webLink = (link: unknown): string | null =>
  typeof link === 'string' && /^https?:\/\//iu.test(link) && URL.canParse(link) ? link : null
