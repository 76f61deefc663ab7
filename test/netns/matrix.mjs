// Networks that block, in network namespaces, with real browsers: `make test-net`. It prints a table of which way media and
// messages took and how long that was.
//
//   node matrix.mjs [--write]     --write copies the table to docs/connectivity.md
//   PARLOR_NET_ROUNDS=10          each row so often; times are then the 95th of 100
//   PARLOR_NET_ROWS='open|NAT'    only rows whose names match, also those that are tried seldom
//   PARLOR_NET_SLACK=1            how many times as long as wanted things may take; 3 if it is not said
//   PARLOR_NET_TRACE=1            what each page saw of its network, after each row

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { launchChromium, launchFirefox } from '../e2e/harness/browsers.mjs'
import { UP, inside, whyNot } from '../e2e/harness/network.mjs'
import { Server } from '../e2e/harness/server.mjs'
import { limit, shown } from '../e2e/harness/until.mjs'
import { Middlebox } from './middlebox.mjs'
import { Network, SERVER } from './network.mjs'
import { httpOnly, rows, run, runHttpOnly } from './rows.mjs'
import { copied, table } from './table.mjs'

const ROUNDS = Number(process.env.PARLOR_NET_ROUNDS ?? 1)
const ROWS = process.env.PARLOR_NET_ROWS && new RegExp(process.env.PARLOR_NET_ROWS)
const PAGE = new URL('../../docs/connectivity.md', import.meta.url)
const urls = { v4: `https://${SERVER.v4}`, v6: `https://[${SERVER.v6}]` }

/** In a network of its own, with a certificate that Node believes from the start. */
function outside() {
  const why = whyNot()
  if (why) {
    console.log(`networks that block are not tried: ${why}`)
    return 0
  }
  const folder = mkdtempSync(join(tmpdir(), 'parlor-net-'))
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const names = `subjectAltName=IP:${SERVER.v4},IP:${SERVER.v6}`
    const ask = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    const made = spawnSync('openssl', [...ask, '-subj', '/CN=parlor', '-addext', names, '-keyout', key, '-out', cert])
    if (made.status !== 0) throw new Error(`openssl: ${made.error ?? made.stderr}`)
    const again = [process.execPath, fileURLToPath(import.meta.url), ...process.argv.slice(2)]
    const env = {
      ...process.env,
      PARLOR_E2E_NETWORK: '1',
      NODE_EXTRA_CA_CERTS: cert,
      PARLOR_NET_FOLDER: folder,
    }
    const ran = spawnSync('unshare', ['--net', 'sh', '-c', `${UP} && exec "$@"`, 'sh', ...again], {
      env,
      stdio: 'inherit',
    })
    return ran.status ?? 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function within() {
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(process.env.PARLOR_NET_FOLDER, name))
  const net = await Network.build()
  const box = await Middlebox.start(net.router.by, SERVER.v4, key, cert)
  const server = await Server.start({
    args: ['--listen', ':443', '--tls-cert', cert, '--tls-key', key],
    by: net.server.by,
    url: urls.v4,
    port: 443,
  })
  // One of each for all rows, started with the first row that needs it.
  const browsers = {}
  const chromium = () =>
    (browsers.chromium ??= launchChromium({
      args: ['--ignore-certificate-errors'],
    }))
  const firefox = () => (browsers.firefox ??= launchFirefox({ trust: true }))
  const results = []
  try {
    const around = { net, chromium, firefox, urls }
    for (const row of [...rows, httpOnly]) {
      if (ROWS ? !ROWS.test(row.name) : row.seldom) continue
      const rounds = []
      const began = Date.now()
      for (let i = 0; i < ROUNDS; i++) rounds.push(await once(row, around))
      results.push({ row, rounds, took: Date.now() - began })
      console.log(
        `${((Date.now() - began) / 1000).toFixed(1)} s: ${row.name}${rounds.some((r) => r.error) ? ': FAILED' : ''}`,
      )
    }
  } finally {
    for (const browser of Object.values(browsers)) await (await browser).close()
    await server.stop()
    box.close()
    net.close()
  }
  const text = table(results)
  console.log(`\n${text}\n`)
  for (const { row, rounds } of results)
    for (const { error } of rounds) if (error) console.error(`${row.name}: ${shown(error)}\n`)
  const failed = results.some(({ rounds }) => rounds.some((r) => r.error))
  if (!failed && process.argv.includes('--write')) writeFileSync(PAGE, copied(readFileSync(PAGE, 'utf8'), text))
  return failed ? 1 : 0
}

async function once(row, around) {
  try {
    return await limit((row === httpOnly ? runHttpOnly : run)(row, around), 120_000, row.name)
  } catch (error) {
    return { error }
  }
}

process.exitCode = inside ? await within() : outside()
