import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { codeOf, endingCode, endingOf, offers } from './errors'

const protocol = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8')

const words = (text: string) => [...text.matchAll(/`([a-z_]+)`/gu)].map((m) => m[1] as string)

const errorCodes = (() => {
  const section = protocol.slice(protocol.indexOf('## Errors'))
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => words(line.split('|')[1] as string))
})()

const closedCodes = (() => {
  const section = protocol.slice(protocol.indexOf('### closed'))
  const list = section.slice(section.indexOf('Codes:'))
  return words(list.slice(0, list.indexOf('\n\n')))
})()

describe('endings', () => {
  it('finds the codes in the protocol', () => {
    expect(errorCodes.length).toBeGreaterThan(15)
    expect(closedCodes).toContain('replaced')
    expect(closedCodes).toContain('internal')
  })

  it.each([...new Set([...errorCodes, ...closedCodes])])('has words for %s', (code) => {
    expect(Object.hasOwn(offers, code), code).toBe(true)
    const ending = endingOf(code)
    expect(ending.title.length).toBeGreaterThan(5)
    expect(ending.text.length).toBeGreaterThan(20)
    expect(ending.ways.length).toBeGreaterThan(0)
  })

  it('says something about codes it has never heard of', () => {
    expect(endingOf('from_the_future').title).toBe(endingOf('internal').title)
    expect(endingCode('toString')).toBe('internal')
    expect(endingCode('timeout')).toBe('unreachable')
  })

  it('reads a code from whatever was thrown', () => {
    expect(codeOf(Object.assign(new Error('x'), { code: 'room_full' }))).toBe('room_full')
    expect(codeOf(new Error('x'))).toBe('internal')
    expect(codeOf(null)).toBe('internal')
    expect(codeOf({ code: 7 })).toBe('internal')
  })
})
