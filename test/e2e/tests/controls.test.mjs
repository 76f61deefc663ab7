// The controls of the room: what one person does is seen by the others.

import assert from 'node:assert/strict'
import { allReceiveAll, enter, heardAndSeen, joinBySdk, ownId, seesPeople, sumOf, tiles } from '../harness/people.mjs'
import { scene } from '../harness/scene.mjs'
import { pause, until } from '../harness/until.mjs'

async function two(stage) {
  const server = await stage.serve()
  const browser = await stage.chromium()
  const [ada, ben] = [await browser.tab('Ada'), await browser.tab('Ben')]
  await enter(ada, server, { room: 'controls', name: 'Ada' })
  await enter(ben, server, { room: 'controls', name: 'Ben' })
  await seesPeople(ada, 1)
  await seesPeople(ben, 1)
  await allReceiveAll([ada, ben])
  return { server, browser, ada, ben, adaId: await ownId(ada), benId: await ownId(ben) }
}

const tileOf = async (tab, id, kind = 'camera') => (await tiles(tab)).find((t) => t.id === id && t.kind === kind)

const pressed = (tab, testid) => tab.attribute(testid, 'aria-pressed')

const muted = (tab, id, source) =>
  tab.evaluate(([who, what]) => window.parlor.participants.get(who)?.getTrack(what)?.muted, [id, source])

// The energy of somebody's sound grows, or doesn't, in so many ms.
async function loudness(tab, id, ms) {
  const before = sumOf((await heardAndSeen(tab))[id]).energy
  await pause(ms)
  return sumOf((await heardAndSeen(tab))[id]).energy - before
}

const soundSent = async (tab) =>
  (await tab.evaluate(() => window.__probe.flows()))
    .filter((f) => f.way === 'out' && f.kind === 'audio')
    .reduce((sum, f) => sum + f.packets, 0)

scene(
  'a muted microphone is silent and shown as muted to the others, and is heard again when unmuted',
  { within: 90_000 },
  async (stage) => {
    const { ada, ben, adaId } = await two(stage)
    assert.equal(await pressed(ada, 'microphone'), 'true')
    assert.ok((await loudness(ben, adaId, 3_000)) > 1e-5, 'Ben hears Ada to begin with')

    await ada.click('microphone')
    await until('Ben is told that Ada is muted', async () => (await muted(ben, adaId, 'microphone')) === true, {
      within: 5_000,
    })
    assert.equal(await pressed(ada, 'microphone'), 'false')
    await until(
      'Ben sees that Ada is muted',
      () =>
        ben.evaluate(
          (id) =>
            document.querySelector(`[data-testid="stage"] [data-participant="${id}"] [aria-label="muted"]`) !== null,
          adaId,
        ),
      { within: 3_000 },
    )
    // Not one packet of sound leaves Ada's browser; what was on its way plays out, on a busy machine for a while.
    const sent = await soundSent(ada)
    await pause(2_000)
    assert.equal(await soundSent(ada), sent, 'Ada sends sound though she is muted')
    await until('Ben hears nothing of Ada for 2 s', async () => (await loudness(ben, adaId, 2_000)) < 1e-7, {
      within: 10_000,
    })

    await ada.click('microphone')
    await until('Ben is told that Ada speaks again', async () => (await muted(ben, adaId, 'microphone')) === false, {
      within: 5_000,
    })
    await until('Ben hears Ada again', async () => (await loudness(ben, adaId, 1_500)) > 1e-5, { within: 10_000 })
  },
)

scene(
  'a camera that is switched off vanishes from the others’ screens, and comes back when switched on',
  { within: 90_000 },
  async (stage) => {
    const { ada, ben, adaId } = await two(stage)
    for (let round = 1; round <= 2; round++) {
      await ada.click('camera')
      await until(
        `Ben sees no picture of Ada (round ${round})`,
        async () => (await tileOf(ben, adaId))?.video === 'off',
        {
          within: 5_000,
          detail: () => tiles(ben),
        },
      )
      await until('the light of the camera is off', () =>
        ada.evaluate(() => {
          const track = window.parlor.localParticipant.getTrack('camera')
          return track?.mediaStreamTrack === undefined || track.mediaStreamTrack.readyState === 'ended'
        }),
      )
      await ada.click('camera')
      await until(
        `Ben sees Ada’s picture again (round ${round})`,
        async () => (await tileOf(ben, adaId))?.video === 'on',
        {
          within: 8_000,
          detail: () => tiles(ben),
        },
      )
      const frames = async () => sumOf((await heardAndSeen(ben))[adaId]).frames
      const before = await frames()
      await until(`frames of Ada rise again at Ben (round ${round})`, async () => (await frames()) > before + 5, {
        within: 10_000,
        detail: () => heardAndSeen(ben),
      })
    }
  },
)

