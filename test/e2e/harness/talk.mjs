// People who talk by numbered messages, and the check that what they said arrived: each once, complete, and in one same order.

import assert from 'node:assert/strict'
import { ownId } from './people.mjs'
import { until } from './until.mjs'

export const transport = (tab) => tab.evaluate(() => window.parlor.transport)

export function carriedBy(tab, kind, { within = 20_000 } = {}) {
  return until(`messages of ${tab.label} go by ${kind}`, async () => (await transport(tab)) === kind, {
    within,
    detail: async () => ({ by: await transport(tab), ...(await tab.account()) }),
  })
}

/** Each says `each` numbered messages at once; resolves when everything has arrived as it should. */
export async function exchange(tabs, { each, meanwhile = async () => {}, within = 90_000 }) {
  await listenAll(tabs)
  for (const tab of tabs) await tab.evaluate(talk, { each })
  await meanwhile()
  await checkArrival(tabs, { within })
}

/** Each says one numbered message after the other, so many a second, until hush(). */
export async function chatter(tabs, perSecond) {
  await listenAll(tabs)
  for (const tab of tabs) await tab.evaluate(talk, { perSecond })
}

let rounds = 0
/** What was said in a former round and comes late is not heard in this one. */
async function listenAll(tabs) {
  const round = ++rounds
  for (const tab of tabs) await tab.evaluate(listen, round)
}

/** They stop talking; of each message it is known what became of it, be it good or bad. */
export async function stop(tabs, { within = 30_000 } = {}) {
  for (const tab of tabs) await tab.evaluate(() => window.__talk.stop())
  for (const tab of tabs) {
    await until(
      `it is known what became of all messages of ${tab.label}`,
      () => tab.evaluate(() => window.__talk.sent.length + window.__talk.failed.length === window.__talk.said),
      { within, detail: () => standing(tab) },
    )
  }
}

/** They stop talking, and everything they said has arrived as it should. */
export async function hush(tabs, { within = 60_000 } = {}) {
  return checkArrival(tabs, { within })
}

/** Waits until a page has heard so many numbered messages. */
export function received(tab, count, within = 60_000) {
  return until(
    `${tab.label} has ${count} messages`,
    async () => (await tab.evaluate(() => window.__talk.heard.length)) >= count,
    { within, every: 150, detail: () => standing(tab) },
  )
}

/** What a page has heard besides: transports, resets, people who left. */
export const heardOf = (tab) =>
  tab.evaluate(() => {
    const { transports, resets, left } = window.__talk
    return { transports, resets, left }
  })

/** Waits until everyone has said all, and heard all that the others said; then checks it. */
async function checkArrival(tabs, { within }) {
  await stop(tabs, { within })
  for (const tab of tabs)
    assert.deepEqual(await tab.evaluate(() => window.__talk.failed), [], `messages of ${tab.label} failed`)
  const sent = await Promise.all(tabs.map((tab) => tab.evaluate(() => window.__talk.sent)))
  const total = sent.reduce((sum, list) => sum + list.length, 0)
  await Promise.all(tabs.map((tab, i) => received(tab, total - sent[i].length, within)))
  const heard = await Promise.all(tabs.map((tab) => tab.evaluate(() => window.__talk.heard)))
  await checkOrder(tabs, sent, heard)
  return total
}

async function checkOrder(tabs, sent, heard) {
  // The one order of the room, from what everyone saw and what each was told of their own.
  const ids = await Promise.all(tabs.map(ownId))
  const order = new Map()
  const place = (offset, from, n, who) => {
    const known = order.get(offset)
    const now = `${from}#${n}`
    if (known === undefined) order.set(offset, now)
    else assert.equal(now, known, `entry ${offset} is another one to ${who} than to the others`)
  }
  sent.forEach((list, i) => list.forEach(([n, offset]) => place(offset, ids[i], n, tabs[i].label)))
  heard.forEach((list, i) => list.forEach(([from, n, offset]) => place(offset, from, n, tabs[i].label)))
  const total = sent.reduce((sum, list) => sum + list.length, 0)
  assert.equal(order.size, total, 'the room has one entry for each message')
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
  for (const [i, id] of ids.entries()) {
    const numbers = all.filter((what) => what.startsWith(`${id}#`)).map((what) => Number(what.split('#')[1]))
    const due = Array.from({ length: sent[i].length }, (_, k) => k + 1)
    assert.deepEqual(numbers, due, `messages of ${tabs[i].label} changed their order`)
  }
}

const standing = async (tab) => ({
  ...(await tab.evaluate(() => ({
    by: window.parlor.transport,
    state: window.parlor.connectionState,
    buffered: window.parlor.bufferedBytes,
    said: window.__talk.said,
    confirmed: window.__talk.sent.length,
    heard: window.__talk.heard.length,
    failed: window.__talk.failed.slice(0, 5),
    transports: window.__talk.transports,
    resets: window.__talk.resets,
  }))),
  ...(await tab.account()),
})

// In the page.
function listen(round) {
  const book = { round, heard: [], sent: [], failed: [], said: 0, transports: [], resets: [], left: [], stop: () => {} }
  window.__talk = book
  const room = window.parlor
  room.on('message', (type, data, from, meta) => {
    if (type === 'count' && data.round === round) book.heard.push([from.id, data.n, meta.offset, performance.now()])
  })
  room.on('transportChanged', (now, before) => book.transports.push(`${before} to ${now}`))
  room.on('reset', (reason, unconfirmed) => book.resets.push({ reason, unconfirmed: unconfirmed.length }))
  room.on('participantDisconnected', (who, reason) => book.left.push(`${who.name}: ${reason}`))
}

// In the page.
function talk({ each, perSecond }) {
  const book = window.__talk
  const say = () => {
    const n = ++book.said
    window.parlor.sendMessage('count', { round: book.round, n, filling: 'x'.repeat(n % 50) }).then(
      ({ offset }) => book.sent.push([n, offset, performance.now()]),
      (error) => book.failed.push(`${n}: ${error.code} ${error.message}`),
    )
  }
  if (each !== undefined) for (let n = 0; n < each; n++) say()
  if (perSecond !== undefined) {
    const timer = setInterval(say, 1000 / perSecond)
    book.stop = () => clearInterval(timer)
  }
}

/** The longest time in ms in which a page heard nothing, between the first and the last that it heard. */
export const longestSilence = (tab) =>
  tab.evaluate(() => {
    const times = window.__talk.heard.map(([, , , at]) => at)
    return Math.round(Math.max(0, ...times.slice(1).map((at, i) => at - times[i])))
  })
