// The shape that every language has: that of English, with any words in the places of its words.

import type { en } from './en'

type Shape<T> = T extends string
  ? string
  : T extends (...args: infer A) => string
    ? (...args: A) => string
    : { [K in keyof T]: Shape<T[K]> }

type Part<T> = T extends string | ((...args: never[]) => string) ? T : { [K in keyof T]?: Part<T[K]> }

export type Strings = Shape<typeof en>

// A language in the making: what it does not have yet is said in English.
export type PartOfStrings = Part<Strings>

interface Tree {
  readonly [key: string]: Tree | unknown
}

const branch = (value: unknown): value is Tree => typeof value === 'object' && value !== null

const over = (base: Tree, part: Tree): Tree =>
  Object.fromEntries(
    Object.entries(base).map(([key, value]) => {
      const own = part[key]
      if (own === undefined) return [key, value]
      return [key, branch(value) && branch(own) ? over(value, own) : own]
    }),
  )

export const complete = (base: Strings, part: PartOfStrings): Strings =>
  over(base, part) as unknown as Strings

// The places for which a part has no words, as 'room.copied', or 'doctor.*' where it has none of them.
export const missing = (base: Strings, part: PartOfStrings): string[] => lacks(base, part, '')

const lacks = (base: Tree, part: Tree, path: string): string[] =>
  Object.entries(base).flatMap(([key, value]) => {
    const own = part[key]
    if (branch(value)) return branch(own) ? lacks(value, own, `${path}${key}.`) : [`${path}${key}.*`]
    return own === undefined ? [`${path}${key}`] : []
  })
