// A proxy in front of a Parlor, as networks have them: one that knows no WebSockets, one that holds every response until it is
// whole, one that is cut off. Only HTTP goes through it: media and data channels find their own way.

import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'

/** What it does until it is told otherwise. */
const OPEN = { webSockets: 'pass', responses: 'stream' }

export class Proxy {
  #server
  #up
  #sockets = new Set()
  /** How to end what a stricter proxy would not have let through. */
  #webSockets = new Set()
  #responses = new Set()
  #habits
  #away = false

  /**
   * `habits`: {webSockets: 'pass' | 'refuse' | 'strip', responses: 'stream' | 'whole'}. With `certificate` ({key, cert}) it and
   * the server speak TLS, as where a network opens what is encrypted.
   */
  static async start({ host = '127.0.0.1', port }, habits = {}, { at = { host: '127.0.0.1' }, certificate } = {}) {
    const proxy = new Proxy()
    proxy.#up = { host, port, secure: certificate !== undefined, rejectUnauthorized: false }
    proxy.#habits = { ...OPEN, ...habits }
    const forward = (req, res) => proxy.#forward(req, res)
    proxy.#server = certificate ? https.createServer(certificate, forward) : http.createServer(forward)
    proxy.#server.on('upgrade', (req, socket, head) => proxy.#upgrade(req, socket, head))
    proxy.#server.on('connection', (socket) => {
      proxy.#sockets.add(socket)
      socket.on('error', () => {}).once('close', () => proxy.#sockets.delete(socket))
      if (proxy.#away) socket.destroy()
    })
    await new Promise((done, fail) => proxy.#server.once('error', fail).listen({ port: 0, ...at }, done))
    proxy.url = `${certificate ? 'https' : 'http'}://127.0.0.1:${proxy.#server.address().port}`
    return proxy
  }

  /** From now on it is like this, also to what is under way. */
  become(habits) {
    this.#habits = { ...OPEN, ...habits }
    if (this.#habits.webSockets !== 'pass') for (const end of this.#webSockets) end()
    if (this.#habits.responses === 'whole') for (const end of this.#responses) end()
  }

  /** Ends every connection there is now. */
  cut() {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Nothing goes through until restore(). */
  sever() {
    this.#away = true
    this.cut()
  }

  restore() {
    this.#away = false
  }

  async close() {
    this.cut()
    await new Promise((done) => this.#server.close(done))
  }

  #forward(req, res) {
    const whole = this.#habits.responses === 'whole'
    const { method, url: path, headers } = req
    const { request } = this.#up.secure ? https : http
    const up = request({ ...this.#up, method, path, headers, agent: false })
    up.on('response', (answer) => {
      answer.on('error', () => res.destroy())
      if (whole) {
        const parts = []
        answer.on('data', (part) => parts.push(part))
        answer.on('end', () => {
          const body = Buffer.concat(parts)
          const { 'transfer-encoding': _, ...kept } = answer.headers
          if (!res.destroyed) res.writeHead(answer.statusCode, { ...kept, 'content-length': body.length }).end(body)
        })
        return
      }
      const end = () => res.destroy()
      this.#responses.add(end)
      res.once('close', () => this.#responses.delete(end))
      res.writeHead(answer.statusCode, answer.headers)
      res.flushHeaders()
      answer.pipe(res)
    })
    up.on('error', () => (res.headersSent ? res.destroy() : res.writeHead(502).end()))
    res.once('close', () => up.destroy())
    req.on('error', () => up.destroy())
    req.pipe(up)
  }

  #upgrade(req, socket, head) {
    if (this.#habits.webSockets === 'strip') {
      // It does not know the word and passes on the rest.
      delete req.headers.upgrade
      delete req.headers.connection
      const res = new http.ServerResponse(req)
      res.shouldKeepAlive = false
      res.assignSocket(socket)
      res.once('finish', () => socket.end())
      this.#forward(req, res)
      return
    }
    if (this.#habits.webSockets === 'refuse') {
      socket.end('HTTP/1.1 501 Not Implemented\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      return
    }
    const up = this.#up.secure ? tls.connect(this.#up) : net.connect(this.#up)
    const end = () => {
      up.destroy()
      socket.destroy()
    }
    this.#webSockets.add(end)
    const ended = () => {
      this.#webSockets.delete(end)
      end()
    }
    up.on('error', ended).on('close', ended)
    socket.on('error', ended).on('close', ended)
    const lines = [`${req.method} ${req.url} HTTP/1.1`]
    for (let i = 0; i < req.rawHeaders.length; i += 2) lines.push(`${req.rawHeaders[i]}: ${req.rawHeaders[i + 1]}`)
    up.write(`${lines.join('\r\n')}\r\n\r\n`)
    up.write(head)
    up.pipe(socket)
    socket.pipe(up)
  }
}
