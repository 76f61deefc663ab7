import { describe, expect, it } from 'vitest'
import { endingOf, fileOf, sizeOf } from './file'

const file = { id: '3T5V6JYQK2XN7RWA4MZB2PHDGC', name: 'a.png', type: 'image/png', size: 7 }

describe('fileOf', () => {
  it('takes what is a file, and no more of it than that', () => {
    expect(fileOf({ text: 'a.png', file: { ...file, onload: 'x' } })).toEqual(file)
    expect(fileOf({ file: { ...file, name: `\u202Egpj\n.exe${'x'.repeat(300)}` } })?.name).toBe(
      `gpj.exe${'x'.repeat(193)}`,
    )
  })

  it('takes nothing else', () => {
    for (const odd of [
      undefined,
      null,
      'file',
      {},
      { file: null },
      { file: 'x' },
      { file: {} },
      { file: { ...file, id: '../ws' } },
      { file: { ...file, id: '' } },
      { file: { ...file, id: 7 } },
      { file: { ...file, name: {} } },
      { file: { ...file, size: -1 } },
      { file: { ...file, size: Infinity } },
      { file: { ...file, type: ['image/png'] } },
    ])
      // prettier-ignore
      expect(fileOf(odd)).toBeUndefined()
  })
})

it('says how large a file is', () => {
  expect([1, 999, 1000, 204_800, 999_700, 1_500_000, 12_345_678].map((n) => sizeOf(n, 'en'))).toEqual([
    '1 byte', '999 bytes', '1 kB', '205 kB', '1 MB', '1.5 MB', '12 MB',
  ]) // prettier-ignore
})

it('says what kind of file it is', () => {
  expect(['a.pdf', 'a.tar.gz', 'a', '.x', 'a.verylong', 'a.ж'].map(endingOf)).toEqual([
    'PDF',
    'GZ',
    '',
    'X',
    '',
    '',
  ])
})
