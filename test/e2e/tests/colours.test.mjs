// Slots are given to one after another by everything that a page can do with its tiles. Nobody's picture is ever under
// another's name meanwhile, in any frame.

import assert from 'node:assert/strict'
import { COLOURS, watch, welcomeGuests } from '../harness/colours.mjs'
import { enterBySdk } from '../harness/people.mjs'
import { scene } from '../harness/scene.mjs'
import { until } from '../harness/until.mjs'

const STEPS = Number(process.env.E2E_STEPS ?? 200)
const SEED = Number(process.env.E2E_SEED ?? 1)
// More tiles than slots: whoever gets a slot takes it from somebody whose tile may stay.
const PLACES = 6
const SLOTS = 4
// Those of the first offer, and none beyond: two for sending, one for the data channels.
const MEDIA_LINES = 2 + 2 * SLOTS + 1

scene(
  `no tile shows a foreign colour in ${STEPS} random changes of what is looked at, by whom and how`,
  { within: 400_000 },
  async (stage) => {
    const server = await stage.serve({ args: ['--media-lines', `${MEDIA_LINES}`] })
    const browser = await stage.chromium()
    const host = await browser.tab('guests')
    await host.goto(`${server.url}/healthz`)
    await host.evaluate(welcomeGuests)
    const here = []
    const away = Object.keys(COLOURS)
    const join = async (name) => {
      await host.evaluate(([n, rgb]) => window.__guests.join('colours', n, rgb), [name, COLOURS[name]])
      here.push(...away.splice(away.indexOf(name), 1))
    }
    const leave = async (name) => {
      await host.evaluate((n) => window.__guests.leave(n), name)
      away.push(...here.splice(here.indexOf(name), 1))
    }
    for (const name of [...away]) await join(name)

    const viewer = await browser.tab('viewer')
    await enterBySdk(viewer, server, { room: 'colours', autoSubscribe: false }, build)
    await viewer.evaluate(watch, COLOURS)

    const chance = random(SEED)
    const pick = (list) => list[Math.floor(chance() * list.length)]
    const log = []
    let shown = []
    const show = (names) => {
      shown = names
      return viewer.evaluate((n) => window.__tiles.show(n), names)
    }
    const somebody = () => [...here].sort(() => chance() - 0.5).slice(0, 1 + Math.floor(chance() * PLACES))
    const acts = {
      // Another page of people.
      turn: () => show(somebody()),
      // One tile is another's.
      swap: () => show([...shown.filter((name) => name !== shown[0]), pick(here)].filter(unique)),
      // Out of sight, and at once back again.
      async blink() {
        const before = shown
        await show([])
        await show(before)
      },
      size: () => viewer.evaluate((n) => window.__tiles.size(n), 60 + Math.floor(chance() * 400)),
      pin: () => viewer.evaluate((n) => window.__tiles.pin(n), pick(here)),
      off: () => viewer.evaluate((n) => window.__tiles.off(n), pick(here)),
      async leave() {
        if (here.length > 4) await leave(pick(here))
      },
      async join() {
        if (away.length > 0) await join(pick(away))
      },
      // Away and back in one go, as somebody else.
      async change() {
        if (here.length > 4 && away.length > 0) {
          await leave(shown.find((name) => here.includes(name)) ?? pick(here))
          await join(pick(away))
        }
      },
    }
    await show(somebody())
    for (let step = 0; step < STEPS; step++) {
      const act = pick([
        'turn',
        'turn',
        'turn',
        'swap',
        'swap',
        'blink',
        'size',
        'pin',
        'off',
        'leave',
        'join',
        'change',
      ])
      await acts[act]()
      log.push(`${act}: ${shown.join(' ')}`)
      // Every fourth is followed at once by the next, into what is still under way; after the others all is to be seen.
      if (step % 4 !== 3) {
        const wanted = shown.filter((name) => here.includes(name))
        await viewer.evaluate((names) => {
          for (const name of names) window.__watch.shown[name] = 0
        }, wanted)
        await until(
          `the viewer sees as many of ${wanted.join(', ')} as there are slots (step ${step}, seed ${SEED})`,
          () =>
            viewer.evaluate(
              ([names, slots]) => {
                const on = names.filter((n) => !window.__tiles.isOff(n))
                return on.filter((n) => window.__watch.shown[n] >= 2).length >= Math.min(on.length, slots)
              },
              [wanted, SLOTS],
            ),
          {
            within: 15_000,
            detail: async () => ({ log: log.slice(-8), watch: await viewer.evaluate(() => window.__watch) }),
          },
        )
      }
      const { wrong, odd } = await viewer.evaluate(() => window.__watch)
      const where = `at step ${step} of seed ${SEED}: ${log.slice(-4).join('; ')}`
      assert.deepEqual(wrong, [], `one person’s picture was under another’s name ${where}`)
      assert.deepEqual(odd, [], `a picture was nobody’s ${where}`)
    }
    const seen = await viewer.evaluate(() => window.__watch)
    const owners = Object.values(seen.slots).map((names) => names.length)
    assert.ok(Math.max(...owners) >= 4, `slots hardly changed their owners: ${JSON.stringify(seen.slots)}`)
    assert.ok(seen.looks > STEPS, `tiles were looked at ${seen.looks} times only`)
    const lines = await viewer.evaluate(() => window.__probe.pcs.at(-1).localDescription.sdp.match(/^m=/gm).length)
    assert.equal(lines, MEDIA_LINES, 'there are as many m-lines as at the start')
  },
)

const unique = (name, i, all) => all.indexOf(name) === i

// The same seed gives the same course of events.
function random(seed) {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = a
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

// In the page, with its Room: tiles as a page has them, for those who are to be shown.
function build(room) {
  const stage = Object.assign(document.createElement('div'), { style: 'display: flex; flex-wrap: wrap' })
  stage.dataset.testid = 'stage'
  document.body.append(stage)
  let width = 200
  let wanted = []
  const tiles = new Map()
  const trackOf = (name) => {
    const participant = [...room.participants.values()].find((p) => p.name === name)
    return { participant, track: participant?.getTrack('camera') }
  }
  const arrange = () => {
    for (const [name, { box, track }] of tiles) {
      if (wanted.includes(name) && trackOf(name).track === track) continue
      track.detach(box.querySelector('video'))
      box.remove()
      tiles.delete(name)
    }
    for (const name of wanted) {
      const { participant, track } = trackOf(name)
      if (!track || tiles.has(name)) continue
      const box = document.createElement('div')
      box.dataset.participant = participant.id
      const video = document.createElement('video')
      video.style.width = `${width}px`
      video.style.aspectRatio = '16 / 9'
      box.append(video)
      stage.append(box)
      tiles.set(name, { box, track })
      track.attach(video)
    }
  }
  for (const event of ['trackPublished', 'trackUnpublished']) room.on(event, () => setTimeout(arrange))
  window.__tiles = {
    show(names) {
      wanted = names
      arrange()
    },
    size(to) {
      width = to
      for (const { box } of tiles.values()) box.querySelector('video').style.width = `${to}px`
    },
    pin: (name) => trackOf(name).track?.setPinned(!trackOf(name).track.pinned),
    off(name) {
      const { track } = trackOf(name)
      if (!track) return
      track.__off = !track.__off
      track.setSubscribed(!track.__off)
    },
    isOff: (name) => trackOf(name).track?.__off === true,
  }
}
