// What stands between a network and the Internet, run on the router: an HTTP proxy that lets out nothing but TLS to port 443,
// one that opens HTTPS and strips the upgrade to a WebSocket, and one that also holds up every answer until it is whole.
//
// node middlebox.mjs SERVER KEY CERT; it says "ready" and ends with its standard input.

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { Proxy } from '../e2e/harness/proxy.mjs'

export const PORTS = { connect: 3128, strip: 8443, hold: 8444 }

const HANDSHAKE = 0x16

/** The process, for whoever is not on the router. */
export class Middlebox {
  #process

  /** `by` goes before its command. */
  static async start(by, server, key, cert) {
    const box = new Middlebox()
    const [command, ...args] = [...by, process.execPath, import.meta.filename, server, key, cert]
    box.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    await new Promise((done, fail) => {
      box.#process.stdout.once('data', done)
      box.#process.once('error', fail).once('exit', () => fail(new Error('the proxies on the router ended')))
    })
    return box
  }

  close() {
    this.#process.stdin.end()
  }
}

/** A proxy for CONNECT. Who asks for another port is refused, and whose first byte is not TLS's is cut off. */
function connectProxy() {
  const proxy = http.createServer((_, res) => res.writeHead(403).end())
  proxy.on('connect', (req, socket, head) => {
    const { hostname, port } = new URL(`http://${req.url}`)
    if (Number(port || 80) !== 443) {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
      return
    }
    const up = net.connect(443, hostname.replace(/^\[|\]$/g, ''), () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
    const end = () => {
      up.destroy()
      socket.destroy()
    }
    for (const side of [up, socket]) side.on('error', end).on('close', end)
    const first = (bytes) => {
      if (bytes[0] !== HANDSHAKE) return end()
      up.write(bytes)
      socket.pipe(up)
    }
    if (head.length > 0) first(head)
    else socket.once('data', first)
    up.pipe(socket)
  })
  return new Promise((done, fail) => proxy.once('error', fail).listen(PORTS.connect, '0.0.0.0', done))
}

async function main([host, key, cert]) {
  const certificate = { key: readFileSync(key), cert: readFileSync(cert) }
  const to = { host, port: 443 }
  const at = (port) => ({ at: { host: '0.0.0.0', port }, certificate })
  await connectProxy()
  await Proxy.start(to, { webSockets: 'strip' }, at(PORTS.strip))
  await Proxy.start(to, { webSockets: 'strip', responses: 'whole' }, at(PORTS.hold))
  process.stdin.resume().once('end', () => process.exit())
  console.log('ready')
}

if (import.meta.filename === process.argv[1]) await main(process.argv.slice(2))
