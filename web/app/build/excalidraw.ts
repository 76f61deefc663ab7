// What is left out of Excalidraw when the page is built, and where its fonts go. It is 13 MB of fonts for Chinese, Japanese
// and Korean, an editor of Mermaid diagrams and fifty languages that the page does not speak; and it would ask a CDN for
// what it does not find here, which nobody of ours is to (docs/decisions/0018-a-whiteboard.md).

import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import type { Plugin } from 'vite'

const NAME = '@excalidraw/excalidraw'
const prod = dirname(createRequire(import.meta.url).resolve(NAME)).replace('/dist/dev', '/dist/prod')

const fonts = /* its folders */ [
  'Cascadia',
  'ComicShanns',
  'Excalifont',
  'Liberation',
  'Lilita',
  'Nunito',
  'Virgil',
]

const nothing = '\0nothing'

// Each has to be there: a version that is built otherwise is to be looked at by somebody.
const edits: readonly [of: string, what: RegExp, by: string][] = [
  ['no CDN', /\b\w+\.push\(new URL\(\w+,\s*\w+\.ASSETS_FALLBACK_URL\)\)/u, '0'],
  // The page's content security policy forbids the attribute.
  [
    'style without an attribute',
    /(\w+)\.setAttribute\("style",\s*"white-space: pre;"\)/u,
    '$1.style.whiteSpace="pre"',
  ],
  // So is WebAssembly, with which large pictures would be made smaller.
  ['no WebAssembly', /features:\s*\["js",\s*"wasm"\]/u, 'features:["js"]'],
  ['no Xiaolai', /(\("Virgil",\s*\.\.\.\w+\),\s*\w+\(\w+),\s*\.\.\.\w+\)/u, '$1)'],
]

export const excalidraw = (locales: readonly string[]): Plugin => {
  const missing = new Set(edits.map(([of]) => of))
  return {
    name: 'excalidraw',
    apply: 'build',
    enforce: 'pre',
    resolveId(source, importer) {
      if (importer?.includes(NAME) !== true) return undefined
      const locale = /\/locales\/(?<code>[\w-]+)-[A-Z0-9]{8}\.js$/u.exec(source)?.groups?.['code']
      const spoken = locale === undefined || locale === 'percentages' || locales.includes(locale)
      return source === '@excalidraw/mermaid-to-excalidraw' || !spoken ? nothing : undefined
    },
    load: (id) => (id === nothing ? 'export default {}' : undefined),
    transform(code, id) {
      if (!id.startsWith(prod)) return undefined
      let changed = code
      for (const [of, what, by] of edits) {
        if (!what.test(changed)) continue
        changed = changed.replace(what, by)
        missing.delete(of)
      }
      return changed === code ? undefined : { code: changed, map: null }
    },
    async buildEnd(error) {
      if (error !== undefined) return
      if (missing.size > 0) this.error(`${NAME} is not built as expected: ${[...missing].join(', ')}`)
      for (const folder of fonts)
        for (const file of await readdir(join(prod, 'fonts', folder)))
          this.emitFile({
            type: 'asset',
            fileName: `assets/board/fonts/${folder}/${basename(file)}`,
            source: await readFile(join(prod, 'fonts', folder, file)),
          })
    },
  }
}

// What makes fonts smaller when a board is saved as SVG works in a worker: what it imports may not share a file with anything
// that needs a page.
export const shared = {
  name: 'board-base',
  test: /excalidraw\/dist\/prod\/chunk-(?:SRAX5OIU|Z3N5DIM6|ZUYEQ4TG)\.js$/u,
}
