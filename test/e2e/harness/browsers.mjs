// Chromium by playwright-core and Firefox ESR by puppeteer-core (WebDriver BiDi), both with fake devices; WebKitGTK by WebDriver.

import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import puppeteer from 'puppeteer-core'
import { Tab, probeScript } from './tab.mjs'
import { launchWebKit as launchWindow } from './webkit.mjs'

const CHROMIUM = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium'
const FIREFOX = process.env.FIREFOX_BIN ?? '/usr/bin/firefox-esr'

// Small pictures: the machine that tests has other things to do than to encode 720p four times over.
export const SMALL = { width: 320, height: 180, fps: 15 }

const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
]

/**
 * A Chromium. `devices` false: there is no camera and no microphone. `allow` false: nobody answers the browser's question, so
 * that it is taken for a no.
 */
export async function launchChromium({ devices = true, allow = true, args = [] } = {}) {
  if (!existsSync(CHROMIUM)) throw new Error(`there is no ${CHROMIUM}: install chromium, or set CHROMIUM_BIN`)
  const server = await chromium.launchServer({
    executablePath: CHROMIUM,
    headless: true,
    args: [
      ...CHROMIUM_ARGS,
      ...(devices ? ['--use-fake-device-for-media-stream=fps=20'] : []),
      ...(allow ? ['--use-fake-ui-for-media-stream'] : []),
      ...args,
    ],
  })
  const browser = await chromium.connect(server.wsEndpoint())
  let pages = 0
  const stopped = new Set()
  const thaw = () => {
    for (const pid of stopped) process.kill(pid, 'SIGCONT')
    stopped.clear()
  }
  return {
    name: 'chromium',
    pid: server.process().pid,
    /** A page in a context of its own: another person, with storage of their own. `probe`: see probe.mjs. */
    async tab(label, { probe = { video: SMALL }, viewport = { width: 1280, height: 800 }, ...context } = {}) {
      const own = await browser.newContext({ viewport, ...context })
      await own.addInitScript(probeScript(probe))
      const page = await own.newPage()
      return new Tab(`${label} (chromium ${++pages})`, page, () => own.close())
    },
    /** All its pages stand still, as on a machine that sleeps. (A headless browser never hides a page, so it freezes none.) */
    async freeze() {
      const driver = await browser.newBrowserCDPSession()
      const { processInfo } = await driver.send('SystemInfo.getProcessInfo')
      for (const { type, id } of processInfo) {
        if (type !== 'renderer') continue
        process.kill(id, 'SIGSTOP')
        stopped.add(id)
      }
    },
    thaw,
    /** Dies at once, with all its pages and without a word to anyone. */
    kill: () => server.kill(),
    async close() {
      thaw()
      await browser.close()
      await server.close()
    },
  }
}

export async function launchFirefox({ prefs = {}, trust = false } = {}) {
  if (!existsSync(FIREFOX)) throw new Error(`there is no ${FIREFOX}: install firefox-esr, or set FIREFOX_BIN`)
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: FIREFOX,
    headless: true,
    protocol: 'webDriverBiDi',
    acceptInsecureCerts: trust,
    timeout: 90_000,
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      'media.autoplay.default': 0,
      'media.gmp-manager.updateEnabled': false,
      'media.gmp-provider.enabled': false,
      'app.update.enabled': false,
      'network.captive-portal-service.enabled': false,
      'network.connectivity-service.enabled': false,
      'services.settings.server': 'http://127.0.0.1:9/',
      'datareporting.policy.dataSubmissionEnabled': false,
      'toolkit.telemetry.enabled': false,
      'browser.safebrowsing.downloads.enabled': false,
      'dom.push.enabled': false,
      'extensions.update.enabled': false,
      'browser.region.update.enabled': false,
      ...prefs,
    },
  })
  let pages = 0
  return {
    name: 'firefox',
    pid: browser.process()?.pid,
    async tab(label, { probe = { video: SMALL }, viewport = { width: 1280, height: 800 } } = {}) {
      const context = await browser.createBrowserContext()
      const page = await context.newPage()
      await page.setViewport(viewport)
      await page.evaluateOnNewDocument(probeScript(probe))
      return new Tab(`${label} (firefox ${++pages})`, page, () => context.close())
    },
    close: () => browser.close(),
  }
}

/** A WebKit of one page. It cannot be probed: what a Tab knows by window.__probe is not there. */
export async function launchWebKit(options) {
  const { page, close, pid } = await launchWindow(options)
  return { name: 'webkit', pid, tab: async (label) => new Tab(`${label} (webkit)`, page, async () => {}), close }
}
