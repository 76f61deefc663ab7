// The networks people sit in, and what is expected of each: by which way media goes, and messages.

import assert from 'node:assert/strict'
import { join, openPreview } from '../e2e/harness/people.mjs'
import { carriedBy, chatter, heardOf, hush, received, transport } from '../e2e/harness/talk.mjs'
import { PORTS } from './middlebox.mjs'
import { CLIENT, OTHER_CLIENT, ROUTER, clamp, divert, noUdp, nothing, only443, open } from './network.mjs'
import { account, firstPicture, goesBy, recovered, sit, way } from './seat.mjs'

const RATE = 10

/** What people wait for at most, in ms: a picture after the beginning of a join where the network is open, and where it is not. */
const OPEN = 1_500
const BLOCKED = 5_000

/** Machines that test are slower than those people have: what is asserted is the order of what we want, what is printed is the time. */
const SLACK = Number(process.env.PARLOR_NET_SLACK ?? 3)

/**
 * Rows of the table. `rules` are the router's; `way` and `by` what media and messages go by. `then`: what happens in mid-call,
 * which gives times in ms by name, `limits` what they should be at most. Ada and Ben are in `browsers`, in Chromium if nothing is
 * said: of two tabs Firefox shows pictures in one. `seldom`: only if somebody asks for it by name.
 */
export const rows = [
  { name: 'open', rules: () => [open], way: 'udp', by: 'webrtc', within: OPEN },
  {
    name: 'UDP blocked',
    rules: () => [noUdp],
    way: 'tcp',
    by: 'webrtc',
    within: BLOCKED,
  },
  {
    name: 'only TCP 443',
    rules: () => [only443],
    way: 'tcp',
    by: 'webrtc',
    within: BLOCKED,
  },
  {
    name: 'UDP blocked, Firefox',
    rules: () => [noUdp],
    browsers: ['firefox', 'firefox'],
    way: 'tcp',
    by: 'webrtc',
    within: BLOCKED,
  },
  {
    name: 'only an HTTP proxy, CONNECT to 443 for TLS',
    rules: () => [nothing],
    tab: { proxy: { server: `http://${ROUTER.v4}:${PORTS.connect}` } },
    way: 'turn/tls',
    by: 'webrtc',
    within: BLOCKED,
  },
  {
    name: 'WebSocket stripped, UDP open',
    rules: () => [open, divert(PORTS.strip)],
    way: 'udp',
    by: 'webrtc',
    within: BLOCKED,
  },
  {
    name: 'IPv6 only',
    rules: () => [open],
    v6: true,
    way: 'udp',
    by: 'webrtc',
    within: OPEN,
  },
  {
    name: 'MTU hole of 1,200 bytes',
    rules: () => [clamp(1200)],
    hole: 1200,
    way: 'tcp',
    by: 'webrtc',
    within: BLOCKED,
  },
  {
    name: 'UDP blocked in mid-call, and back',
    rules: () => [open],
    way: 'udp',
    by: 'webrtc',
    within: OPEN,
    then: blockedForAWhile,
    limits: { recover: 4_000, home: 60_000 },
  },
  {
    name: 'UDP blocked in mid-call, and back, Firefox',
    seldom: true,
    rules: () => [open],
    browsers: ['chromium', 'firefox'],
    way: 'udp',
    by: 'webrtc',
    within: OPEN,
    then: blockedForAWhile,
    limits: { recover: 4_000, home: 60_000 },
  },
  {
    name: 'NAT rebinding in mid-call',
    rules: ({ net }) => [open, net.translated()],
    way: 'udp',
    by: 'webrtc',
    within: OPEN,
    async then({ net, tabs }) {
      net.forget()
      net.rules(open, net.translated())
      const recover = await back(tabs, Date.now())
      await goBy(tabs, 'udp')
      return { recover }
    },
    limits: { recover: 3_000 },
  },
  {
    name: 'address change in mid-call',
    rules: () => [open],
    way: 'udp',
    by: 'webrtc',
    within: OPEN,
    async then({ net, tabs }) {
      net.move(CLIENT.v4, OTHER_CLIENT)
      const recover = await back(tabs, Date.now())
      await goBy(tabs, 'udp')
      return { recover }
    },
    after: ({ net }) => net.move(OTHER_CLIENT, CLIENT.v4),
    limits: { recover: 3_000 },
  },
]

