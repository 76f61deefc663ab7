// A test with everything it needs around it: servers, browsers and people, all ended when it ends, and their last words in
// the failure when it fails.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { launchChromium, launchFirefox, launchWebKit } from './browsers.mjs'
import { servePages } from './pages.mjs'
import { Proxy } from './proxy.mjs'
import { Server } from './server.mjs'
import { limit, shown } from './until.mjs'

/** A test called `name`; `body` gets the scene. It has `within` ms for all of it. `skip`: why not. */
export function scene(name, { within = 90_000, skip = false } = {}, body) {
  test(name, { skip }, async () => {
    const stage = new Scene()
    try {
      await limit(body(stage), within, `the test "${name}"`)
    } catch (error) {
      const account = await limit(stage.account(), 20_000, 'the account of the scene').catch(shown)
      error.message += `\n${account}`
      throw error
    } finally {
      await stage.close()
    }
  })
}

class Scene {
  #closers = []
  #servers = []
  #tabs = []

  async serve(options) {
    const server = await Server.start(options)
    this.#servers.push(server)
    this.#closers.push(() => (server.ended ? undefined : server.stop()))
    return server
  }

  /** Pages from another origin, path to text; see pages.mjs. */
  async pages(files) {
    const pages = await servePages(files)
    this.#closers.push(() => pages.close())
    return pages
  }

  /** A proxy in front of a server; see proxy.mjs. */
  async proxy(server, habits) {
    const proxy = await Proxy.start(server, habits)
    this.#closers.push(() => proxy.close())
    return proxy
  }

  /** An empty folder that is gone after the test. */
  async folder() {
    const path = await mkdtemp(join(tmpdir(), 'parlor-e2e-'))
    this.#closers.push(() => rm(path, { recursive: true, force: true }))
    return path
  }

  chromium(options) {
    return this.#browser(() => launchChromium(options))
  }

  firefox(options) {
    return this.#browser(() => launchFirefox(options))
  }

  webkit(options) {
    return this.#browser(() => launchWebKit(options))
  }

  async #browser(launch) {
    const browser = await launch()
    this.#closers.push(() => browser.close())
    const open = browser.tab
    browser.tab = async (...args) => {
      const tab = await open(...args)
      this.#tabs.push(tab)
      return tab
    }
    return browser
  }

  async account() {
    const pages = await Promise.all(this.#tabs.map((tab) => tab.account().catch((error) => shown(error))))
    const logs = this.#servers.map((server) => `server on ${server.port}, its last lines:\n${server.log(40)}`)
    return [...pages.map((page) => JSON.stringify(page, null, 1)), ...logs].join('\n')
  }

  async close() {
    for (const end of this.#closers.reverse()) {
      try {
        await limit(Promise.resolve(end()), 20_000, 'ending something of the scene')
      } catch (error) {
        console.error(`while cleaning up: ${shown(error)}`)
      }
    }
  }
}
