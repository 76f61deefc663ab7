// WebKitGTK, a real browser without any WebRTC, by WebDriver under a virtual display. It gives a page with the same few methods
// as those of the other browsers’ drivers, so that a Tab can hold it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { freePort } from './server.mjs'
import { limit, until } from './until.mjs'

const DRIVER = process.env.WEBKIT_DRIVER_BIN ?? '/usr/bin/WebKitWebDriver'
const XVFB = process.env.XVFB_BIN ?? '/usr/bin/Xvfb'
const BROWSERS = ['x86_64', 'aarch64'].flatMap((arch) =>
  ['4.1', '4.0', '6.0'].map((version) => `/usr/lib/${arch}-linux-gnu/webkit2gtk-${version}/MiniBrowser`),
)
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'

/** One window of WebKit: its page, and how to end it. */
export async function launchWebKit({ width = 1280, height = 800 } = {}) {
  const binary = process.env.WEBKIT_BIN ?? BROWSERS.find((path) => existsSync(path))
  for (const [path, name] of [
    [DRIVER, 'webkit2gtk-driver'],
    [XVFB, 'xvfb'],
    [binary, 'webkit2gtk-driver'],
  ]) {
    if (path === undefined || !existsSync(path)) throw new Error(`WebKit is not whole here: install ${name}`)
  }
  const children = []
  const close = async () => {
    for (const child of children.reverse()) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await limit(once(child, 'exit'), 5_000, 'WebKit ending').catch(() => child.kill('SIGKILL'))
      }
    }
  }
  try {
    const screen = spawn(XVFB, ['-displayfd', '3', '-screen', '0', `${width}x${height}x24`], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    })
    children.push(screen)
    const [display] = await limit(once(screen.stdio[3].setEncoding('utf8'), 'data'), 15_000, 'Xvfb starting')
    const port = await freePort()
    const driver = spawn(DRIVER, [`--port=${port}`], {
      env: { ...process.env, DISPLAY: `:${display.trim()}`, LIBGL_ALWAYS_SOFTWARE: '1', NO_AT_BRIDGE: '1' },
      stdio: 'ignore',
    })
    children.push(driver)
    const call = caller(`http://127.0.0.1:${port}`)
    await until('WebKitWebDriver answers', () => call('GET', '/status'), { every: 50 })
    const wanted = {
      'webkitgtk:browserOptions': { binary, args: ['--automation'] },
      timeouts: { script: 60_000, pageLoad: 60_000 },
    }
    const { sessionId } = await call('POST', '/session', { capabilities: { alwaysMatch: wanted } })
    const page = new WebKitPage((method, path, body) => call(method, `/session/${sessionId}${path}`, body))
    const end = async () => {
      await limit(page.quit(), 5_000, 'WebKit closing its window').catch(() => {})
      await close()
    }
    return { page, close: end, pid: driver.pid }
  } catch (error) {
    await close()
    throw error
  }
}

const caller = (base) => async (method, path, body) => {
  const answer = await fetch(base + path, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const { value } = await answer.json()
  if (!answer.ok) throw new Error(`${value?.error}: ${value?.message}`)
  return value
}

class WebKitPage {
  #call

  constructor(call) {
    this.#call = call
  }

  keyboard = {
    type: async (text) => {
      const active = await this.#call('GET', '/element/active')
      await this.#call('POST', `/element/${active[ELEMENT]}/value`, { text })
    },
    press: (key) => this.keyboard.type({ Enter: '\uE007', Escape: '\uE00C' }[key] ?? key),
  }

  mouse = {
    move: (x, y) => this.#point({ type: 'pointerMove', x: Math.round(x), y: Math.round(y), duration: 0 }),
    down: () => this.#point({ type: 'pointerDown', button: 0 }),
    up: () => this.#point({ type: 'pointerUp', button: 0 }),
  }

  /** It has no events to listen to. */
  on() {}

  async evaluate(fn, arg) {
    const script = `
      const done = arguments[arguments.length - 1]
      Promise.resolve()
        .then(() => (${fn})(arguments[0]))
        .then((value) => done({ value }), (error) => done({ error: String(error?.stack ?? error) + ' ' + String(error) }))`
    const { value, error } = await this.#call('POST', '/execute/async', { script, args: [arg ?? null] })
    if (error !== undefined) throw new Error(error)
    return value ?? undefined
  }

  goto(url) {
    return this.#call('POST', '/url', { url })
  }

  reload() {
    return this.#call('POST', '/refresh', {})
  }

  async focus(selector) {
    await this.evaluate((s) => document.querySelector(s).focus(), selector)
  }

  async click(selector) {
    const element = await this.#call('POST', '/element', { using: 'css selector', value: selector })
    await this.#call('POST', `/element/${element[ELEMENT]}/click`, {})
  }

  async screenshot({ path }) {
    await writeFile(path, Buffer.from(await this.#call('GET', '/screenshot'), 'base64'))
  }

  #point(action) {
    const mouse = { type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions: [action] }
    return this.#call('POST', '/actions', { actions: [mouse] })
  }

  quit() {
    return this.#call('DELETE', '')
  }
}
