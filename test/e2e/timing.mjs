// How long a join takes and what it costs the server, on loopback. `npm run timing` prints one JSON object. Nothing is
// asserted: the figures are for a person to judge, and for the next run to compare with.

import { launchChromium } from './harness/browsers.mjs'
import { enter, openPreview } from './harness/people.mjs'
import { Server } from './harness/server.mjs'
import { pause, until } from './harness/until.mjs'

const JOINS = Number(process.argv[2] ?? 20)

const quantile = (values, q) => {
  const sorted = [...values].sort((a, b) => a - b)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] * 10) / 10
}
const summary = (values) => ({ p50: quantile(values, 0.5), p90: quantile(values, 0.9), max: quantile(values, 1) })

const browser = await launchChromium()
try {
  const clicks = await clickToFrame()
  const cost = await costOfJoins()
  console.log(JSON.stringify({ joins: JOINS, ...clicks, ...cost }, null, 2))
} finally {
  await browser.close()
}

// From the click on Join to the first frame decoded of the one who is there, and to the first message from them. They
// send one every 5 ms, so that what is measured is when the newcomer can receive.
async function clickToFrame() {
  const server = await Server.start()
  try {
    const host = await browser.tab('host')
    await enter(host, server, { room: 'timing', name: 'Host' })
    await host.evaluate(() => {
      setInterval(() => {
        if (window.parlor.bufferedBytes === 0) window.parlor.sendMessage('tick', performance.now()).catch(() => {})
      }, 5)
    })
    const frames = []
    const shown = []
    const messages = []
    const rooms = []
    for (let k = 0; k < JOINS; k++) {
      const guest = await browser.tab('guest')
      await openPreview(guest, server, { room: 'timing', name: `Guest ${k}` })
      await guest.evaluate(observe)
      await guest.click('join')
      const times = await until(
        'a frame and a message come',
        async () => {
          const t = await guest.evaluate(() => window.__times)
          return t.frame && t.message && t.shown ? t : undefined
        },
        { within: 20_000, detail: () => guest.account() },
      )
      frames.push(times.frame - times.click)
      shown.push(times.shown - times.click)
      messages.push(times.message - times.click)
      rooms.push(times.room - times.click)
      await guest.close()
      await pause(300)
    }
    await host.close()
    return {
      clickToRoomMs: summary(rooms),
      clickToFirstMessageMs: summary(messages),
      clickToFirstDecodedFrameMs: summary(frames),
      clickToFirstVisibleFrameMs: summary(shown),
    }
  } finally {
    await server.stop()
  }
}

// In the page: notes when the button was clicked, and when what comes of it was there first.
function observe() {
  const times = (window.__times = {})
  document
    .querySelector('[data-testid="join"]')
    .addEventListener('click', () => (times.click ??= performance.now()), true)
  const look = async () => {
    if (window.parlor !== undefined && times.room === undefined) {
      times.room = performance.now()
      window.parlor.on('message', () => (times.message ??= performance.now()))
    }
    for (const video of document.querySelectorAll('[data-participant]:not([data-local]) video')) {
      if (times.shown === undefined && video.videoWidth > 0 && getComputedStyle(video).visibility === 'visible')
        times.shown = performance.now()
    }
    if (times.click !== undefined && times.frame === undefined) {
      const flows = await window.__probe.flows()
      if (flows.some((f) => f.way === 'in' && f.kind === 'video' && f.frames > 0)) times.frame = performance.now()
    }
    if (times.frame === undefined || times.message === undefined || times.shown === undefined) setTimeout(look, 4)
  }
  void look()
}

// What a join with sound and picture costs the server: one person after the other comes into a room of their own and
// stays, sending nothing, so that it is the join that is counted and not the media.
async function costOfJoins() {
  const server = await Server.start({ args: ['--connections-per-ip', '1000'] })
  try {
    const tab = await browser.tab('many')
    await tab.goto(`${server.url}/`)
    const one = (k) =>
      tab.evaluate(async (n) => {
        const { joinRoom } = await import('/sdk/parlor.js')
        const room = await joinRoom({ room: `cost-${n}`, name: `Guest ${n}` })
        ;(window.__rooms ??= []).push(room)
        const end = performance.now() + 10_000
        while (room.transport !== 'webrtc' && performance.now() < end) await new Promise((r) => setTimeout(r, 20))
        return room.transport
      }, k)
    await one(-1) // what only the first join costs is no join's cost
    await pause(1_000)
    const before = server.usage()
    const idleFrom = performance.now()
    for (let k = 0; k < JOINS; k++) await one(k)
    const took = performance.now() - idleFrom
    const after = server.usage()
    await pause(2_000)
    const still = server.usage()
    return {
      serverCpuMsPerJoin: Math.round(((after.cpuMs - before.cpuMs) / JOINS) * 100) / 100,
      serverRssBytesPerJoin: Math.round((still.rssBytes - before.rssBytes) / JOINS),
      serverRssBytes: still.rssBytes,
      joinsTookMs: Math.round(took),
      idleCpuMsPer2s: still.cpuMs - after.cpuMs,
    }
  } finally {
    await server.stop()
  }
}
