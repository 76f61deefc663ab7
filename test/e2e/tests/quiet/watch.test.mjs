// /watch/{room}: to see and hear, without a question for devices, counted and not shown.

import assert from 'node:assert/strict'
import { drawable, drawn, equal, onBoard, openBoard } from '../../harness/drawing.mjs'
import { enterBySdk, inRoom } from '../../harness/people.mjs'
import { scene } from '../../harness/scene.mjs'
import { keyArgs, mint } from '../../harness/token.mjs'
import { until } from '../../harness/until.mjs'

scene(
  'who watches is asked for nothing, sees who is on air, and is counted by all and shown to nobody',
  { within: 60_000 },
  async (stage) => {
    const server = await stage.serve()
    const browser = await stage.chromium()
    const [host, cy] = [await browser.tab('Host'), await browser.tab('Cy')]
    await cy.page.addInitScript(() => {
      window.asked = 0
      const { mediaDevices } = navigator
      for (const name of ['getUserMedia', 'getDisplayMedia'])
        mediaDevices[name] = () => Promise.reject(new Error(`${window.asked++}`))
    })
    await cy.goto(`${server.url}/watch/air`)
    await cy.see('preview')
    await cy.click('join') // without a name
    await inRoom(cy)
    await cy.seeText('stage', 'Nobody is on air yet')

    await enterBySdk(host, server, { room: 'air', name: 'Host', video: true }, (room) => {
      window.joined = []
      room.on('participantConnected', (p) => window.joined.push([p.name, p.isWatching]))
    })
    await until(
      'Cy sees the host',
      () => cy.evaluate(() => document.querySelector('[data-testid="stage"] video')?.videoWidth > 0),
      { within: 15_000, detail: () => cy.account() },
    )
    assert.equal(await cy.attribute('watching', 'data-count'), '1')
    assert.equal(await cy.count('microphone'), 0)
    assert.equal(await cy.count('share'), 0)
    assert.deepEqual(await host.evaluate(() => [...window.parlor.participants.values()].map((p) => p.isWatching)), [
      true,
    ])

    // Forty more who watch: no tiles, no words, no rows; and whoever is there counts them.
    await host.evaluate(async () => {
      const { joinRoom } = await import('/sdk/parlor.js')
      const rtc = window.RTCPeerConnection
      delete window.RTCPeerConnection // they need no pictures here
      window.RTCPeerConnection = undefined
      window.crowd = await Promise.all(
        Array.from({ length: 40 }, (_, i) =>
          joinRoom({ room: 'air', name: `W${i}`, watch: true, transports: ['websocket'] }),
        ),
      )
      window.RTCPeerConnection = rtc
    })
    await until('Cy counts them', async () => (await cy.attribute('watching', 'data-count')) === '41')
    assert.equal(
      await cy.evaluate(() => document.querySelectorAll('[data-testid="stage"] [data-participant]').length),
      1,
    )
    assert.doesNotMatch(await cy.reads(), /W\d/)
    await cy.click('people-toggle')
    await cy.seeText('people', '41 watching')
    assert.equal(await cy.evaluate(() => document.querySelectorAll('[data-testid="people"] li').length), 2)
    assert.ok(
      (await host.evaluate(
        () => window.crowd[0].localParticipant.publishTrack !== undefined && window.crowd[0].grant.publish,
      )) === false,
    )
    assert.deepEqual([await cy.evaluate(() => window.asked), cy.errors], [0, []])
  },
)

scene(
  'who may only look on reads the chat and sees the board, and can change neither',
  { within: 60_000 },
  async (stage) => {
    const server = await stage.serve({ args: keyArgs })
    const browser = await stage.chromium({ devices: false })
    const [ada, dan] = [await browser.tab('Ada'), await browser.tab('Dan')]
    const come = async (tab, path, name, video) => {
      await tab.goto(`${server.url}/${path}/hall#token=${mint({ room: 'hall', identity: name, video })}`)
      await tab.click('join')
      await inRoom(tab)
    }
    await come(ada, 'r', 'Ada', {})
    await come(dan, 'watch', 'Dan', { canPublish: false, canPublishData: true, canSendTypes: [], canWriteState: [] })
    await openBoard(ada)
    await drawn(ada, 'rectangle', [
      [300, 200],
      [330, 230],
      [390, 270],
    ])
    await ada.evaluate(() => window.parlor.sendMessage('chat', { text: 'Hello, all' }))

    await openBoard(dan)
    await equal([ada, dan], (all) => all.length === 1)
    await drawable(dan)
    await dan.seeText('board', 'Reading only')
    await drawn(dan, 'rectangle', [
      [500, 200],
      [530, 230],
      [590, 270],
    ])
    await dan.click('chat-toggle')
    await dan.seeText('chat', 'Hello, all')
    assert.equal(await dan.count('chat-input'), 0)
    const refused = (what) => dan.evaluate((code) => (0, eval)(code).catch((error) => error.code), what)
    assert.equal(await refused(`parlor.sendMessage('chat', { text: 'me too' })`), 'not_allowed')
    assert.equal(await refused(`parlor.state.set('wb/x', 1)`), 'not_allowed')
    assert.equal((await onBoard(ada)).length, 1)
    assert.deepEqual([ada.errors, dan.errors], [[], []])
  },
)
