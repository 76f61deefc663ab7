// People who each send a picture of one colour and are called like it, and somebody who looks at every tile in every frame.

export const COLOURS = {
  red: [220, 20, 20],
  green: [20, 180, 20],
  blue: [30, 30, 230],
  yellow: [230, 220, 20],
  cyan: [20, 210, 220],
  magenta: [220, 30, 220],
  white: [235, 235, 235],
  orange: [250, 120, 10],
}

/** In the page: looks at every tile in every frame, and writes down whatever is not the colour of the name on it. */
export function watch(colours) {
  const seen = { looks: 0, shown: {}, slots: {}, wrong: [], odd: [] }
  window.__watch = seen
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = 4
  const context = canvas.getContext('2d', { willReadFrequently: true })
  const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])
  const names = (id) =>
    window.parlor.localParticipant.id === id
      ? window.parlor.localParticipant.name
      : window.parlor.participants.get(id)?.name

  const look = () => {
    seen.looks++
    for (const tile of document.querySelectorAll('[data-testid="stage"] [data-participant]')) {
      const name = names(tile.dataset.participant) ?? tile.innerText.trim()
      for (const video of tile.querySelectorAll('video')) {
        const style = getComputedStyle(video)
        if (style.visibility === 'hidden' || style.opacity === '0' || !video.checkVisibility()) continue
        if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.videoWidth === 0) continue
        const slot = (seen.slots[video.srcObject?.getTracks()[0]?.id] ??= [])
        if (!slot.includes(name)) slot.push(name)
        // The middle of the picture.
        const { videoWidth: w, videoHeight: h } = video
        context.drawImage(video, w * 0.4, h * 0.4, w * 0.2, h * 0.2, 0, 0, 4, 4)
        const [r, g, b] = context.getImageData(1, 1, 1, 1).data
        const nearest = Object.entries(colours)
          .map(([n, rgb]) => [distance([r, g, b], rgb), n])
          .sort((x, y) => x[0] - y[0])[0]
        const record = { name, is: [r, g, b], nearest: nearest[1], at: Math.round(performance.now()) }
        if (nearest[0] > 90) {
          if (seen.odd.length < 20) seen.odd.push(record)
        } else if (nearest[1] !== name) {
          if (seen.wrong.length < 20) seen.wrong.push(record)
        } else seen.shown[name] = (seen.shown[name] ?? 0) + 1
      }
    }
    requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
}

/** In the page: people who only send a colour. */
export async function welcomeGuests() {
  const { joinRoom } = await import('/sdk/parlor.js')
  const rooms = new Map()
  window.__guests = {
    async join(room, name, rgb, size = { width: 160, height: 90, fps: 10 }) {
      const [track] = window.__probe.paint(rgb, size).getVideoTracks()
      const joined = await joinRoom({ room, name, autoSubscribe: false })
      rooms.set(name, { joined, track })
      await joined.localParticipant.publishTrack(track, { source: 'camera' })
    },
    leave(name) {
      const { joined, track } = rooms.get(name)
      rooms.delete(name)
      track.stop()
      joined.leave()
    },
  }
}
