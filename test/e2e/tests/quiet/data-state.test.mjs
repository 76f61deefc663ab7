// The room’s state in browsers: the same at everyone, newcomers and people who were away among them.

import assert from 'node:assert/strict'
import { enterBySdk, ownId } from '../../harness/people.mjs'
import { scene } from '../../harness/scene.mjs'
import { carriedBy } from '../../harness/talk.mjs'
import { until } from '../../harness/until.mjs'

const OLD = { probe: { noWebRTC: true } }

const entries = (tab, prefix = '') => tab.evaluate((p) => window.parlor.state.entries(p), prefix)

/** Waits until all have the same state, of which `is` is true, and gives it. */
const agree = (tabs, is, { within = 15_000 } = {}) =>
  until(
    'everyone has the same state',
    async () => {
      const [first, ...rest] = await Promise.all(tabs.map((tab) => entries(tab)))
      return rest.every((one) => JSON.stringify(one) === JSON.stringify(first)) && is(first) ? first : undefined
    },
    { within, detail: () => Promise.all(tabs.map(async (tab) => [tab.label, (await entries(tab)).slice(0, 20)])) },
  )

scene(
  'what two pages set, patch and delete is the same at both and at a third that comes in the midst of it; own/ keys go with their owner',
  { within: 60_000 },
  async (stage) => {
    const server = await stage.serve()
    const browser = await stage.chromium()
    const [ada, ben] = [await browser.tab('Ada'), await browser.tab('Ben', OLD)]
    for (const tab of [ada, ben]) await enterBySdk(tab, server, { room: 'state' })
    await carriedBy(ada, 'webrtc')
    const scribble = [ada, ben].map((tab, i) => tab.evaluate(scribbleAll, { seed: i + 1, changes: 400 }))
    const cy = await browser.tab('Cy')
    await enterBySdk(cy, server, { room: 'state' }, (room) => {
      // What is told of the state makes the state: the first cells as well as what follows.
      window.__told = new Map()
      room.on('stateChanged', (key, value) => {
        if (value === undefined) window.__told.delete(key)
        else window.__told.set(key, value)
      })
    })
    const refused = (await Promise.all(scribble)).flat()
    // Of two that change one key, one may not have seen that the other deleted it.
    assert.deepEqual(
      refused.filter((code) => code !== 'conflict'),
      [],
    )
    await ada.evaluate(() => window.parlor.state.set('done/ada', true))
    await ben.evaluate(() => window.parlor.state.set('done/ben', true))
    const state = await agree([ada, ben, cy], (all) => all.filter(([key]) => key.startsWith('done/')).length === 2)
    assert.ok(state.length > 10, `only ${state.length} keys are left`)
    const told = await cy.evaluate(() => [...window.__told].sort(([a], [b]) => (a < b ? -1 : 1)))
    assert.deepEqual(told, state, 'stateChanged told Cy something else than the state')

    const id = await ownId(ben)
    await ben.evaluate((me) => window.parlor.state.set(`own/hand/${me}`, true), id)
    await agree([ada, ben, cy], (all) => all.some(([key]) => key === `own/hand/${id}`))
    const denied = await ada.evaluate(
      (key) => window.parlor.state.delete(key).then(String, (error) => error.code),
      `own/hand/${id}`,
    )
    assert.equal(denied, 'not_allowed', 'what is Ben’s can be deleted by Ada')
    await ben.page.close({ runBeforeUnload: false })
    await agree([ada, cy], (all) => !all.some(([key]) => key.startsWith('own/')), { within: 5_000 })
  },
)

