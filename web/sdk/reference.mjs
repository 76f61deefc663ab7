// docs/sdk-reference.md, made of what the SDK's types say of themselves (dist/sdk/parlor.d.ts, which the build leaves).
// `npm run reference` writes it; with --check it says whether it is stale.

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const types = fileURLToPath(new URL('../dist/sdk/parlor.d.ts', import.meta.url))
const page = fileURLToPath(new URL('../../docs/sdk-reference.md', import.meta.url))

const source = ts.createSourceFile('parlor.d.ts', readFileSync(types, 'utf8'), ts.ScriptTarget.ES2022, true)
const declared = source.statements.filter((s) => s.name !== undefined)
const names = new Set(declared.map((s) => s.name.text))

const isExported = (node) => node.modifiers?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword)
const isHidden = (member) =>
  member.name?.kind === ts.SyntaxKind.PrivateIdentifier ||
  member.modifiers?.some((m) =>
    [ts.SyntaxKind.ProtectedKeyword, ts.SyntaxKind.PrivateKeyword].includes(m.kind),
  )

// What stands above a declaration, as one paragraph each.
const said = (node) =>
  (node.jsDoc ?? [])
    .map((doc) => ts.getTextOfJSDocComment(doc.comment) ?? '')
    .join('\n')
    .replace(/[ \t]*\n[ \t]*/gu, ' ')
    .trim()

const oneLine = (text) => text.replace(/\s+/gu, ' ').trim()
const cell = (text) => text.replaceAll('|', '\\|')
// An element that is only spoken of is none of the page's, unless it stands in code.
const words = (text) => text.replace(/`[^`]*`|</gu, (found) => (found === '<' ? '&lt;' : found))
const anchor = (name) => `#${name.toLowerCase()}`

// The code of a node without its comments.
const code = (node) =>
  oneLine(source.text.slice(node.getStart(source), node.end).replace(/\/\*\*.*?\*\//gsu, ''))

const signature = (member) =>
  code(member)
    .replace(/;$/u, '')
    .replace(/^(?:readonly |abstract )*get (\w+)\(\)/u, '$1')
    .replace(/^(?:readonly |abstract )*(?=\w)/u, '')

// In an interface of events each member is the list of what a listener is given.
const eventSignature = (member) =>
  `${member.name.text} (${member.type.elements.map((e) => oneLine(e.getText(source).replace(/\/\*\*.*?\*\//gsu, ''))).join(', ')})`

const linked = (text, own) => {
  const found = [...new Set(text.match(/\b[A-Z]\w+\b/gu) ?? [])].filter(
    (name) => name !== own && names.has(name),
  )
  return found.length > 0 ? ` ${found.map((name) => `[${name}](${anchor(name)})`).join(' ')}` : ''
}

const memberRow = (member, owner) => {
  const text = ts.isTupleTypeNode(member.type ?? member) ? eventSignature(member) : signature(member)
  return `| \`${cell(text)}\` | ${cell(words(said(member)))}${linked(text, owner)} |`
}

const section = (node) => {
  const name = node.name.text
  const lines = [`## ${name}`, '']
  const about = words(said(node))
  if (about !== '') lines.push(about, '')
  if (ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node)) {
    const bases = (node.heritageClauses ?? []).flatMap((clause) => clause.types.map((t) => code(t)))
    if (bases.length > 0)
      lines.push(`Extends ${bases.map((base) => `\`${base}\`${linked(base, name)}`).join(', ')}.`, '')
    const rows = node.members.filter((m) => !isHidden(m)).map((m) => memberRow(m, name))
    if (rows.length > 0) lines.push('| | |', '| --- | --- |', ...rows, '')
  } else {
    const text = signature(node).replace(/^export (?:declare )?/u, '')
    lines.push('```ts', text, '```', '')
    const more = linked(text, name)
    if (more !== '') lines.push(`See${more}.`, '')
  }
  return lines.join('\n')
}

// What one calls, then what one holds, then what these are made of; each group by name.
const rank = (node) => (ts.isFunctionDeclaration(node) ? 0 : ts.isClassDeclaration(node) ? 1 : 2)
const shown = declared
  .filter((node) => isExported(node) || names.has(node.name.text))
  .sort((a, b) => rank(a) - rank(b) || (a.name.text < b.name.text ? -1 : 1))

const text = `# The SDK, word by word

Made of \`/sdk/parlor.d.ts\` by \`npm run reference\` in \`web/\`: change what stands in \`web/sdk/src\`, not this. [sdk.md](sdk.md) is the guide.

${shown.map(section).join('\n')}`

if (process.argv.includes('--check')) {
  if (readFileSync(page, 'utf8') !== text) {
    console.error(
      'docs/sdk-reference.md is not what the SDK says of itself: cd web && npm run build:sdk && npm run reference',
    )
    process.exit(1)
  }
} else {
  writeFileSync(page, text)
}
