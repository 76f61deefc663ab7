// The page at /doctor says what a browser reaches of its server, and names what is in the way.

import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { scene } from '../../harness/scene.mjs'
import { until } from '../../harness/until.mjs'

const OUT = fileURLToPath(new URL('../../out/', import.meta.url))
mkdirSync(OUT, { recursive: true })

/** Opens the page and waits until it has tried everything. */
async function diagnosed(tab, url) {
  await tab.goto(`${url}/doctor`)
  await until('the page has tried everything', async () => (await tab.attribute('doctor', 'data-state')) === 'done', {
    within: 30_000,
    detail: () => tab.account(),
  })
  return tab.evaluate(() => {
    const all = (id) => [...document.querySelectorAll(`[data-testid="${id}"]`)]
    return {
      checks: Object.fromEntries(all('doctor-check').map((e) => [e.dataset.check, e.dataset.state])),
      findings: all('doctor-finding').map((e) => e.dataset.code),
    }
  })
}

scene('the doctor tries every way, says that all work, and names faults', { within: 60_000 }, async (stage) => {
  const server = await stage.serve()
  const browser = await stage.chromium()
  const well = await browser.tab('well', { viewport: { width: 1000, height: 900 } })
  const healthy = await diagnosed(well, server.url)
  await well.screenshot(`${OUT}doctor-well.png`)
  assert.deepEqual(healthy.findings, [])
  assert.deepEqual(healthy.checks, {
    'Secure page': 'works',
    Clock: 'works',
    Origin: 'works',
    WebSocket: 'works',
    'Server-sent events': 'works',
    POST: 'works',
    'Media address': 'works',
    UDP: 'works',
    TCP: 'works',
    'TURN/TCP': 'works',
  })
  // By the keyboard alone: trying again says so to those who do not see it.
  await well.evaluate(() => document.querySelector('[data-testid="doctor-again"]').focus())
  await well.press('Enter')
  assert.equal(await well.attribute('doctor', 'data-state'), 'trying')
  assert.equal(await well.evaluate(() => document.activeElement.getAttribute('role')), 'status')

  const proxy = await stage.proxy(server, { webSockets: 'strip', responses: 'whole' })
  const ill = await browser.tab('ill', { viewport: { width: 1000, height: 900 } })
  const found = await diagnosed(ill, proxy.url)
  await ill.screenshot(`${OUT}doctor-ill.png`)
  await ill.resize(390, 844)
  await ill.screenshot(`${OUT}doctor-ill-phone.png`)
  assert.deepEqual(found.findings, ['websocket_blocked', 'stream_buffered'])
  assert.equal(found.checks.UDP, 'works')
  assert.ok((await ill.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0, 'it scrolls sideways')
})
