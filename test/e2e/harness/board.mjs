// A board as somebody might build one on the SDK, in a few lines: strokes are the room’s state, pointers are lossy messages.

/** In the page, with its Room: a canvas of 400 × 300 in the upper left corner to draw on. It may use nothing from outside. */
export function board(room) {
  const canvas = Object.assign(document.createElement('canvas'), { width: 400, height: 300 })
  canvas.style.cssText = 'position: fixed; inset: 0 auto auto 0; background: white; touch-action: none'
  document.body.append(canvas)
  const context = canvas.getContext('2d')
  const pointers = new Map()
  window.__board = { canvas, pointers }

  const paint = () => {
    context.clearRect(0, 0, canvas.width, canvas.height)
    for (const [, { colour, points }] of room.state.entries('strokes/')) {
      context.beginPath()
      for (const [x, y] of points) context.lineTo(x, y)
      context.strokeStyle = colour
      context.lineWidth = 6
      context.stroke()
    }
    for (const [x, y] of pointers.values()) context.strokeRect(x - 3, y - 3, 6, 6)
  }
  room.state.subscribe('strokes/', paint)
  room.on('message', (type, [x, y], from, { lossy }) => {
    if (type !== 'pointer' || !lossy) return
    pointers.set(from.id, [x, y])
    paint()
  })

  const me = room.localParticipant.id
  let count = 0
  let stroke
  canvas.addEventListener('pointerdown', ({ clientX, clientY }) => {
    const colour = `hsl(${parseInt(me.slice(-4), 36) % 360} 80% 40%)`
    stroke = { key: `strokes/${me}/${++count}`, colour, points: [[clientX, clientY]] }
  })
  canvas.addEventListener('pointermove', ({ clientX, clientY }) => {
    room.sendMessage('pointer', [clientX, clientY], { lossy: true })
    if (stroke === undefined) return
    stroke.points.push([clientX, clientY])
    const { key, ...value } = stroke
    room.state.set(key, value)
  })
  canvas.addEventListener('pointerup', () => (stroke = undefined))
}