scene(
  'what somebody without a network changes that was deleted meanwhile is refused with conflict and not resurrected; what was not, is kept',
  { within: 60_000 },
  async (stage) => {
    const server = await stage.serve()
    const proxy = await stage.proxy(server)
    const browser = await stage.chromium()
    const [ada, ben] = [await browser.tab('Ada'), await browser.tab('Ben', OLD)]
    await enterBySdk(ada, server, { room: 'away' })
    await enterBySdk(ben, proxy, { room: 'away' })
    await ada.evaluate(() =>
      window.parlor.state.patch(['deleted', 'again', 'kept', 'mine'].map((key) => ({ key, value: 1 }))),
    )
    await agree([ada, ben], (all) => all.length === 4)
    proxy.sever()
    await until('Ben knows that there is no network', () =>
      ben.evaluate(() => window.parlor.connectionState === 'reconnecting'),
    )
    await ben.evaluate(() => {
      window.__outcome = {}
      const { state } = window.parlor
      const note = (key, promise) =>
        promise.then(
          () => (window.__outcome[key] = 'done'),
          (error) => (window.__outcome[key] = error.code),
        )
      note('deleted', state.set('deleted', 'by Ben'))
      note('again', state.set('again', 'by Ben'))
      note('kept', state.set('kept', 'by Ben'))
      note('mine', state.delete('mine'))
      note('new', state.set('new', 'by Ben'))
    })
    assert.equal(
      await ben.evaluate(() => window.parlor.state.get('deleted')),
      'by Ben',
      'Ben’s own change shows at once',
    )
    await ada.evaluate(async () => {
      const { state } = window.parlor
      await state.delete('deleted')
      await state.delete('again')
      await state.set('again', 'by Ada')
    })
    proxy.restore()
    const outcome = await until(
      'Ben knows what became of each change',
      async () => {
        const known = await ben.evaluate(() => window.__outcome)
        return Object.keys(known).length === 5 ? known : undefined
      },
      { within: 15_000, detail: () => ben.account() },
    )
    // Who sets what was deleted and set anew is only the last writer.
    const done = { again: 'done', kept: 'done', mine: 'done', new: 'done' }
    assert.deepEqual(outcome, { deleted: 'conflict', ...done })
    const late = await browser.tab('Late', OLD)
    await enterBySdk(late, server, { room: 'away' })
    const state = Object.fromEntries(await agree([ada, ben, late], (all) => all.length === 3))
    assert.deepEqual(state, { again: 'by Ben', kept: 'by Ben', new: 'by Ben' }, 'what was deleted stays deleted')
  },
)

scene('a newcomer gets a state of 5,000 keys whole, on every transport', { within: 60_000 }, async (stage) => {
  const server = await stage.serve()
  const browser = await stage.chromium()
  const ada = await browser.tab('Ada')
  await enterBySdk(ada, server, { room: 'many' })
  await ada.evaluate(async () => {
    const patches = []
    for (let p = 0; p < 50; p++) {
      const changes = Array.from({ length: 100 }, (_, k) => ({
        key: `shapes/${p * 100 + k}`,
        value: { x: p, y: k, points: Array.from({ length: 12 }, (_, i) => i * k) },
      }))
      patches.push(window.parlor.state.patch(changes))
    }
    await Promise.all(patches)
  })
  const whole = await entries(ada)
  assert.equal(whole.length, 5_000)
  for (const kind of ['webrtc', 'websocket', 'sse', 'poll']) {
    const tab = await browser.tab(kind)
    await enterBySdk(tab, server, { room: 'many', transports: [kind] })
    await tab.evaluate(() => window.parlor.state.ready)
    assert.deepEqual(await entries(tab), whole, `${kind} brought another state`)
    await tab.close()
  }
})

// In the page: changes of all kinds to a few keys, some of which the other one changes too. It gives what was refused.
async function scribbleAll({ seed, changes }) {
  const { state } = window.parlor
  let random = seed * 7919
  const next = (n) => (random = (random * 1103515245 + 12345) % 2147483648) % n
  const refused = []
  const waiting = []
  for (let i = 0; i < changes; i++) {
    const key = () => (next(2) ? `both/${next(20)}` : `one/${seed}/${next(20)}`)
    const what = next(10)
    const change =
      what < 6
        ? state.set(key(), { seed, i })
        : what < 8
          ? state.delete(key())
          : state.patch([
              { key: key(), value: [seed, i] },
              { key: key(), delete: true },
              { key: `one/${seed}/last`, value: i },
            ])
    waiting.push(change.catch((error) => refused.push(error.code)))
    // So that the two mix, and each sees some of what the other does.
    if (i % 20 === 0) await Promise.race([change.catch(() => {}), new Promise((done) => setTimeout(done, 200))])
  }
  await Promise.all(waiting)
  return refused
}
