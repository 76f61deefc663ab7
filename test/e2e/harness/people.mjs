// What people do in the page, and what can be seen of them.

import { limit, shown, until } from './until.mjs'

/** From the first page on: name and room, preview, in. */
export async function enterByLobby(tab, server, { room, name, within = 20_000 }) {
  await tab.goto(`${server.url}/`)
  await tab.see('lobby')
  await tab.fill('name', name)
  await tab.fill('room', room)
  await tab.click('continue')
  await previewed(tab)
  await join(tab, { within })
}

/** By the link of the room. */
export async function enter(tab, server, { room, name, query = '', within = 20_000 }) {
  await openPreview(tab, server, { room, name, query })
  await join(tab, { within })
}

export async function openPreview(tab, server, { room, name, query = '' }) {
  await tab.goto(`${server.url}/r/${encodeURIComponent(room)}${query}`)
  await tab.see('preview')
  await tab.fill('name', name)
  await previewed(tab)
}

/** The preview knows what devices there are. */
export function previewed(tab) {
  return until(
    `the preview of ${tab.label} is ready`,
    async () => (await tab.attribute('preview', 'data-state')) === 'ready',
    { within: 15_000, detail: () => tab.account() },
  )
}

export async function join(tab, { within = 20_000 } = {}) {
  await tab.click('join')
  await inRoom(tab, { within })
}

export function inRoom(tab, { within = 20_000 } = {}) {
  return until(
    `${tab.label} is in the room`,
    () =>
      tab.evaluate(
        () =>
          document.querySelector('[data-testid="in-room"]')?.dataset.connection === 'connected' &&
          window.parlor !== undefined,
      ),
    { within, detail: () => tab.account() },
  )
}

export const ownId = (tab) => tab.evaluate(() => window.parlor.localParticipant.id)

/** The tiles of the page: whose, whether one's own, whether they show a picture. */
export const tiles = (tab) =>
  tab.evaluate(() =>
    [...document.querySelectorAll('[data-testid="stage"] [data-participant]')]
      .filter((tile) => tile.checkVisibility())
      .map((tile) => ({
        id: tile.dataset.participant,
        kind: tile.dataset.kind,
        own: tile.dataset.local !== undefined,
        video: tile.dataset.video,
        text: tile.innerText.trim(),
      })),
  )

/** The ids of the others that have a tile. */
export const others = async (tab) => [...new Set((await tiles(tab)).filter((t) => !t.own).map((t) => t.id))].sort()

export function seesPeople(tab, count, { within = 15_000 } = {}) {
  return until(`${tab.label} sees ${count} others`, async () => (await others(tab)).length === count, {
    within,
    detail: async () => ({ tiles: await tiles(tab), ...(await tab.account()) }),
  })
}

/** What a page receives of each other one: frames and sound, by participant id. */
export const heardAndSeen = (tab) => tab.evaluate(() => window.__probe.heardAndSeen())

/** Frames decoded of somebody's camera, sound energy of their microphone. */
export const sumOf = (person) => ({
  frames: Math.max(0, ...(person?.video ?? []).filter((v) => v.source === 'camera').map((v) => v.frames)),
  energy: (person?.audio ?? []).reduce((sum, a) => sum + a.energy, 0),
  samples: (person?.audio ?? []).reduce((sum, a) => sum + a.samples, 0),
})

/** Waits until each of `tabs` decodes a picture and gets sound of each other one. */
export async function allReceiveAll(tabs, { within = 30_000, audio = true } = {}) {
  const ids = await Promise.all(tabs.map(ownId))
  await Promise.all(
    tabs.map((tab, i) =>
      until(
        `${tab.label} receives picture${audio ? ' and sound' : ''} of everyone else`,
        async () => {
          const people = await heardAndSeen(tab)
          return ids.every((id, j) => {
            if (i === j) return true
            const { frames, energy } = sumOf(people[id])
            return frames > 0 && (!audio || energy > 0)
          })
        },
        {
          within,
          every: 200,
          detail: async () => ({
            everyone: Object.fromEntries(ids.map((id, j) => [id, tabs[j].label])),
            receives: await heardAndSeen(tab),
            flows: await tab.evaluate(() => window.__probe.flows()),
          }),
        },
      ),
    ),
  )
  return ids
}

/** How often SDP was set in this page, by either side. */
export const sdpCount = (tab) => tab.evaluate(() => ({ ...window.__probe.sdp }))

/**
 * Joins by the SDK alone, in a page of the same origin that shows nothing of it; `fn` runs there with the Room in
 * `window.parlor`. The page must be at the server already.
 */
export function joinBySdk(tab, options, fn) {
  return limit(
    tab.evaluate(
      async ([opts, source]) => {
        const { joinRoom } = await import('/sdk/parlor.js')
        window.parlor = await joinRoom(opts)
        if (source !== '') await new Function(`return (${source})`)()(window.parlor)
        return window.parlor.localParticipant.id
      },
      [options, fn?.toString() ?? ''],
    ),
    30_000,
    `${tab.label} joining by the SDK`,
  ).catch(async (error) => {
    throw new Error(`${error.message}\n${shown(await tab.account())}`)
  })
}

/** The same in an empty page, which is opened first: a person without devices, named by the label of the tab. */
export async function enterBySdk(tab, server, options, fn) {
  await tab.goto(`${server.url}/healthz`)
  return joinBySdk(tab, { name: tab.label, ...options }, fn)
}
