// Checks the types of what docs/sdk.md tells people to type: each block of TypeScript is a module, in a page that has
// joined a room already unless it does so itself.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))
const guide = readFileSync(at('../../docs/sdk.md'), 'utf8')
const { config } = ts.readConfigFile(at('../tsconfig.base.json'), ts.sys.readFile)
const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, at('..'))
options.paths = { 'parlor-client': [at('src/index.ts')] }
options.noUnusedLocals = false

const joined = "import { joinRoom } from 'parlor-client'\nconst room = await joinRoom({ room: '' })\n"
const blocks = new Map()
for (const found of guide.matchAll(/^```ts\n(.*?)^```/gms)) {
  const line = guide.slice(0, found.index).split('\n').length + 1
  const own = found[1].startsWith('import')
  blocks.set(at(`src/line-${line}.ts`), {
    line: own ? line : line - 2,
    text: `${own ? '' : joined}${found[1]}export {}\n`,
  })
}
if (blocks.size === 0) throw new Error('docs/sdk.md has nothing to type')

const host = ts.createCompilerHost(options)
const { readFile, fileExists, getSourceFile } = host
host.fileExists = (name) => blocks.has(name) || fileExists(name)
host.readFile = (name) => blocks.get(name)?.text ?? readFile(name)
host.getSourceFile = (name, ...rest) =>
  blocks.has(name)
    ? ts.createSourceFile(name, blocks.get(name).text, ts.ScriptTarget.ES2022, true)
    : getSourceFile(name, ...rest)

const program = ts.createProgram([...blocks.keys()], options, host)
const wrong = [...blocks.keys()].flatMap((name) => {
  const file = program.getSourceFile(name)
  return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map((d) => ({
    name,
    ...d,
  }))
})
for (const { name, start, messageText } of wrong) {
  const { line } = program.getSourceFile(name).getLineAndCharacterOfPosition(start)
  console.error(
    `docs/sdk.md:${blocks.get(name).line + line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
  )
}
process.exitCode = wrong.length > 0 ? 1 : 0
