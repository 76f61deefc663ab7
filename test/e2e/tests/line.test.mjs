// What a browser's line carries: Chromium takes our numbers and padding, and reports on them.

import assert from 'node:assert/strict'
import { enter, seesPeople } from '../harness/people.mjs'
import { scene } from '../harness/scene.mjs'
import { freePort } from '../harness/server.mjs'
import { until } from '../harness/until.mjs'

scene(
  'two Chromium pages report on numbers and padding, so that the server knows that their lines have room',
  { within: 120_000 },
  async (stage) => {
    const admin = `127.0.0.1:${await freePort()}`
    const server = await stage.serve({ args: ['--admin', admin] })
    const browser = await stage.chromium()
    const tabs = []
    for (const name of ['Ada', 'Ben']) {
      const tab = await browser.tab(name)
      await enter(tab, server, { room: 'line', name })
      tabs.push(tab)
    }
    for (const tab of tabs) await seesPeople(tab, 1)
    const read = async () => {
      const text = await (await fetch(`http://${admin}/metrics`)).text()
      return (name) => Number(text.match(new RegExp(`^parlor_${name} (\\S+)$`, 'm'))?.[1])
    }
    await until(
      'both lines are known to carry 3 Mb/s',
      async () => {
        const figure = await read()
        return figure('lines_known') === 2 && figure('line_bits_low') > 3_000_000
      },
      { within: 30_000 },
    )
    const figure = await read()
    assert.ok(figure('padding_bytes_total') > 0)
    assert.ok(figure('probes_raised_total') > 0)
    assert.equal(figure('reports_stray_total'), 0)
    assert.equal(figure('slots_paused'), 0)
    for (const tab of tabs) assert.deepEqual(tab.errors, [], `${tab.label} threw`)
  },
)
