import { describe, expect, it } from 'vitest'
import { nameIn, withoutToken } from './token'

describe('withoutToken', () => {
  it.each([
    ['https://p.example/r/demo', 'https://p.example/r/demo', ''],
    ['https://p.example/r/demo#token=a.b-c_d', 'https://p.example/r/demo', 'a.b-c_d'],
    ['https://p.example/r/demo?token=a.b.c', 'https://p.example/r/demo', 'a.b.c'],
    ['https://p.example/r/demo?x=1&token=q#token=f&y=2', 'https://p.example/r/demo?x=1#y=2', 'f'],
    ['https://p.example/r/demo?token=#part', 'https://p.example/r/demo#part', ''],
  ])('%s', (address, clean, token) => {
    expect(withoutToken(address)).toEqual({ address: clean, token })
  })
})

describe('nameIn', () => {
  const token = (claims: string) => `x.${Buffer.from(claims).toString('base64url')}.y`

  it.each([
    [token('{"name":"Zoë 👩‍🚀 <b>?>"}'), 'Zoë 👩‍🚀 <b>?>'],
    [token('{"name":""}'), undefined],
    [token('{"name":7}'), undefined],
    [token('{"sub":"ada"}'), undefined],
    [token('null'), undefined],
    [token('no JSON'), undefined],
    ['not a token', undefined],
    ['a.%%%.b', undefined],
    [undefined, undefined],
  ])('%s', (from, name) => {
    expect(nameIn(from)).toBe(name)
  })
})
