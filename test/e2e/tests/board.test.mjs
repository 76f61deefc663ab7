// The whiteboard in real pages: what is drawn is the same everywhere, whoever comes late, was away, or saw the server go.

import assert from 'node:assert/strict'
import { draw, drawable, drawn, equal, onBoard, openBoard } from '../harness/drawing.mjs'
import { enter } from '../harness/people.mjs'
import { scene } from '../harness/scene.mjs'
import { freePort } from '../harness/server.mjs'
import { until } from '../harness/until.mjs'

const wave = (y) => Array.from({ length: 40 }, (_, i) => [260 + i * 5, y + 30 * Math.sin(i / 4)])
const square = (x, y) => [
  [x, y],
  [x + 30, y + 30],
  [x + 90, y + 70],
]

scene(
  'two draw at once, a third comes late, one draws without a network and the server is started again: all boards are equal',
  { within: 90_000 },
  async (stage) => {
    const folder = await stage.folder()
    const port = await freePort()
    const args = ['--data-dir', folder]
    const server = await stage.serve({ port, args })
    const browser = await stage.chromium({ devices: false })
    const ada = await browser.tab('Ada')
    const ben = await browser.tab('Ben', { colorScheme: 'light' })
    await Promise.all([ada, ben].map((tab) => tab.page.addInitScript(noteViolations)))
    await Promise.all([ada, ben].map((tab) => enter(tab, server, { room: 'board', name: tab.label.split(' ')[0] })))

    // Somebody opens a board; the others are asked along.
    await openBoard(ada)
    await ben.page.locator('[data-testid="notice"]', { hasText: 'Ada opened the whiteboard' }).click()
    await drawable(ben)
    await until('Ada sees that Ben is on the board', async () => (await ada.count('board-company')) === 1)

    // A stroke shows while it is drawn.
    const lift = await draw(ada, 'freedraw', wave(380))
    await until('Ben sees the stroke grow', async () =>
      (await onBoard(ben)).some(({ type, points }) => type === 'freedraw' && points.length > 10),
    )
    assert.deepEqual(await strokes(ada), [], 'the stroke is in the state before it is done')
    await Promise.all([drawn(ben, 'ellipse', square(560, 200)), lift()])
    await drawn(ada, 'rectangle', square(300, 200))
    await equal([ada, ben], (all) => all.length === 3)

    // Undo takes back what is one's own.
    await undo(ben)
    await equal([ada, ben], (all) => all.length === 2 && !all.some(({ type }) => type === 'ellipse'))

    // A picture goes the way of files.
    await drop(ada, 620, 560)
    await equal([ada, ben], (all) => all.length === 3)
    await hasPicture(ben)

    const cy = await browser.tab('Cy', { viewport: { width: 900, height: 700 } })
    await enter(cy, server, { room: 'board', name: 'Cy' })
    await openBoard(cy)
    await equal([ada, ben, cy], (all) => all.length === 3)
    await hasPicture(cy)

    // Without a server everybody goes on; one deletes what another moves on with.
    await server.kill()
    await until('Ben knows', () => ben.evaluate(() => window.parlor.connectionState === 'reconnecting'))
    await drawn(ben, 'diamond', square(560, 300))
    await drawn(ada, 'rectangle', square(300, 320))
    const again = await stage.serve({ port, args })
    await equal([ada, ben, cy], (all) => all.length === 5, { within: 30_000 })

    await clear(ada)
    await equal([ada, ben, cy], (all) => all.length === 0)
    await undo(ada)
    await equal([ada, ben, cy], (all) => all.length === 5)

    for (const format of ['png', 'svg', 'excalidraw']) {
      await ada.click('board-menu')
      const [download] = await Promise.all([
        ada.page.waitForEvent('download'),
        ada.page.click(`[data-testid="board-save"][data-format="${format}"]`),
      ])
      assert.equal(download.suggestedFilename(), `Board 1.${format}`)
    }
    for (const tab of [ada, ben]) {
      assert.deepEqual(await tab.evaluate(() => window.__violations), [], `${tab.label} did what its policy forbids`)
      assert.deepEqual(tab.errors, [])
    }
    await again.stop()
  },
)

function noteViolations() {
  window.__violations = []
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile }) =>
    window.__violations.push(`${violatedDirective} ${blockedURI} ${sourceFile}`),
  )
}

const strokes = (tab) =>
  tab.evaluate(() => window.parlor.state.entries('wb/').filter(([, value]) => value.type === 'freedraw'))

// A picture that somebody drags onto the board.
const drop = (tab, x, y) =>
  tab.evaluate(
    async ([clientX, clientY]) => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 120, height: 80 })
      canvas.getContext('2d').fillRect(20, 20, 60, 40)
      const blob = await new Promise((done) => canvas.toBlob(done, 'image/png'))
      const dataTransfer = new DataTransfer()
      dataTransfer.items.add(new File([blob], 'picture.png', { type: 'image/png' }))
      const at = { clientX, clientY, bubbles: true, cancelable: true, dataTransfer }
      document.querySelector('.excalidraw canvas.interactive').dispatchEvent(new DragEvent('drop', at))
    },
    [x, y],
  )

const hasPicture = (tab) =>
  until(`${tab.label} has the picture`, () =>
    tab.evaluate(() => {
      const image = window.parlorBoard.getSceneElements().find(({ type }) => type === 'image')
      const file = image && window.parlorBoard.getFiles()[image.fileId]
      return file?.dataURL.startsWith('data:image/png;base64,iVBOR') === true
    }),
  )

async function undo(tab) {
  await tab.page.locator('.excalidraw').focus()
  await tab.press('Control+z')
}

async function clear(tab) {
  await tab.click('board-menu')
  await tab.click('board-clear')
  await tab.click('board-confirm')
}
