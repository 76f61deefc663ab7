// The page for everyone: nothing serious by axe in both schemes, all of it by keyboard, on a small phone by finger, from
// right to left, and nothing of it from elsewhere.

import assert from 'node:assert/strict'
import { fitsPhone, forEveryone } from '../../harness/everyone.mjs'
import { enterBySdk, inRoom, previewed } from '../../harness/people.mjs'
import { scene } from '../../harness/scene.mjs'
import { until } from '../../harness/until.mjs'

const focused = (tab) => tab.evaluate(() => document.activeElement?.dataset.testid ?? document.activeElement?.tagName)

// Tab until it is there, as one would.
async function tabTo(tab, testid) {
  const passed = []
  for (let i = 0; i < 40; i++) {
    if ((await focused(tab)) === testid) {
      const ring = await tab.evaluate(() => {
        const { outlineStyle, borderColor } = getComputedStyle(document.activeElement)
        return document.activeElement.matches(':focus-visible') && (outlineStyle !== 'none' || borderColor !== '')
      })
      assert.ok(ring, `${testid} shows that it has the focus`)
      return
    }
    passed.push(await focused(tab))
    await tab.press('Tab')
  }
  assert.fail(`${testid} is not reached by Tab: ${passed.join(' ')}`)
}

const focusIs = (tab, testid) =>
  until(`the focus is at ${testid}`, async () => (await focused(tab)) === testid, {
    within: 5_000,
    detail: () => focused(tab),
  })

const pressed = (tab, testid) => tab.attribute(testid, 'aria-pressed')

scene('the page is for everyone', { within: 120_000 }, async (stage) => {
  const server = await stage.serve()
  const browser = await stage.chromium({ args: ['--lang=en'] })
  const ada = await browser.tab('Ada')
  const elsewhere = []
  ada.page.on('request', (request) => {
    if (!/^(?:blob|data):/u.test(request.url()) && new URL(request.url()).origin !== server.url)
      elsewhere.push(request.url())
  })

  // By keyboard from the first page to the last, and looked at on the way.
  await ada.goto(`${server.url}/`)
  await ada.see('lobby')
  await forEveryone(ada, 'the lobby')
  await focusIs(ada, 'name')
  await ada.page.keyboard.type('Ada')
  await tabTo(ada, 'room')
  await ada.press('ControlOrMeta+a')
  await ada.page.keyboard.type('everyone')
  await tabTo(ada, 'continue')
  await ada.press('Enter')
  await previewed(ada)
  await forEveryone(ada, 'the preview')
  await tabTo(ada, 'join')
  await ada.press('Enter')
  await inRoom(ada)
  await forEveryone(ada, 'the room alone')

  await tabTo(ada, 'microphone')
  assert.equal(await pressed(ada, 'microphone'), 'true')
  await ada.press('Space')
  await until('Space mutes', async () => (await pressed(ada, 'microphone')) === 'false')

  const ben = await browser.tab('Ben')
  await enterBySdk(ben, server, { room: 'everyone', name: 'Ben' })
  await until('it is said that Ben joined', () =>
    ada.evaluate(() =>
      [...document.querySelectorAll('[role="status"]')].some((e) => e.textContent.includes('Ben joined')),
    ),
  )
  await tabTo(ada, 'chat-toggle')
  await ada.press('Enter')
  await focusIs(ada, 'chat-input')
  await ada.page.keyboard.type('hello')
  await ada.press('Enter')
  await ada.seeText('messages', 'hello')
  await ben.evaluate(() => window.parlor.sendMessage('chat', { text: 'hello Ada, see https://example.org' }))
  await ada.seeText('messages', 'hello Ada')
  assert.ok(
    await ada.evaluate(() =>
      [...document.querySelectorAll('[role="log"]')].some((e) => e.textContent.includes('hello Ada')),
    ),
    'what Ben wrote is said',
  )
  await forEveryone(ada, 'the chat')
  await ada.press('Escape')
  await focusIs(ada, 'chat-toggle')

  await tabTo(ada, 'people-toggle')
  await ada.press('Enter')
  await ada.see('people')
  await forEveryone(ada, 'the people')
  await ada.press('Escape')
  await focusIs(ada, 'people-toggle')

  for (const opener of ['network', 'more']) {
    await tabTo(ada, opener)
    await ada.press('Enter')
    await until(`${opener} is open`, async () => (await ada.attribute(opener, 'aria-expanded')) === 'true')
    await forEveryone(ada, opener)
    await ada.press('Escape')
    await focusIs(ada, opener)
  }
  await ada.press('Enter')
  await tabTo(ada, 'settings-toggle')
  await ada.press('Enter')
  await ada.see('settings')
  await forEveryone(ada, 'the settings')
  await ada.press('Escape')
  await focusIs(ada, 'more')

  await tabTo(ada, 'leave')
  await ada.press('Enter')
  await ada.see('ended')
  await forEveryone(ada, 'the end')
  await ada.goto(`${server.url}/doctor`)
  await until('the doctor is done', async () => (await ada.attribute('doctor', 'data-state')) === 'done', {
    within: 30_000,
  })
  await forEveryone(ada, 'the doctor')
  assert.deepEqual(elsewhere, [], 'nothing is asked of anybody else')

  // On the smallest phone, with a finger, from right to left.
  const amal = await browser.tab('Amal', {
    viewport: { width: 320, height: 568 },
    hasTouch: true,
    isMobile: true,
    locale: 'ar-EG',
  })
  await amal.goto(`${server.url}/`)
  await amal.see('lobby')
  assert.deepEqual(await amal.evaluate(() => [document.documentElement.lang, document.documentElement.dir]), [
    'ar',
    'rtl',
  ])
  await fitsPhone(amal, 'the lobby')
  await amal.goto(`${server.url}/r/everyone?lang=de`)
  await previewed(amal)
  assert.equal(await amal.evaluate(() => document.documentElement.lang), 'de')
  await fitsPhone(amal, 'the preview')
  await amal.page.selectOption('[data-testid="language"]', 'ar')
  await until('it speaks Arabic again', () => amal.evaluate(() => document.documentElement.dir === 'rtl'))
  await amal.fill('name', 'Amal')
  await amal.click('join')
  await inRoom(amal)
  await fitsPhone(amal, 'the room')
  await amal.click('chat-toggle')
  await amal.see('chat')
  await fitsPhone(amal, 'the chat')
  await forEveryone(amal, 'the chat on a phone')
})
