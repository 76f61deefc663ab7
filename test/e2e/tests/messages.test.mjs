// Messages: complete, each once, in one same order at everyone, also while the links they come on change.

import assert from 'node:assert/strict'
import { enter, ownId, seesPeople } from '../harness/people.mjs'
import { scene } from '../harness/scene.mjs'
import { until } from '../harness/until.mjs'

const EACH = 1000
const NAMES = ['Ada', 'Ben', 'Cy']

scene(
  '1,000 numbered messages from each of three Chromium pages and a Firefox page arrive at all others, complete and in one same order',
  { within: 180_000 },
  async (stage) => {
    const tabs = await fourPeople(stage)
    await exchange(tabs)
  },
)

scene(
  '1,000 numbered messages from each of four pages arrive complete and in one same order though every page’s links are cut on the way',
  { within: 240_000 },
  async (stage) => {
    const tabs = await fourPeople(stage)
    const before = await Promise.all(tabs.map(transport))
    assert.deepEqual(
      before,
      Array(4).fill('webrtc'),
      'messages should have gone over to the data channel before the cut',
    )
    await exchange(tabs, async () => {
      const cuts = [['channel'], ['socket'], ['socket', 'channel'], ['channel']]
      for (const [i, tab] of tabs.entries()) {
        await received(tab, 200 * (i + 1))
        const cut = await tab.evaluate(cutLinks, cuts[i])
        assert.ok(cut >= cuts[i].length, `${tab.label} had nothing to cut of ${cuts[i]}`)
      }
    })
    for (const tab of tabs) {
      await until(
        `messages of ${tab.label} go over the data channel again`,
        async () => (await transport(tab)) === 'webrtc',
        {
          within: 30_000,
          detail: () => tab.account(),
        },
      )
    }
  },
)

const transport = (tab) => tab.evaluate(() => window.parlor.transport)

async function fourPeople(stage) {
  const server = await stage.serve()
  const [chromium, firefox] = await Promise.all([stage.chromium(), stage.firefox()])
  // Pictures are there, as in any room, but they are not what is looked at.
  const probe = { video: { width: 160, height: 90, fps: 5 } }
  const tabs = [await firefox.tab('Fay', { probe })]
  for (const name of NAMES) tabs.push(await chromium.tab(name, { probe }))
  for (const [i, tab] of tabs.entries()) {
    await enter(tab, server, { room: 'messages', name: ['Fay', ...NAMES][i], within: 30_000 })
  }
  for (const tab of tabs) {
    await seesPeople(tab, tabs.length - 1)
    await until(`messages of ${tab.label} go over the data channel`, async () => (await transport(tab)) === 'webrtc', {
      within: 20_000,
      detail: () => tab.account(),
    })
  }
  return tabs
}

async function exchange(tabs, meanwhile = async () => {}) {
  for (const tab of tabs) await tab.evaluate(listen)
  for (const tab of tabs) await tab.evaluate(talk, EACH)
  await meanwhile()
  const expected = EACH * (tabs.length - 1)
  for (const tab of tabs) await received(tab, expected, 90_000)
  for (const tab of tabs) {
    await until(
      `all ${EACH} of ${tab.label} are confirmed`,
      async () => (await tab.evaluate(() => window.__talk.sent.length)) === EACH,
      {
        within: 30_000,
        detail: () => tab.evaluate(() => ({ confirmed: window.__talk.sent.length, failed: window.__talk.failed })),
      },
    )
  }

  // The one order of the room, from what everyone saw and what each was told of their own.
  const ids = await Promise.all(tabs.map(ownId))
  const heard = await Promise.all(tabs.map((tab) => tab.evaluate(() => window.__talk.heard)))
  const sent = await Promise.all(tabs.map((tab) => tab.evaluate(() => window.__talk.sent)))
  const order = new Map()
  const place = (offset, from, n, who) => {
    const known = order.get(offset)
    const now = `${from}#${n}`
    if (known === undefined) order.set(offset, now)
    else assert.equal(now, known, `entry ${offset} is another one to ${who} than to the others`)
  }
  sent.forEach((list, i) => list.forEach(([n, offset]) => place(offset, ids[i], n, tabs[i].label)))
  heard.forEach((list, i) => list.forEach(([from, n, offset]) => place(offset, from, n, tabs[i].label)))
  assert.equal(order.size, EACH * tabs.length, 'the room has one entry for each message')
  const all = [...order].sort(([a], [b]) => a - b).map(([, what]) => what)
  for (const [i, tab] of tabs.entries()) {
    const own = `${ids[i]}#`
    const due = all.filter((what) => !what.startsWith(own))
    const got = heard[i].map(([from, n]) => `${from}#${n}`)
    const first = got.findIndex((what, k) => what !== due[k])
    assert.ok(
      first < 0 && got.length === due.length,
      `${tab.label} got ${got.length} of ${due.length}; first difference at ${first}: ` +
        `${got.slice(Math.max(0, first - 2), first + 3)} where the room has ${due.slice(Math.max(0, first - 2), first + 3)}`,
    )
  }
  // Each sender's own messages stand in the order in which they were sent.
  for (const id of ids) {
    const numbers = all.filter((what) => what.startsWith(`${id}#`)).map((what) => Number(what.split('#')[1]))
    assert.deepEqual(
      numbers,
      Array.from({ length: EACH }, (_, k) => k + 1),
      `messages of ${id} changed their order`,
    )
  }
}

function received(tab, count, within = 60_000) {
  return until(
    `${tab.label} has ${count} messages`,
    async () => (await tab.evaluate(() => window.__talk.heard.length)) >= count,
    {
      within,
      every: 150,
      detail: async () => ({
        has: await tab.evaluate(() => window.__talk.heard.length),
        transport: await transport(tab),
        ...(await tab.account()),
      }),
    },
  )
}

function listen() {
  window.__talk = { heard: [], sent: [], failed: [] }
  window.parlor.on('message', (type, data, from, meta) => {
    if (type === 'count') window.__talk.heard.push([from.id, data.n, meta.offset])
  })
}

function talk(each) {
  for (let n = 1; n <= each; n++) {
    window.parlor.sendMessage('count', { n, filling: 'x'.repeat(n % 50) }).then(
      ({ offset }) => window.__talk.sent.push([n, offset]),
      (error) => window.__talk.failed.push(`${n}: ${error.code} ${error.message}`),
    )
  }
}

// As a network would: without the SDK’s knowing beforehand.
function cutLinks(which) {
  let cut = 0
  if (which.includes('channel')) {
    for (const channel of window.__probe.channels) {
      if (channel.label !== 'lossy' && channel.readyState === 'open') {
        channel.close()
        cut++
      }
    }
  }
  if (which.includes('socket')) {
    for (const socket of window.__probe.sockets) {
      if (socket.readyState === WebSocket.OPEN) {
        socket.close(4999)
        cut++
      }
    }
  }
  return cut
}
