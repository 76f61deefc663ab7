import { describe, expect, it } from 'vitest'
import { en } from './en'
import { choose, english, languages, localeOf } from './languages'
import { pluralsOf } from './plurals'
import { complete, missing, type PartOfStrings } from './shape'

describe('languages', () => {
  it('takes the first wish that can be met', () => {
    expect(choose(['fr-CH', 'de-CH', 'en']).code).toBe('de')
    expect(choose(['', 'AR-EG']).code).toBe('ar')
    expect(choose(['fr', 'tlh'])).toBe(english)
    expect(choose([])).toBe(english)
  })

  it('writes times as the browser’s own kind of the language', () => {
    expect(localeOf(english, ['de-DE', 'en-GB', 'en-US'])).toBe('en-GB')
    expect(localeOf(english, ['de-DE'])).toBe('en')
  })

  it('says in English what a language lacks, and names it', () => {
    const part: PartOfStrings = { lobby: { name: 'Nom' }, network: { transport: { sse: 'flux' } } }
    const words = complete(en, part)
    expect(words.lobby.name).toBe('Nom')
    expect(words.lobby.room).toBe(en.lobby.room)
    expect(words.network.transport.sse).toBe('flux')
    expect(words.network.transport.poll).toBe(en.network.transport.poll)
    expect(words.room.joined('Ada')).toBe('Ada joined')
    const lacking = missing(en, part)
    expect(lacking).toContain('lobby.room')
    expect(lacking).toContain('room.*')
    expect(lacking).toContain('network.transport.poll')
    expect(lacking).not.toContain('lobby.name')
    expect(lacking).toContain('doctor.*')
    expect(missing(en, en)).toEqual([])
  })

  it('has a form for every number', () => {
    const ar = pluralsOf('ar')
    const forms = { zero: 'z', one: 'o', two: 't', few: 'f #', many: 'm #', other: 'x #' }
    expect([0, 1, 2].map((n) => ar(n, forms))).toEqual(['z', 'o', 't'])
    expect(ar(5, forms)).toMatch(/^f /u)
    expect(pluralsOf('en')(1200, { one: '#', other: '# people' })).toBe('1,200 people')
  })

  // Not complete is no error: this says what is left to do.
  it.each(languages.filter((l) => l.load !== undefined))('$name', async ({ code, load }) => {
    const lacking = missing(en, (await load?.()) ?? {})
    process.stdout.write(`${code} lacks ${lacking.join(', ') || 'nothing'}\n`)
    expect(lacking).not.toContain('lobby.*')
    expect(lacking).not.toContain('room.*')
  })
})
