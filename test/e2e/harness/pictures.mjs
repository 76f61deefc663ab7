// Pictures in pages that have nothing else: shown by the SDK, and seen to move.

import { pause, until } from './until.mjs'

/** In the page: whatever is subscribed is shown. */
export function showPictures(room) {
  room.on('trackSubscribed', (track) => {
    const element = document.createElement(track.kind)
    element.muted = element.autoplay = true
    track.attach(element)
    document.body.append(element)
  })
}

/** How many frames were decoded of each picture that comes in, by the id of its track. */
export async function framesOf(tab) {
  const flows = await tab.evaluate(() => window.__probe.flows())
  return new Map(flows.filter((f) => f.way === 'in' && f.kind === 'video').map((f) => [f.track, f.frames]))
}

/** Waits until so many pictures come in and move. */
export async function picturesMove(tab, count, { within = 30_000 } = {}) {
  await until(
    `${tab.label} gets ${count} moving pictures`,
    async () => {
      const before = await framesOf(tab)
      await pause(300)
      return (
        [...(await framesOf(tab))].filter(([track, n]) => before.has(track) && n > before.get(track)).length >= count
      )
    },
    { within, detail: async () => ({ frames: [...(await framesOf(tab))], ...(await tab.account()) }) },
  )
}
