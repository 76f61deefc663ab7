// Leaves brotli beside every text file of web/dist: the server sends it as it is. The name has a hash of the plain file,
// by which the server knows that the two belong together.
import { createHash } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants } from 'node:zlib'

const dist = fileURLToPath(new URL('../dist', import.meta.url))
const texts = new Set(['.html', '.js', '.css', '.json', '.svg', '.ts', '.webmanifest', '.wasm'])
// The last percents of a large file take seconds.
const qualityOf = ({ length }) => (length > 500_000 ? 9 : 11)
// As WebAssembly is: nobody fetches these who does not take brotli, and they would be most of the binary.
const LARGE = 8 << 20

for (const name of await readdir(dist, { recursive: true })) {
  const path = join(dist, name)
  if (extname(path) === '.br') await rm(path)
  if (!texts.has(extname(path))) continue
  const plain = await readFile(path)
  const hash = createHash('sha256').update(plain).digest('hex').slice(0, 16)
  const params = { [constants.BROTLI_PARAM_QUALITY]: qualityOf(plain) }
  await writeFile(`${path}.${hash}.br`, brotliCompressSync(plain, { params }))
  if (plain.length > LARGE) await rm(path)
}
