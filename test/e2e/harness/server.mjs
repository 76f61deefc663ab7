// A Parlor of one's own: the real binary in development mode on a free port, ended by its process id.

import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { limit, pause } from './until.mjs'

const BINARY = process.env.PARLOR_BIN
  ? resolve(process.env.PARLOR_BIN)
  : fileURLToPath(new URL('../../../bin/parlor', import.meta.url))

const LINES_KEPT = 20_000

export class Server {
  #process
  #lines = []
  #exited
  ended = false

  /**
   * Starts one, and gives it once /healthz answers. `args` are further flags of `parlor serve`; `by` is a command that runs
   * it, somewhere else perhaps, and `url` where it is then.
   */
  static async start({ args = [], port, env = {}, by = [], url } = {}) {
    if (!existsSync(BINARY)) throw new Error(`there is no ${BINARY}: run "make build" first, or set PARLOR_BIN`)
    const server = new Server()
    server.port = port ?? (await freePort())
    server.url = url ?? `http://127.0.0.1:${server.port}`
    const listen = `127.0.0.1:${server.port}`
    const [command, ...before] = [...by, BINARY]
    const child = spawn(
      command,
      [...before, 'serve', '--dev', '--listen', listen, '--admin', 'off', '--log-level', 'debug', ...args],
      {
        env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    server.#process = child
    server.#exited = new Promise((done) => {
      child.once('exit', (code, signal) => done({ code, signal }))
      child.once('error', (error) => done({ code: -1, error }))
    }).finally(() => {
      server.ended = true
    })
    for (const stream of [child.stdout, child.stderr]) {
      let rest = ''
      stream.setEncoding('utf8').on('data', (text) => {
        const lines = (rest + text).split('\n')
        rest = lines.pop()
        server.#lines.push(...lines)
        if (server.#lines.length > LINES_KEPT) server.#lines.splice(0, server.#lines.length - LINES_KEPT)
      })
    }
    running.add(server)
    await server.#healthy()
    if ((await fetch(`${server.url}/`)).status === 503) {
      await server.stop()
      throw new Error(`${BINARY} has no page inside: run "make build"`)
    }
    return server
  }

  /** The program itself, for its other commands. */
  get binary() {
    return BINARY
  }

  get pid() {
    return this.#process.pid
  }

  /** The last lines it wrote. */
  log(lines = 60) {
    return this.#lines.slice(-lines).join('\n')
  }

  /** Every line that matches. */
  logged(pattern) {
    return this.#lines.filter((line) => pattern.test(line))
  }

  /** SIGTERM, as an operator would; SIGKILL if it does not end by that. Gives its exit code. */
  async stop({ within = 15_000 } = {}) {
    running.delete(this)
    this.#process.kill('SIGTERM')
    try {
      return await limit(this.#exited, within, 'the server ending after SIGTERM')
    } catch (error) {
      this.#process.kill('SIGKILL')
      await this.#exited
      throw new Error(`${error.message}\n${this.log()}`)
    }
  }

  /** As if its machine stood still: it takes what comes and says nothing, until kill(). */
  freeze() {
    this.#process.kill('SIGSTOP')
  }

  /** As if its machine had gone. */
  async kill() {
    running.delete(this)
    this.#process.kill('SIGKILL')
    await this.#exited
  }

  /** What it cost so far: CPU time and resident memory. */
  usage() {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const pages = Number(readFileSync(`/proc/${this.pid}/statm`, 'latin1').split(' ')[1])
    // Fields 14 and 15 of the file, in hundredths of a second; a page has 4096 bytes.
    return { cpuMs: (Number(fields[11]) + Number(fields[12])) * 10, rssBytes: pages * 4096 }
  }

  async #healthy() {
    const end = Date.now() + 15_000
    for (;;) {
      const exit = await Promise.race([this.#exited, pause(50)])
      if (exit !== undefined) {
        running.delete(this)
        throw new Error(`parlor ended at once (${JSON.stringify(exit)}):\n${this.log()}`)
      }
      try {
        const answer = await fetch(`${this.url}/healthz`, { signal: AbortSignal.timeout(1_000) })
        if (answer.ok) return
      } catch {
        // Not listening yet.
      }
      if (Date.now() > end) {
        await this.kill()
        throw new Error(`parlor did not answer /healthz within 15 s:\n${this.log()}`)
      }
    }
  }
}

const running = new Set()

// A test that dies leaves nothing behind.
process.on('exit', () => {
  for (const server of running) server.kill().catch(() => {})
})

// Below those that systems give to whoever asks for none, which are a browser's before it is ours.
const PORTS = { from: 20_000, count: 12_000 }

/** A port that is free for both TCP and UDP: the server uses one number for the two. */
export async function freePort() {
  for (let tries = 0; tries < 50; tries++) {
    const port = PORTS.from + Math.floor(Math.random() * PORTS.count)
    if ((await tcpFree(port)) && (await udpFree(port, 'udp4', '0.0.0.0')) && (await udpFree(port, 'udp6', '::')))
      return port
  }
  throw new Error('no free port found')
}

function tcpFree(port) {
  return new Promise((done) => {
    const probe = createServer()
    probe.once('error', () => done(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)))
  })
}

// A machine without IPv6 has nothing there that could be taken.
function udpFree(port, family, address) {
  return new Promise((done) => {
    const probe = createSocket({ type: family, ipv6Only: family === 'udp6' })
    probe.once('error', ({ code }) => done(code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL'))
    probe.bind(port, address, () => probe.close(() => done(true)))
  })
}
