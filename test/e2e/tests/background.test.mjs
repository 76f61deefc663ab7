// What is behind oneself, blurred: nobody sees it sharp, pictures flow, and turning it on and off costs no offer.

import assert from 'node:assert/strict'
import { enter, inRoom, openPreview, ownId, previewed, sdpCount } from '../harness/people.mjs'
import { scene } from '../harness/scene.mjs'
import { until } from '../harness/until.mjs'

// In the page: a camera that sees nothing but a curtain of stripes, which nobody takes for a person.
function curtain() {
  navigator.mediaDevices.getUserMedia = async ({ video, audio }) => {
    const canvas = document.createElement('canvas')
    canvas.width = 320
    canvas.height = 180
    const context = canvas.getContext('2d')
    let tick = 0
    const draw = () => {
      tick++
      for (let x = -16; x < 320; x += 16) {
        context.fillStyle = '#fff'
        context.fillRect(x + (tick % 16), 0, 8, 180)
        context.fillStyle = '#000'
        context.fillRect(x + 8 + (tick % 16), 0, 8, 180)
      }
    }
    draw()
    setInterval(draw, 66)
    const sound = audio ? new AudioContext().createMediaStreamDestination().stream.getTracks() : []
    return new MediaStream([...(video ? canvas.captureStream(15).getTracks() : []), ...sound])
  }
}

// In the page: how much of a picture is hard edges, of 1000, and its frames so far.
function hardness(selector) {
  const video = document.querySelector(selector)
  if (!video?.videoWidth) return { hard: -1, frames: 0 }
  window.__look ??= new OffscreenCanvas(320, 180).getContext('2d', { willReadFrequently: true })
  window.__look.drawImage(video, 0, 0, 320, 180)
  const { data } = window.__look.getImageData(0, 0, 320, 180)
  let hard = 0
  for (let i = 4; i < data.length; i += 4) if (i % 1280 !== 0 && Math.abs(data[i] - data[i - 4]) > 60) hard++
  return { hard: Math.round((hard * 1000) / 57_600), frames: video.getVideoPlaybackQuality().totalVideoFrames }
}

const look = (tab, selector) => tab.evaluate(hardness, selector)

const BLURRED = 60
const SHARP = 100

const seen = (what, tab, selector, fits) =>
  until(
    what,
    async () => {
      const { hard, frames } = await look(tab, selector)
      return hard >= 0 && fits(hard) ? frames : undefined
    },
    { within: 20_000, detail: async () => ({ look: await look(tab, selector), ...(await tab.account()) }) },
  )

const flows = async (tab, selector) => {
  const { frames } = await look(tab, selector)
  await until('pictures flow', async () => (await look(tab, selector)).frames > frames + 5, { within: 10_000 })
}

scene('what is behind somebody is blurred, in the preview and for the others', { within: 90_000 }, async (stage) => {
  const server = await stage.serve()
  const browser = await stage.chromium()
  const [ada, ben] = [await browser.tab('Ada'), await browser.tab('Ben')]
  await ada.page.addInitScript(curtain)
  const fetched = []
  ada.page.on('request', (request) => fetched.push(new URL(request.url()).pathname))

  await openPreview(ada, server, { room: 'background', name: 'Ada' })
  await seen('the preview is sharp', ada, '[data-testid="self-video"]', (hard) => hard > SHARP)
  assert.ok(!fetched.some((path) => /\.(?:wasm|tflite)$/u.test(path)), 'what blurs is not fetched before it is wanted')
  await ada.page.selectOption('[data-testid="background"]', 'blur')
  await seen('the preview is blurred', ada, '[data-testid="self-video"]', (hard) => hard < BLURRED)
  await previewed(ada)
  await ada.click('join')
  await inRoom(ada)
  const id = await ownId(ada)

  await enter(ben, server, { room: 'background', name: 'Ben' })
  const picture = `[data-participant="${id}"] video`
  await seen('Ben sees Ada blurred', ben, picture, (hard) => hard < BLURRED)
  await flows(ben, picture)

  const offers = await sdpCount(ada)
  await ada.click('more')
  await ada.click('settings-toggle')
  await ada.page.selectOption('[data-testid="background"]', 'none')
  await seen('Ben sees Ada as she is', ben, picture, (hard) => hard > SHARP)
  await ada.page.selectOption('[data-testid="background"]', 'blur')
  await seen('Ben sees Ada blurred again', ben, picture, (hard) => hard < BLURRED)
  await flows(ben, picture)

  // Off and on: not one sharp picture in between.
  await ada.click('camera')
  await until('the camera is off', async () => (await ada.attribute('camera', 'aria-pressed')) === 'false')
  await ben.evaluate(
    ([selector, source]) => {
      const hardness = new Function(`return (${source})`)()
      window.__hard = []
      const watch = () => {
        window.__hard.push(hardness(selector).hard)
        requestAnimationFrame(watch)
      }
      watch()
    },
    [picture, hardness.toString()],
  )
  await ada.click('camera')
  await seen('Ben sees Ada blurred once more', ben, picture, (hard) => hard < BLURRED)
  await flows(ben, picture)
  const sharpest = await ben.evaluate(() => Math.max(...window.__hard))
  assert.ok(sharpest < SHARP, `Ben never sees the room sharp: ${sharpest}`)
  assert.deepEqual(await sdpCount(ada), offers, 'and all of it without an offer')

  await ada.click('leave')
  await ada.see('ended')
  assert.deepEqual(ada.errors, [])
})
