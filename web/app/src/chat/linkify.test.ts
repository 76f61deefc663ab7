import { describe, expect, it } from 'vitest'
import { linkify } from './linkify'

const links = (text: string) => linkify(text).flatMap((p) => (p.kind === 'link' ? [[p.text, p.href]] : []))
const joined = (text: string) =>
  linkify(text)
    .map((p) => p.text)
    .join('')

describe('linkify', () => {
  it.each([
    ['see https://example.org/a?b=c#d now', [['https://example.org/a?b=c#d', 'https://example.org/a?b=c#d']]],
    ['www.example.org.', [['www.example.org', 'https://www.example.org/']]],
    [
      '(https://en.wikipedia.org/wiki/A_(b))',
      [['https://en.wikipedia.org/wiki/A_(b)', 'https://en.wikipedia.org/wiki/A_(b)']],
    ],
    ['http://localhost:8080/r/x, ok?', [['http://localhost:8080/r/x', 'http://localhost:8080/r/x']]],
    [
      'https://a.example and http://b.example!',
      [
        ['https://a.example', 'https://a.example/'],
        ['http://b.example', 'http://b.example/'],
      ],
    ],
  ])('%s', (text, expected) => {
    expect(links(text)).toEqual(expected)
  })

  it.each([
    'javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'https://bank.example@evil.example/',
    'https://',
    'file:///etc/passwd',
    'plain words. with dots',
    'xhttps://example.org',
  ])('makes no link of %s', (text) => {
    expect(links(text)).toEqual([])
  })

  it('stops at quotes and brackets of markup', () => {
    expect(links('<a href="https://example.org/x">y</a>')).toEqual([
      ['https://example.org/x', 'https://example.org/x'],
    ])
  })

  it('loses nothing of the text', () => {
    for (const text of [
      '',
      'a',
      'https://example.org',
      'x https://e.example, y www.f.example/) z',
      'https://a@b.example q',
    ])
      expect(joined(text)).toBe(text)
  })

  it('is quick on long input', () => {
    const started = performance.now()
    linkify(`https://${'('.repeat(4000)}${')'.repeat(4000)}`)
    linkify('www.'.repeat(8000))
    expect(performance.now() - started).toBeLessThan(500)
  })
})
