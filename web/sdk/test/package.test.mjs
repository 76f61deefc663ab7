// The npm package as somebody installs it: packed, unpacked, imported and typed. It needs what `npm run build` leaves.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterAll, beforeAll, expect, it } from 'vitest'

const sdk = fileURLToPath(new URL('..', import.meta.url))
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'parlor-client-')))
const home = join(folder, 'node_modules', 'parlor-client')
const program = join(folder, 'program.ts')

beforeAll(() => {
  const said = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: sdk,
    encoding: 'utf8',
  })
  const [{ filename }] = JSON.parse(said.slice(said.indexOf('[')))
  mkdirSync(home, { recursive: true })
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', home, '--strip-components=1'])
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

// By node itself and not by vite, which would know better than the package.
const imported = (name) => {
  const script = `console.log(JSON.stringify(Object.keys(await import('${name}'))))`
  const file = join(folder, 'import.js')
  writeFileSync(file, script)
  return JSON.parse(execFileSync(process.execPath, [file], { encoding: 'utf8' }))
}

it('is an ES module, which a server may import too', () => {
  expect(imported('parlor-client')).toEqual(expect.arrayContaining(['joinRoom', 'ParlorError', 'Room']))
  expect(imported('parlor-client/parlor-room')).toEqual(expect.arrayContaining(['ParlorRoom']))
})

it.each([
  ['of bundlers', ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
  ['of node', ts.ModuleKind.Node16, ts.ModuleResolutionKind.Node16],
])('has types, by the rules %s', (_, module, moduleResolution) => {
  writeFileSync(
    program,
    `import { joinRoom, type Room } from 'parlor-client'
     import { ParlorRoom } from 'parlor-client/parlor-room'
     const room: Room = await joinRoom({ room: 'demo' })
     const { offset }: { offset: number } = await room.sendMessage('a')
     new ParlorRoom().addEventListener('joined', ({ detail }) => detail.self.name.trim())
     // @ts-expect-error it takes a room
     void joinRoom({ offset })`,
  )
  const lib = ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts']
  const all = ts.createProgram([program], {
    module,
    moduleResolution,
    lib,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    noEmit: true,
    types: [],
  })
  // Ours, and not the browser's own types, which take ten times as long.
  const ours = all.getSourceFiles().filter(({ fileName }) => fileName.startsWith(folder))
  expect(ours.map(({ fileName }) => basename(fileName)).sort()).toEqual([
    'parlor-room.d.ts',
    'parlor.d.ts',
    'program.ts',
  ])
  const wrong = [
    ...all.getGlobalDiagnostics(),
    ...ours.flatMap((file) => [...all.getSyntacticDiagnostics(file), ...all.getSemanticDiagnostics(file)]),
  ].map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n'))
  expect(wrong).toEqual([])
})
