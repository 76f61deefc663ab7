// Drawing on the page's whiteboard by hand, and what is on it.

import { until } from './until.mjs'

/** Opens the board that the page suggests, and waits until it can be drawn on. */
export async function openBoard(tab) {
  await tab.click('board-toggle')
  await drawable(tab)
}

export const drawable = (tab) =>
  until(`${tab.label} has a board`, () => tab.evaluate(() => window.parlorBoard !== undefined), {
    within: 20_000,
    detail: () => tab.account(),
  })

/** Draws with a tool of Excalidraw by dragging from one point of the board to others, in its own coordinates from the upper left corner. */
export async function draw(tab, tool, points) {
  await tab.evaluate((type) => window.parlorBoard.setActiveTool({ type }), tool)
  const box = await tab.page.locator('.excalidraw canvas.interactive').boundingBox()
  const { mouse } = tab.page
  const [[x, y], ...rest] = points.map(([px, py]) => [box.x + px, box.y + py])
  await mouse.move(x, y)
  await mouse.down()
  for (const [px, py] of rest) await mouse.move(px, py)
  return () => mouse.up()
}

export async function drawn(tab, tool, points) {
  const lift = await draw(tab, tool, points)
  await lift()
}

/** What is on the board, told without what differs from page to page: by id, where and how large it is, and its points. */
export const onBoard = (tab) =>
  tab.evaluate(() =>
    window.parlorBoard
      ?.getSceneElements()
      .map(({ id, type, x, y, width, height, points, text }) => ({ id, type, x, y, width, height, points, text }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
  )

/** Waits until the boards of all are equal and `is` holds of them, and gives what is on them. */
export const equal = (tabs, is, { within = 15_000 } = {}) =>
  until(
    `the boards of ${tabs.map((tab) => tab.label).join(', ')} are equal`,
    async () => {
      const [first, ...rest] = await Promise.all(tabs.map(onBoard))
      const text = JSON.stringify(first)
      return first && rest.every((one) => JSON.stringify(one) === text) && is(first) ? first : undefined
    },
    {
      within,
      detail: () =>
        Promise.all(
          tabs.map(async (tab) => [tab.label, (await onBoard(tab))?.map(({ id, type, x }) => `${type} ${id} ${x}`)]),
        ),
    },
  )