scene(
  'a shared screen is a tile of its own for the others, and is gone when the sharing ends',
  { within: 90_000 },
  async (stage) => {
    const { ada, ben, adaId } = await two(stage)
    for (let round = 1; round <= 2; round++) {
      await ada.click('share')
      await until(
        `Ben has a tile for Ada’s screen (round ${round})`,
        async () => (await tileOf(ben, adaId, 'screen'))?.video === 'on',
        {
          within: 10_000,
          detail: async () => ({ tiles: await tiles(ben), ...(await ada.account()) }),
        },
      )
      assert.equal(await ben.attribute('stage', 'data-layout'), 'spotlight', 'the screen is the large one')
      const screenFrames = async () =>
        Math.max(
          0,
          ...((await heardAndSeen(ben))[adaId]?.video ?? []).filter((v) => v.source === 'screen').map((v) => v.frames),
        )
      await until(`frames of the screen rise at Ben (round ${round})`, async () => (await screenFrames()) > 5, {
        within: 15_000,
        detail: () => heardAndSeen(ben),
      })
      const camera = sumOf((await heardAndSeen(ben))[adaId]).frames
      await until('frames of the camera go on', async () => sumOf((await heardAndSeen(ben))[adaId]).frames > camera, {
        within: 5_000,
      })
      await ada.click('share')
      await until(
        `the tile of the screen is gone (round ${round})`,
        async () => (await tileOf(ben, adaId, 'screen')) === undefined,
        {
          within: 5_000,
          detail: () => tiles(ben),
        },
      )
      assert.equal((await tileOf(ben, adaId))?.video, 'on', 'the camera stays')
    }
  },
)

scene('chat goes both ways, and what came while the panel was closed is counted', { within: 90_000 }, async (stage) => {
  const { ada, ben, adaId } = await two(stage)
  await ada.click('chat-toggle')
  await ada.fill('chat-input', 'hello Ben <b>not bold</b>')
  await ada.press('Enter')
  await ben.seeText('unread', /1/, { within: 5_000 })
  await ben.click('chat-toggle')
  await ben.seeText('messages', 'hello Ben <b>not bold</b>', { within: 5_000 })
  assert.equal(await ben.attribute('message', 'data-from'), adaId)
  await ben.fill('chat-input', 'hello Ada')
  await ben.click('chat-send')
  await ada.seeText('messages', 'hello Ada', { within: 5_000 })
  await until(
    'both messages are marked as sent',
    async () =>
      (
        await ada.evaluate(() => [...document.querySelectorAll('[data-testid="message"]')].map((m) => m.dataset.state))
      ).every((state) => state !== 'pending' && state !== 'failed'),
    { within: 5_000 },
  )
  assert.equal(await ada.count('message'), 2)
  assert.equal(await ben.count('message'), 2)
})

for (const codec of ['vp8', 'h264', 'vp9', 'av1']) {
  scene(`video published in ${codec} is decoded by another page`, { within: 60_000 }, async (stage) => {
    const server = await stage.serve()
    const browser = await stage.chromium()
    const [ada, ben] = [await browser.tab('Ada'), await browser.tab('Ben')]
    await enter(ben, server, { room: 'codec', name: 'Ben' })
    await ada.goto(`${server.url}/`)
    const id = await joinBySdk(ada, { room: 'codec', name: 'Ada', audio: true, video: true, videoCodec: codec })
    const seen = async () => (await heardAndSeen(ben))[id]?.video.find((v) => v.source === 'camera')
    await until(`Ben decodes frames of Ada’s ${codec}`, async () => ((await seen())?.frames ?? 0) > 10, {
      within: 20_000,
      detail: async () => ({ ben: await heardAndSeen(ben), ada: await ada.evaluate(() => window.__probe.flows()) }),
    })
    assert.equal((await seen()).codec?.toLowerCase(), `video/${codec}`)
    // Who comes later gets a key frame too.
    const cy = await browser.tab('Cy')
    await enter(cy, server, { room: 'codec', name: 'Cy' })
    await until(
      'who comes later decodes it too',
      async () => ((await heardAndSeen(cy))[id]?.video.find((v) => v.source === 'camera')?.frames ?? 0) > 10,
      { within: 20_000, detail: () => heardAndSeen(cy) },
    )
  })
}
