// Pictures of the page to look at, in test/e2e/out/. What a machine can tell of them is asserted: nothing hangs over the
// edge, nothing scrolls sideways, everyone has a tile.

import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { enter, openPreview, ownId, tiles } from '../harness/people.mjs'
import { scene } from '../harness/scene.mjs'
import { pause, until } from '../harness/until.mjs'

const OUT = fileURLToPath(new URL('../out/', import.meta.url))
mkdirSync(OUT, { recursive: true })

const SIZES = { wide: [1440, 900], phone: [390, 844] }

const GUESTS = [
  ['Ben', 'room'],
  ['Chiara', 'sea'],
  ['Dmitri', 'dusk'],
  ['Eleni', 'wood'],
  ['Farid', 'sky'],
  ['Grace Hopper-Lindqvist', 'rose'],
  ['Hiro', undefined],
  ['Ines', 'night'],
]

async function shoot(tab, name) {
  for (const [size, [width, height]] of Object.entries(SIZES)) {
    await tab.resize(width, height)
    // Tiles glide to their places, pictures fade in.
    await pause(900)
    await tab.screenshot(`${OUT}${name}-${size}.png`)
    const overhang = await tab.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    assert.ok(overhang <= 0, `${name} at ${width}x${height} scrolls sideways by ${overhang} px`)
    const outside = await tab.evaluate(() =>
      [...document.querySelectorAll('button, input, [data-participant]')]
        .filter((element) => element.checkVisibility())
        .filter((element) => {
          const { left, right, width: w, height: h } = element.getBoundingClientRect()
          return w > 1 && h > 1 && (left < -1 || right > window.innerWidth + 1)
        })
        .map((element) => element.outerHTML.slice(0, 120)),
    )
    assert.deepEqual(outside, [], `${name} at ${width}x${height} has something outside of the window`)
  }
}

// Every tile that should show a picture does.
function pictures(tab) {
  return until(
    'all pictures are shown',
    () =>
      tab.evaluate(() =>
        [...document.querySelectorAll('[data-testid="stage"] [data-video="on"]')].every(
          (tile) => tile.querySelector('video')?.videoWidth > 0,
        ),
      ),
    { within: 30_000, detail: async () => ({ tiles: await tiles(tab), ...(await tab.account()) }) },
  )
}

scene(
  'screenshots: lobby, preview, room of 1, 3 and 9, chat open, wide and phone',
  { within: 200_000 },
  async (stage) => {
    const server = await stage.serve()
    const browser = await stage.chromium()
    const viewport = { width: SIZES.wide[0], height: SIZES.wide[1] }
    const ada = await browser.tab('Ada', { viewport, probe: {} })

    await ada.goto(`${server.url}/`)
    await ada.see('lobby')
    await shoot(ada, '1-lobby')

    await openPreview(ada, server, { room: 'green-lamp', name: 'Ada' })
    await until('the preview shows oneself', () =>
      ada.evaluate(() => document.querySelector('[data-testid="self-video"]').videoWidth > 0),
    )
    await shoot(ada, '2-preview')

    await enter(ada, server, { room: 'green-lamp', name: 'Ada' })
    await pictures(ada)
    await shoot(ada, '3-room-of-1')

    const host = await browser.tab('guests', { probe: {} })
    await host.goto(`${server.url}/`)
    await host.evaluate(hostGuests)
    for (const [name, mood] of GUESTS.slice(0, 2))
      await host.evaluate(([n, m]) => window.__invite('green-lamp', n, m), [name, mood])
    await until('Ada sees two others', async () => (await tiles(ada)).length === 3)
    await pictures(ada)
    await pause(5_000) // until the notices have passed
    await shoot(ada, '4-room-of-3')

    for (const [name, mood] of GUESTS.slice(2))
      await host.evaluate(([n, m]) => window.__invite('green-lamp', n, m), [name, mood])
    await ada.resize(...SIZES.wide)
    await until('Ada sees eight others', async () => (await tiles(ada)).length === 9, {
      within: 20_000,
      detail: () => tiles(ada),
    })
    await pictures(ada)
    await pause(5_000)
    await shoot(ada, '5-room-of-9')

    await ada.resize(...SIZES.wide)
    await ada.click('chat-toggle')
    await ada.see('chat')
    await host.evaluate(() => window.__say('Ben', 'Morning! Did the container come up on the new box?'))
    await host.evaluate(() => window.__say('Ben', 'I left the notes at https://example.org/notes'))
    await ada.fill('chat-input', 'Yes, first try. Thanks for the compose file.')
    await ada.press('Enter')
    await host.evaluate(() =>
      window.__say(
        'Chiara',
        'Then let’s look at the board: I have a longer list of things to go through, it will take more than one line to write down.',
      ),
    )
    await until('four messages are there', async () => (await ada.count('message')) === 4)
    await shoot(ada, '6-chat')
    await ada.resize(...SIZES.wide)
    await ada.click('chat-toggle')

    await ada.click('people-toggle')
    await ada.see('people')
    await shoot(ada, '7-people')
    await ada.resize(...SIZES.wide)
    await ada.click('people-toggle')

    await host.evaluate(() => window.__shareScreen('Ben'))
    await until('Ada sees Ben’s screen', async () =>
      (await tiles(ada)).some((t) => t.kind === 'screen' && t.video === 'on'),
    )
    await pictures(ada)
    await shoot(ada, '8-screen')
    await host.evaluate(() => window.__everyoneLeaves())

    await ada.resize(...SIZES.wide)
    await ada.click('leave')
    await ada.see('ended')
    await shoot(ada, '9-left')
  },
)