async function blockedForAWhile({ net, tabs }) {
  net.rules(noUdp)
  const recover = await back(tabs, Date.now())
  // Chromium looks for TCP a tenth of a second after the rest, and not at all if the relay has answered by then.
  await goBy(tabs, 'tcp|turn/tls')
  net.rules(open)
  const at = Date.now()
  await goBy(tabs, 'udp', 60_000)
  const home = Date.now() - at
  const pause = await back(tabs, at)
  return { recover, home, pause }
}

/** HTTP alone: messages, and a page that says why there is nothing else. */
export const httpOnly = {
  name: 'HTTP only, answers held until they are whole',
  rules: () => [nothing, divert(PORTS.hold)],
  by: 'poll',
}

/** Two people in this network. Gives what the table says of it. */
export async function run(row, { net, chromium, firefox, urls }) {
  const browsers = { chromium, firefox }
  net.rules(...row.rules({ net }))
  if (row.hole) net.hole(row.hole)
  if (row.v6) net.only6(true)
  const tabs = []
  try {
    for (const [i, name] of ['Ada', 'Ben'].entries()) {
      const browser = await browsers[row.browsers?.[i] ?? 'chromium']()
      tabs.push(await browser.tab(name, row.tab))
    }
    const [ada, ben] = tabs
    const url = row.v6 ? urls.v6 : urls.v4
    // One for each round: who was in the last may not have got through to say that they leave.
    const room = `${row.name.replace(/[^a-z0-9]+/gi, '-')}-${++rooms}`
    await sit(ada, url, room)
    await carriedBy(ada, row.by)
    await sit(ben, url, room)
    const picture = await firstPicture(ben)
    await Promise.all([...tabs.map((tab) => carriedBy(tab, row.by)), firstPicture(ada)])
    await goBy(tabs, row.way)
    await chatter(tabs, RATE)
    for (const tab of tabs) await received(tab, RATE)
    const times = (await row.then?.({ net, tabs })) ?? {}
    if (process.env.PARLOR_NET_TRACE) for (const tab of tabs) console.log(await account(tab))
    for (const tab of tabs) await carriedBy(tab, row.by)
    const by = await transport(ben)
    await hush(tabs)
    for (const tab of tabs) {
      const { left, resets } = await heardOf(tab)
      assert.deepEqual({ left, resets }, { left: [], resets: [] }, `${tab.label} saw somebody leave, or lost messages`)
    }
    const found = { join: picture, ...times }
    const wanted = { join: row.within, ...row.limits }
    for (const [what, most] of Object.entries(wanted))
      assert.ok(found[what] <= most * SLACK, `${what} took ${found[what]} ms, should be ${most}`)
    return { way: await way(ben), by, ...found }
  } finally {
    for (const tab of tabs) await tab.close()
    row.after?.({ net })
    if (row.hole) net.hole(1500)
    if (row.v6) net.only6(false)
  }
}

/** The page itself, where nothing but HTTP gets through. */
export async function runHttpOnly(row, { net, chromium, urls }) {
  const browser = await chromium()
  net.rules(...row.rules({ net }))
  const tabs = []
  try {
    for (const name of ['Ada', 'Ben']) tabs.push(await browser.tab(name, row.tab))
    for (const tab of tabs) await openPreview(tab, { url: urls.v4 }, { room: 'http-only', name: tab.label })
    const began = Date.now()
    await join(tabs[0])
    const entered = Date.now() - began
    await join(tabs[1])
    for (const tab of tabs) await carriedBy(tab, row.by)
    await chatter(tabs, RATE)
    for (const tab of tabs) await received(tab, RATE)
    await hush(tabs)
    const says = await tabs[1].seeText('banner', 'web pages', {
      within: 30_000,
    })
    return { way: 'none', by: await transport(tabs[1]), join: entered, says }
  } finally {
    for (const tab of tabs) await tab.close()
  }
}

let rooms = 0

const goBy = (tabs, wanted, within) => Promise.all(tabs.map((tab) => goesBy(tab, wanted, within)))

/** Until everybody has pictures again. */
const back = async (tabs, at) => Math.max(...(await Promise.all(tabs.map((tab) => recovered(tab, at)))))
