// One page of a browser, Chromium or Firefox, and what a test does with it. Elements are named by their data-testid.

import { probe } from './probe.mjs'
import { PATIENCE, limit, until } from './until.mjs'

/** The script that watches a page, with its options. */
export const probeScript = (options = {}) => `(${probe})(${JSON.stringify(options)})`

export class Tab {
  #page
  #close
  errors = []
  console = []

  constructor(label, page, close) {
    this.label = label
    this.#page = page
    this.#close = close
    page.on('pageerror', (error) => this.errors.push(String(error.stack ?? error)))
    page.on('console', (message) => {
      this.console.push(`${message.type()}: ${message.text()}`)
      if (this.console.length > 500) this.console.shift()
    })
  }

  /** The driver's own page, for what only one of the browsers can do. */
  get page() {
    return this.#page
  }

  evaluate(fn, arg) {
    return limit(this.#page.evaluate(fn, arg), 30_000, `${this.label} running a script`)
  }

  goto(url) {
    return this.#page.goto(url, { waitUntil: 'domcontentloaded', timeout: 30_000 * PATIENCE })
  }

  reload() {
    return this.#page.reload({ waitUntil: 'domcontentloaded', timeout: 30_000 * PATIENCE })
  }

  async close() {
    await limit(this.#close(), 15_000, `closing ${this.label}`).catch(() => {})
  }

  async resize(width, height) {
    if (this.#page.setViewportSize) await this.#page.setViewportSize({ width, height })
    else await this.#page.setViewport({ width, height })
  }

  screenshot(path) {
    return this.#page.screenshot({ path })
  }

  count(testid) {
    return this.evaluate((id) => document.querySelectorAll(`[data-testid="${id}"]`).length, testid)
  }

  /** The visible text of an element, or undefined if it is not there or not visible. */
  text(testid) {
    return this.evaluate((id) => {
      for (const element of document.querySelectorAll(`[data-testid="${id}"]`)) {
        if (element.checkVisibility()) return element.innerText.trim()
      }
      return undefined
    }, testid)
  }

  attribute(testid, name) {
    return this.evaluate(
      ([id, attribute]) => document.querySelector(`[data-testid="${id}"]`)?.getAttribute(attribute) ?? undefined,
      [testid, name],
    )
  }

  /** Everything that a person can read on the page. */
  reads() {
    return this.evaluate(() => document.body?.innerText ?? '')
  }

  /** Waits until an element is there and visible. */
  see(testid, { within = 15_000 } = {}) {
    return until(
      `${this.label} shows "${testid}"`,
      () =>
        this.evaluate((id) => {
          const element = document.querySelector(`[data-testid="${id}"]`)
          return element !== null && element.checkVisibility()
        }, testid),
      { within, detail: () => this.account() },
    )
  }

  /** Waits until an element with this text (a regular expression or part of it) is visible, and gives its text. */
  seeText(testid, pattern, { within = 15_000 } = {}) {
    return until(
      `${this.label} shows ${pattern} in "${testid}"`,
      async () => {
        const text = await this.text(testid)
        if (text === undefined) return undefined
        return (pattern instanceof RegExp ? pattern.test(text) : text.includes(pattern)) ? text || true : undefined
      },
      { within, detail: () => this.account() },
    )
  }

  async click(testid, options) {
    await this.see(testid, options)
    await limit(this.#page.click(`[data-testid="${testid}"]`), 15_000, `${this.label} clicking "${testid}"`)
  }

  async fill(testid, text) {
    await this.see(testid)
    const selector = `[data-testid="${testid}"]`
    await limit(this.#page.focus(selector), 10_000, `${this.label} going to "${testid}"`)
    await this.evaluate((s) => document.querySelector(s).select?.(), selector)
    await this.#page.keyboard.type(text)
  }

  press(key) {
    return this.#page.keyboard.press(key)
  }

  /** What one would look at to understand a failure. */
  async account() {
    const state = await limit(
      this.#page.evaluate(() => ({
        url: location.href,
        text: document.body?.innerText?.slice(0, 600),
        pcs: window.__probe?.pcs.map((pc) => `${pc.connectionState}/${pc.iceConnectionState}/${pc.signalingState}`),
        sockets: window.__probe?.sockets.map((s) => s.readyState),
      })),
      5_000,
      'the state of the page',
    ).catch((error) => ({ unreachable: error.message }))
    return { page: this.label, ...state, errors: this.errors.slice(-5), console: this.console.slice(-15) }
  }
}
