// All tests, one file after the other; beside them those of tests/meanwhile, which do little but wait. What they say
// comes at the end.

import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const run = (files, stdio) =>
  new Promise((resolve, reject) => {
    const said = []
    const child = spawn(process.execPath, ['--test', '--test-concurrency=1', '--test-timeout=240000', ...files], {
      cwd: import.meta.dirname,
      stdio: ['ignore', stdio, stdio],
    })
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => said.push(bytes))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, said: Buffer.concat(said) }))
  })

const files = (folder) =>
  readdirSync(join(import.meta.dirname, folder))
    .filter((name) => name.endsWith('.test.mjs'))
    .sort()
    .map((name) => join(folder, name))
const [meanwhile, others] = await Promise.all([run(files('tests/meanwhile'), 'pipe'), run(files('tests'), 'inherit')])
process.stdout.write(meanwhile.said)
process.exitCode = Math.max(meanwhile.code, others.code)
