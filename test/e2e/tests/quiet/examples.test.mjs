// The pages of examples/, from another origin than Parlor's, each used by two people.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { scene } from '../../harness/scene.mjs'
import { until } from '../../harness/until.mjs'

const NAMES = ['hello.html', 'cursors.html', 'board.html']
const text = (name) => readFileSync(fileURLToPath(new URL(`../../../../examples/${name}`, import.meta.url)), 'utf8')

scene('the examples: a call, everybody’s pointer, and a board that newcomers find as it is', {}, async (stage) => {
  const files = {}
  const pages = await stage.pages(files)
  const server = await stage.serve({ args: ['--allowed-origins', pages.origin] })
  for (const name of NAMES) files[`/${name}`] = text(name).replaceAll('http://localhost:8080', server.url)

  const browser = await stage.chromium()
  const [ada, ben] = [await browser.tab('Ada'), await browser.tab('Ben')]
  const open = (tab, page) => tab.goto(`${pages.origin}/${page}`)

  await open(ada, 'cursors.html?name=Ada')
  await sees(ada, 'Open this page in a second window')
  await open(ben, 'cursors.html?name=Ben')
  await sees(ben, 'Here with you: Ada')
  await ben.page.mouse.move(640, 200)
  await until('Ada sees where Ben’s pointer is', async () => (await cursors(ada)).Ben?.startsWith('640px 200px'))
  await open(ben, 'board.html')
  await until('Ben’s pointer is gone', async () => Object.keys(await cursors(ada)).length === 0)

  await draw(ben, 100, 300)
  await draw(ben, 100, 500)
  await open(ada, 'board.html')
  await until('a newcomer has both strokes', async () => (await inked(ada, 300)) && (await inked(ada, 500)))
  await draw(ada, 100, 400)
  await until('Ben sees it', () => inked(ben, 400))
  await ben.page.click('#undo')
  await until('what Ben took back was his last', async () => !(await inked(ada, 500)) && (await inked(ada, 400)))
  await ben.page.click('#clear')
  await until('nothing is left', async () => !(await inked(ada, 300)) && !(await inked(ada, 400)))

  await open(ada, 'hello.html')
  await open(ben, 'hello.html')
  for (const tab of [ada, ben])
    await until(`${tab.label} sees and hears the other`, () => tab.evaluate(playing), { detail: () => tab.account() })
  await ben.goto('about:blank')
  await until('Ben’s picture is gone', async () => !(await ada.evaluate(playing)))
  for (const tab of [ada, ben]) assert.deepEqual(tab.errors, [])
})

const sees = (tab, words) => until(`${tab.label} reads “${words}”`, async () => (await tab.reads()).includes(words))

const cursors = (tab) =>
  tab.evaluate(() =>
    Object.fromEntries([...document.querySelectorAll('.cursor')].map((c) => [c.innerText.trim(), c.style.translate])),
  )

async function draw(tab, x, y) {
  const { mouse } = tab.page
  await until('the board is there', () => tab.evaluate(() => typeof document.querySelector('#paper').onpointerdown === 'function'))
  await mouse.move(x, y)
  await mouse.down()
  await mouse.move(x + 100, y, { steps: 4 })
  await mouse.up()
}

// Whether there is ink on the board at this height.
const inked = (tab, y) =>
  tab.evaluate((at) => {
    const paper = document.querySelector('#paper')
    return paper.getContext('2d').getImageData(150, at, 1, 1).data[3] > 0
  }, y)

function playing() {
  const media = [...document.querySelectorAll('#people > *')]
  return media.some((m) => m.videoWidth > 0) && media.some((m) => m.localName === 'audio' && m.currentTime > 0)
}
