// All tests in three lanes, in each one file after the other: those that watch pictures and listen, those of tests/quiet,
// which do without and leave a processor to the first, and those of tests/meanwhile, which do little but wait. Those of
// tests/alone come last: they need the whole machine, four browsers that decode each other among them. What is said beside
// the first lane comes at its end.

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
const lanes = [run(files('tests'), 'inherit'), run(files('tests/quiet'), 'pipe'), run(files('tests/meanwhile'), 'pipe')]
const done = await Promise.all(lanes)
for (const { said } of done) process.stdout.write(said)
done.push(await run(files('tests/alone'), 'inherit'))
process.exitCode = Math.max(...done.map(({ code }) => code))