scene('screenshots: what can go wrong', { within: 90_000 }, async (stage) => {
  const server = await stage.serve({ args: ['--room-size', '1'] })
  const browser = await stage.chromium({ allow: false })
  const viewport = { width: SIZES.wide[0], height: SIZES.wide[1] }
  const ada = await browser.tab('Ada', { viewport })
  await openPreview(ada, server, { room: 'closed', name: 'Ada' })
  await ada.see('problem')
  await shoot(ada, 'a-denied')

  const old = await browser.tab('Old', { viewport, probe: { noWebRTC: true } })
  await openPreview(old, server, { room: 'closed', name: 'Old' })
  await old.see('problem')
  await shoot(old, 'b-no-webrtc')

  await enter(ada, server, { room: 'closed', name: 'Ada' })
  assert.ok(await ownId(ada))
  await old.click('join')
  await old.see('ended')
  await shoot(old, 'c-full')

  await ada.resize(...SIZES.wide)
  await server.kill()
  await ada.see('banner', { within: 15_000 })
  await shoot(ada, 'd-reconnecting')
})

// In the page: people with a small drawn picture each, which costs the machine little.
function hostGuests() {
  const moods = {
    room: ['#3c4a57', '#a6785a', '#e8d3bf'],
    sea: ['#1d5c6b', '#3fa7a0', '#f0d9b8'],
    dusk: ['#3b2a4a', '#b0596a', '#f3c9a5'],
    wood: ['#42382c', '#8c6a43', '#e2c29b'],
    sky: ['#4d7fb5', '#9cc4e4', '#8d5f45'],
    rose: ['#6b3145', '#d98ba0', '#f1d7c6'],
    night: ['#121a2e', '#33507e', '#c99c7b'],
  }
  const rooms = new Map()
  const stream = (draw, width, height) => {
    const canvas = document.createElement('canvas')
    canvas.width = width
    canvas.height = height
    const context = canvas.getContext('2d')
    let tick = 0
    const next = () => draw(context, width, height, tick++)
    next()
    setInterval(next, 200)
    return canvas.captureStream(5).getVideoTracks()[0]
  }
  const person =
    ([wall, shirt, skin]) =>
    (c, w, h, tick) => {
      const sway = Math.sin(tick / 4) * 2
      c.fillStyle = wall
      c.fillRect(0, 0, w, h)
      c.fillStyle = 'rgb(255 255 255 / 0.08)'
      c.fillRect(w * 0.68, h * 0.12, w * 0.2, h * 0.45)
      c.fillStyle = shirt
      c.beginPath()
      c.ellipse(w / 2 + sway, h * 1.05, w * 0.25, h * 0.38, 0, 0, 7)
      c.fill()
      c.fillStyle = skin
      c.beginPath()
      c.ellipse(w / 2 + sway, h * 0.45, w * 0.1, h * 0.23, 0, 0, 7)
      c.fill()
      c.fillStyle = '#2a211c'
      c.beginPath()
      c.ellipse(w / 2 + sway, h * 0.36, w * 0.11, h * 0.16, 0, 3.14, 6.29)
      c.fill()
    }
  const slide = (c, w, h, tick) => {
    c.fillStyle = '#f7f6f2'
    c.fillRect(0, 0, w, h)
    c.fillStyle = '#22303c'
    c.font = '600 44px sans-serif'
    c.fillText('One log, many links', 60, 96)
    c.font = '26px sans-serif'
    for (const [i, line] of ['Each room has one order', 'A reader is a place in it', 'Links come and go'].entries())
      c.fillText(line, 60, 170 + i * 56)
    c.fillStyle = '#1d8a7a'
    for (let i = 0; i < 8; i++) c.fillRect(520 + i * 46, 420 - ((i * 37 + 60) % 220), 30, (i * 37 + 60) % 220)
    c.fillRect(60, 480, ((tick % 50) / 50) * 840, 4)
  }
  window.__invite = async (room, name, mood) => {
    const { joinRoom } = await import('/sdk/parlor.js')
    const joined = await joinRoom({ room, name })
    rooms.set(name, joined)
    if (mood) await joined.localParticipant.publishTrack(stream(person(moods[mood]), 320, 180), { source: 'camera' })
  }
  window.__say = (name, text) => rooms.get(name).sendMessage('chat', { text })
  window.__shareScreen = (name) =>
    rooms.get(name).localParticipant.publishTrack(stream(slide, 960, 540), { source: 'screen' })
  window.__everyoneLeaves = () => {
    for (const joined of rooms.values()) joined.leave()
  }
}
