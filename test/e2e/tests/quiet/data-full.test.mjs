// A server whose data folder is full: what is said is refused, and the pictures of those who say it go on moving.

import assert from 'node:assert/strict'
import { enterBySdk } from '../../harness/people.mjs'
import { framesOf, picturesMove, showPictures } from '../../harness/pictures.mjs'
import { scene } from '../../harness/scene.mjs'
import { carriedBy, exchange } from '../../harness/talk.mjs'
import { PATIENCE, pause, until } from '../../harness/until.mjs'

const TINY = { probe: { video: { width: 160, height: 90, fps: 10 } } }
const SECONDS = 5

scene(
  'while messages are refused because the data folder is full, pictures rise every second, lossy messages arrive and somebody comes in; then messages go again',
  { within: 120_000 },
  async (stage) => {
    // What the room forgets makes room, and what is refused has a place in its log too.
    const args = ['--data-dir', await stage.folder(), '--data-bytes', '1MiB', '--log-entries', '400']
    const rates = ['--byte-rate', '1GiB', '--byte-burst', '1GiB', '--message-rate', '10000', '--message-burst', '10000']
    const server = await stage.serve({ args: [...args, ...rates] })
    const browser = await stage.chromium()
    const tabs = [await browser.tab('Ada', TINY), await browser.tab('Ben', TINY)]
    const [ada, ben] = tabs
    for (const tab of tabs) await enterBySdk(tab, server, { room: 'full', video: true }, showPictures)
    for (const tab of tabs) await carriedBy(tab, 'webrtc')
    for (const tab of tabs) await picturesMove(tab, 1)
    await ada.evaluate(fill)

    await ben.evaluate(() => {
      window.__pens = []
      window.parlor.on('message', (type, data) => type === 'pen' && window.__pens.push(data))
    })
    const series = tabs.map(() => [])
    const start = performance.now()
    for (let second = 0; second <= SECONDS; second++) {
      await pause(Math.max(0, start + second * 1000 * PATIENCE - performance.now()))
      for (const [i, tab] of tabs.entries()) {
        series[i].push(Math.max(...(await framesOf(tab)).values()))
        assert.equal(await tab.evaluate(say), 'not_stored', `what ${tab.label} says in second ${second}`)
      }
    }
    for (const [i, tab] of tabs.entries()) {
      for (let second = 1; second < series[i].length; second++) {
        assert.ok(
          series[i][second] > series[i][second - 1],
          `${tab.label} decoded no frame in second ${second}: ${series[i]}`,
        )
      }
    }
    await ada.evaluate(() => window.parlor.sendMessage('pen', 'last', { lossy: true }))
    await until('Ben has the lossy message', () => ben.evaluate(() => window.__pens.at(-1) === 'last'))
    const cy = await browser.tab('Cy', TINY)
    await enterBySdk(cy, server, { room: 'full', video: true }, showPictures)
    await picturesMove(cy, 2)
    for (const tab of tabs) await picturesMove(tab, 2)

    await until('messages go again', async () => (await ada.evaluate(say)) === undefined, { within: 60_000, every: 10 })
    await exchange([...tabs, cy], { each: 50 })
    for (const tab of [...tabs, cy]) await picturesMove(tab, 2)
  },
)

// In the page: says something, and gives the code of its refusal.
function say() {
  return window.parlor.sendMessage('try', 1).then(
    () => undefined,
    (error) => error.code ?? String(error),
  )
}

// In the page: says things until nothing more is stored, not even what is small, and not after a while either.
async function fill() {
  const largest = 60_000
  for (let size = largest, refused = 0; refused < 3;) {
    try {
      await window.parlor.sendMessage('fill', 'x'.repeat(size))
      size = Math.min(10 * size, largest)
      refused = 0
    } catch (error) {
      if (error.code !== 'not_stored') throw error
      if (size === 1) refused++
      size = Math.max(1, Math.floor(size / 10))
      await new Promise((done) => setTimeout(done, 1200)) // within which a server has tried to write again
    }
  }
}
