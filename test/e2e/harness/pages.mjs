// Somebody else's web server: files of ours from another origin than Parlor's, and another site.

import { createServer } from 'node:http'
import { extname } from 'node:path'

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8' }

/** Serves `files`, path to text; `{url, origin, close}`. */
export async function servePages(files) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost')
    const text = files[pathname]
    if (text === undefined) return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': TYPES[extname(pathname)] ?? 'text/plain' }).end(text)
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  // 127.0.0.1 is Parlor, so that this is a page of another site.
  const origin = `http://localhost:${server.address().port}`
  return {
    origin,
    close: () =>
      new Promise((done) => {
        server.close(done)
        server.closeAllConnections()
      }),
  }
}
