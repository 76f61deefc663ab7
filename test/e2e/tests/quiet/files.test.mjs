// Files in the chat: by the button, by pasting and by dropping; as others see them, those too who come later; and what is not taken.

import assert from 'node:assert/strict'
import { inRoom } from '../../harness/people.mjs'
import { scene } from '../../harness/scene.mjs'
import { until } from '../../harness/until.mjs'

async function come(browser, server, name) {
  const tab = await browser.tab(name)
  await tab.goto(`${server.url}/r/files`)
  await tab.fill('name', name)
  await tab.click('join')
  await inRoom(tab)
  await tab.click('chat-toggle')
  await tab.see('chat')
  return tab
}

// A picture of so many pixels each way, as a browser makes it.
const picture = (tab, size) =>
  tab.evaluate(async (px) => {
    const canvas = new OffscreenCanvas(px, px)
    canvas.getContext('2d').fillRect(0, 0, px / 2, px)
    const blob = await canvas.convertToBlob({ type: 'image/png' })
    return [...new Uint8Array(await blob.arrayBuffer())]
  }, size)

const messages = (tab) =>
  tab.evaluate(() =>
    [...document.querySelectorAll('[data-testid="message"]')].map((li) => ({
      state: li.dataset.state,
      name: li.querySelector('bdi')?.textContent ?? li.querySelector('img')?.alt ?? li.innerText,
      // A picture is shown when it has a width.
      shown: (li.querySelector('img')?.naturalWidth ?? 0) > 0,
      href: li.querySelector('a[download]')?.href,
    })),
  )

const sees = (tab, want) =>
  until(
    `${tab.label} sees ${want.length} files`,
    async () => {
      const got = await messages(tab)
      return want.every(([name, shown], i) => got[i]?.name === name && got[i].shown === shown) && got
    },
    { within: 10_000, detail: () => messages(tab) },
  )

scene(
  'files in the chat reach everyone, are shown if they are pictures, and run nothing',
  { within: 60_000 },
  async (stage) => {
    const server = await stage.serve({ args: ['--file-bytes', '200KiB'] })
    const browser = await stage.chromium({ devices: false })
    const [ada, ben] = await Promise.all([come(browser, server, 'Ada'), come(browser, server, 'Ben')])
    const png = Buffer.from(await picture(ada, 40))
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="top.hit = 1"/>')
    await ada.page.setInputFiles('[data-testid="chat-file"]', [
      { name: 'holiday.png', mimeType: 'image/png', buffer: png },
      { name: 'evil.svg', mimeType: 'image/svg+xml', buffer: svg },
    ])
    // Pasted, and dropped.
    await ada.evaluate(
      (bytes) => {
        const data = new DataTransfer()
        data.items.add(new File([new Uint8Array(bytes)], 'pasted.png', { type: 'image/png' }))
        const init = { bubbles: true, cancelable: true }
        document
          .querySelector('[data-testid="chat-input"]')
          .dispatchEvent(new ClipboardEvent('paste', { ...init, clipboardData: data }))
        const dropped = new DataTransfer()
        dropped.items.add(new File(['%PDF'], 'notes.pdf', { type: 'application/pdf' }))
        for (const type of ['dragenter', 'dragover', 'drop'])
          document
            .querySelector('[data-testid="messages"]')
            .dispatchEvent(new DragEvent(type, { ...init, dataTransfer: dropped }))
      },
      [...png],
    )
    const want = [
      ['holiday.png', true],
      ['evil.svg', false],
      ['pasted.png', true],
      ['notes.pdf', false],
    ]
    await sees(ada, want)
    const there = await sees(ben, want)
    const cy = await come(browser, server, 'Cy')
    await sees(cy, want)

    // Even who opens it sees it run nothing: it is only to be saved.
    const answer = await fetch(there[1].href)
    assert.equal(answer.headers.get('content-type'), 'application/octet-stream')
    assert.match(answer.headers.get('content-disposition'), /^attachment; filename=evil\.svg$/)
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), svg)

    // What is too large stays here, with a word why, and can be taken back.
    await ada.page.setInputFiles('[data-testid="chat-file"]', {
      name: 'film.mp4',
      mimeType: 'video/mp4',
      buffer: Buffer.alloc(201 << 10),
    })
    await until('Ada is told that the film is too large', async () => /Larger than 205 kB/.test(await ada.text('chat')))
    await ada.page.getByRole('button', { name: 'Remove' }).click()
    assert.equal((await messages(ada)).length, 4)
    // One that is dropped beside the chat does not take the page away.
    const stayed = await ada.evaluate(() => {
      const dataTransfer = new DataTransfer()
      dataTransfer.items.add(new File(['x'], 'x.html'))
      const event = new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer })
      document.querySelector('[data-testid="stage"]').dispatchEvent(event)
      return event.defaultPrevented
    })
    assert.equal(stayed, true)
    assert.deepEqual([...ada.errors, ...ben.errors, ...cy.errors], [])
  },
)
