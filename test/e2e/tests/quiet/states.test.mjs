// When something is missing or goes wrong, the page says what happened and what to do, and does what still can be done.

import assert from 'node:assert/strict'
import { enter, inRoom, join, openPreview, others, seesPeople, tiles } from '../../harness/people.mjs'
import { scene } from '../../harness/scene.mjs'
import { until } from '../../harness/until.mjs'

scene(
  'a denied camera is said so with the way to allow it, and one can join without',
  { within: 60_000 },
  async (stage) => {
    const server = await stage.serve()
    const browser = await stage.chromium({ allow: false })
    const tab = await browser.tab('Ada')
    await openPreview(tab, server, { room: 'denied', name: 'Ada' })
    await tab.seeText('problem', /blocked/i)
    assert.equal(await tab.attribute('problem', 'data-problem'), 'denied')
    assert.match(await tab.text('problem'), /allow/i, 'it says what to do')
    assert.match(await tab.text('join'), /without/i, 'the button says that one joins without devices')
    await join(tab)
    assert.deepEqual(
      (await tiles(tab)).map((t) => t.video),
      ['off'],
    )
  },
)

scene(
  'a machine without camera and microphone is told so, and one can join, see and hear',
  { within: 90_000 },
  async (stage) => {
    const server = await stage.serve()
    const [with_, without] = await Promise.all([stage.chromium(), stage.chromium({ devices: false })])
    const ada = await with_.tab('Ada')
    const ben = await without.tab('Ben')
    await enter(ada, server, { room: 'missing', name: 'Ada' })
    await openPreview(ben, server, { room: 'missing', name: 'Ben' })
    await ben.seeText('problem', /no camera|not found|found/i)
    assert.equal(await ben.attribute('problem', 'data-problem'), 'missing')
    assert.match(await ben.text('problem'), /plug|without/i, 'it says what to do')
    await join(ben)
    await seesPeople(ada, 1)
    await until(
      'Ben sees Ada’s picture',
      async () =>
        Object.values(await ben.evaluate(() => window.__probe.heardAndSeen())).some((p) =>
          p.video.some((v) => v.frames > 3),
        ),
      { within: 15_000, detail: () => ben.account() },
    )
    assert.equal((await tiles(ada)).find((t) => !t.own)?.video, 'off', 'Ada sees that Ben has no picture')
  },
)

scene(
  'who comes to a full room reads that it is full, and gets in by trying again once somebody left',
  { within: 90_000 },
  async (stage) => {
    const server = await stage.serve({ args: ['--room-size', '2'] })
    const browser = await stage.chromium()
    const [ada, ben, cy] = [await browser.tab('Ada'), await browser.tab('Ben'), await browser.tab('Cy')]
    await enter(ada, server, { room: 'full', name: 'Ada' })
    await enter(ben, server, { room: 'full', name: 'Ben' })
    await openPreview(cy, server, { room: 'full', name: 'Cy' })
    await cy.click('join')
    await cy.seeText('ended', /full/i)
    assert.equal(await cy.attribute('ended', 'data-reason'), 'room_full')
    assert.match(await cy.text('ended'), /try again/i, 'it says what to do')
    assert.equal((await others(ada)).length, 1, 'those inside noticed nothing')
    await ben.click('leave')
    await seesPeople(ada, 0, { within: 5_000 })
    await cy.click('rejoin')
    await inRoom(cy)
    await seesPeople(ada, 1)
  },
)

scene(
  'a browser without WebRTC is told what it lacks, joins with chat only, and chats',
  { within: 90_000 },
  async (stage) => {
    const server = await stage.serve()
    const browser = await stage.chromium()
    const ada = await browser.tab('Ada')
    const old = await browser.tab('Old', { probe: { noWebRTC: true } })
    await enter(ada, server, { room: 'old', name: 'Ada' })
    await openPreview(old, server, { room: 'old', name: 'Old' })
    await old.seeText('problem', /cannot do video calls/i)
    assert.match(await old.text('problem'), /current/i, 'it says what to do')
    await old.seeText('join', /chat/i)
    await join(old)
    await seesPeople(ada, 1)
    await openChat(old)
    await openChat(ada)
    await say(old, 'hello from an old browser')
    await ada.seeText('messages', 'hello from an old browser', { within: 5_000 })
    await say(ada, 'hello back')
    await old.seeText('messages', 'hello back', { within: 5_000 })
  },
)

for (const how of ['stopped', 'killed']) {
  scene(
    `a server that is ${how} in mid-call makes the page say so, and the page goes on by itself when a server is back on that port`,
    { within: 120_000 },
    async (stage) => {
      const server = await stage.serve()
      const browser = await stage.chromium()
      const [ada, ben] = [await browser.tab('Ada'), await browser.tab('Ben')]
      await enter(ada, server, { room: 'restart', name: 'Ada' })
      await enter(ben, server, { room: 'restart', name: 'Ben' })
      await seesPeople(ada, 1)
      if (how === 'stopped') await server.stop()
      else await server.kill()
      for (const tab of [ada, ben]) {
        await until(
          `${tab.label} says that the connection is lost and that it tries again`,
          async () =>
            /reconnecting|trying again|tries again|restarting/i.test(
              `${(await tab.text('banner')) ?? ''} ${(await tab.text('ended')) ?? ''}`,
            ),
          { within: 15_000, detail: () => tab.account() },
        )
      }
      await stage.serve({ port: server.port })
      for (const tab of [ada, ben]) await inRoom(tab, { within: 40_000 })
      for (const tab of [ada, ben]) await seesPeople(tab, 1, { within: 20_000 })
      for (const tab of [ada, ben]) {
        await until(`the banner of ${tab.label} is gone`, async () => (await tab.text('banner')) === undefined, {
          within: 10_000,
        })
        await until(
          `${tab.label} sees the other’s picture again`,
          async () =>
            Object.values(await tab.evaluate(() => window.__probe.heardAndSeen())).some((p) =>
              p.video.some((v) => v.frames > 3),
            ),
          { within: 20_000, detail: () => tab.account() },
        )
      }
    },
  )
}

scene('a server that is away from the start is said so in words', { within: 60_000 }, async (stage) => {
  const server = await stage.serve()
  const browser = await stage.chromium()
  const ada = await browser.tab('Ada')
  await openPreview(ada, server, { room: 'away', name: 'Ada' })
  await server.kill()
  await ada.click('join')
  await ada.seeText('ended', /does not answer/i, { within: 25_000 })
  assert.match(await ada.text('ended'), /trying|try again|reload/i, 'it says what to do')
})

async function openChat(tab) {
  if (!(await tab.count('chat'))) await tab.click('chat-toggle')
  await tab.see('chat')
}

async function say(tab, text) {
  await tab.fill('chat-input', text)
  await tab.click('chat-send')
}
