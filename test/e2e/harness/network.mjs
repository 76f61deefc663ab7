// A network of one's own: a file of tests runs itself again inside a new network namespace, in which it may drop packets as a
// firewall would, and which is gone with its process. It needs Linux, root, unshare, ip, nft and tc.

import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const INSIDE = 'PARLOR_E2E_NETWORK'

/** An address that the machine inside has besides loopback, which browsers make no candidates of. */
export const ADDRESS = '198.51.100.2'

/** Whether this process is in a network of its own already. */
export const inside = process.env[INSIDE] === '1'

/** Why there can be none here; undefined: there can. */
export function whyNot() {
  if (process.platform !== 'linux') return 'network namespaces are Linux'
  for (const command of ['unshare', 'ip', 'nft', 'tc']) {
    if (spawnSync('sh', ['-c', `command -v ${command}`]).status !== 0) return `there is no ${command}`
  }
  const tried = spawnSync('unshare', ['--net', 'sh', '-c', `${UP} && nft list ruleset`], { encoding: 'utf8' })
  if (tried.status === 0) return undefined
  return `network namespaces are not permitted here: ${(tried.stderr || `${tried.error}`).trim().split('\n')[0]}`
}

// A pair of interfaces that nobody is behind: what goes to the address stays on the machine, and is filtered all the same.
export const UP = [
  'ip link set lo up',
  'ip link add parlor0 type veth peer name parlor1',
  `ip addr add ${ADDRESS}/24 dev parlor0`,
  'ip link set parlor0 up',
  'ip link set parlor1 up',
  'ip route add default via 198.51.100.1',
].join(' && ')

/** Runs this file of tests (import.meta.url) inside; rejects with what it said if it fails. */
export async function runInside(url, { within }) {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const node = [process.execPath, '--test', '--test-reporter=spec', fileURLToPath(url)]
  const child = spawn('unshare', ['--net', 'sh', '-c', `${UP} && exec "$@"`, 'sh', ...node], {
    env: { ...env, [INSIDE]: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: within,
    killSignal: 'SIGTERM',
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text))
  const code = await new Promise((done, fail) => child.once('error', fail).once('close', done))
  if (code !== 0) throw new Error(`inside its own network (exit ${code}):\n${said.slice(-20_000)}`)
}

/** Drops whatever comes by UDP from now on, without a word, as a firewall would. Gives what ends it. */
export function dropUdp() {
  nft(`table inet parlor {
    chain in {
      type filter hook input priority 0
      meta l4proto udp drop
    }
  }`)
  return () => nft('delete table inet parlor')
}

function nft(script) {
  const { status, stderr } = spawnSync('nft', ['-f', '-'], { input: `${script}\n`, encoding: 'utf8' })
  if (status !== 0) throw new Error(`nft: ${stderr}`)
}

/**
 * Lets at most `kbit` kilobits a second through of what comes by UDP from a port of this machine, with a queue of `queue` bytes
 * before it, as a thin line has. Again with another rate changes it.
 */
export function narrow(port, kbit, queue = 64_000) {
  const rate = `rate ${kbit}kbit ceil ${kbit}kbit burst 4k cburst 4k`
  if (narrowed.has(port)) return tc(`class change dev lo parent 1: classid ${narrowed.get(port)} htb ${rate}`)
  if (narrowed.size === 0) tc('qdisc add dev lo root handle 1: htb')
  const id = `1:${10 + narrowed.size}`
  narrowed.set(port, id)
  tc(`class add dev lo parent 1: classid ${id} htb ${rate}`)
  tc(`qdisc add dev lo parent ${id} bfifo limit ${queue}`)
  tc(`filter add dev lo parent 1: protocol ip u32 match ip protocol 17 0xff match ip sport ${port} 0xffff flowid ${id}`)
}

const narrowed = new Map()

function tc(line) {
  const { status, stderr } = spawnSync('tc', line.split(' '), { encoding: 'utf8' })
  if (status !== 0) throw new Error(`tc ${line}: ${stderr}`)
}
