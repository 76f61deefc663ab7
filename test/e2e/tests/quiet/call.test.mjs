// What people do in a call besides talking, found by what it is called.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { enter, ownId, seesPeople, tiles } from '../../harness/people.mjs'
import { scene } from '../../harness/scene.mjs'
import { until } from '../../harness/until.mjs'

const SECRET = 'only for tests and read by everybody'
const ROOM = 'call'

// Ada moderates, Ben does not.
async function two(stage) {
  const server = await stage.serve({ args: ['--keys', `test:${SECRET}`] })
  const browser = await stage.chromium()
  const [ada, ben] = [await browser.tab('Ada'), await browser.tab('Ben')]
  const grants = ['--room', ROOM, '--identity', 'ada', '--grant', 'publish,subscribe,data,admin']
  const token = execFileSync(server.binary, ['token', '--key', 'test', '--secret', SECRET, ...grants])
  await enter(ada, server, { room: ROOM, name: 'Ada', query: `#token=${String(token).trim()}` })
  await enter(ben, server, { room: ROOM, name: 'Ben' })
  await seesPeople(ada, 1)
  await seesPeople(ben, 1)
  return { ada, ben, adaId: await ownId(ada), benId: await ownId(ben) }
}

const button = (tab, name) => tab.page.getByRole('button', { name })
const shows = (locator, what) => until(what, () => locator.isVisible(), { within: 5_000 })
const isGone = (locator, what) => until(what, async () => (await locator.count()) === 0, { within: 5_000 })
const layout = (tab, want) =>
  until(`the layout of ${tab.label} is ${want}`, async () => (await tab.attribute('stage', 'data-layout')) === want, {
    within: 3_000,
  })
const microphone = (tab, on) =>
  until(
    `the microphone of ${tab.label} is ${on ? 'on' : 'off'}`,
    async () => (await tab.attribute('microphone', 'aria-pressed')) === String(on),
    { within: 5_000 },
  )

// Chooses something of the menu.
async function more(tab, role, name) {
  await button(tab, 'More').click()
  await tab.page.getByRole(role, { name }).click()
}

async function reactionsAndHands({ ada, ben, adaId, benId }) {
  const notices = (tab) => tab.page.getByTestId('notice')

  // Reactions pass over the others' page too, and are said.
  await button(ben, 'Send a reaction').click()
  await button(ben, 'Party').click()
  await shows(ada.page.getByTestId('stage').getByText('🎉'), 'Ada sees what Ben sent')
  await until('Ada is told in words', () =>
    ada.page
      .getByRole('status')
      .filter({ hasText: 'Ben: Party' })
      .count()
      .then((n) => n === 1),
  )
  await ben.press('Escape')

  // Hands, in the order in which they were raised, whatever the order of people.
  await ben.press('h')
  await shows(notices(ada).filter({ hasText: 'Ben raised a hand' }), 'Ada is told of Ben’s hand')
  await button(ada, 'Raise hand').click()
  const handOn = (tab, id) => tab.page.locator(`[data-participant="${id}"]`).getByTestId('hand-up')
  for (const tab of [ada, ben]) {
    await until(`${tab.label} sees who was first`, async () => (await handOn(tab, benId).innerText()).trim() === '1')
    await until(`${tab.label} sees who was next`, async () => (await handOn(tab, adaId).innerText()).trim() === '2')
  }
  await button(ada, /^People/).click()
  const raised = ada.page.getByRole('region', { name: 'Raised hands' }).getByRole('listitem')
  assert.deepEqual(
    (await raised.allInnerTexts()).map((text) => text.replace(/\s+/gu, ' ').trim()),
    ['1 B Ben', '2 A Ada (you)'],
  )
  await button(ada, 'Lower Ben’s hand').click()
  await shows(notices(ben).filter({ hasText: 'Your hand was lowered' }), 'Ben is told that his hand was lowered')
  await shows(button(ben, 'Raise hand'), 'Ben may raise his hand again')
  await button(ben, /^People/).click()
  assert.equal(await button(ben, 'Lower Ada’s hand').count(), 0, 'who does not moderate lowers nobody’s hand')
  await ben.press('Escape')
  await ada.press('h')
  await isGone(ben.page.getByTestId('hand-up'), 'no hand is up any more')
  await ada.press('Escape')
}

async function looks({ ada }) {
  await more(ada, 'menuitemradio', 'Speaker')
  await layout(ada, 'spotlight')
  await more(ada, 'menuitemcheckbox', 'Show my own picture')
  await until('Ada does not see herself', async () => (await tiles(ada)).every((t) => !t.own))
  await more(ada, 'menuitemradio', 'Grid')
  await layout(ada, 'grid')
  await more(ada, 'menuitemcheckbox', 'Show my own picture')
  await until('Ada sees herself again', async () => (await tiles(ada)).some((t) => t.own))
}

async function keys({ ada, ben, adaId }) {
  await ada.press('?')
  const sheet = ada.page.getByRole('dialog', { name: 'Keyboard shortcuts' })
  await shows(sheet.getByText('hold Space'), 'the sheet says how to talk while muted')
  await ada.press('Escape')
  await isGone(sheet, 'the sheet is closed')

  // The button has the focus after the click, and yet the key talks.
  await button(ada, 'Mute microphone').click()
  await microphone(ada, false)
  await ada.page.keyboard.down(' ')
  await microphone(ada, true)
  await shows(ada.page.getByText('You are heard while you hold Space'), 'Ada is told that she is heard')
  await until('Ben is told that she speaks', () =>
    ben.evaluate((id) => window.parlor.participants.get(id).getTrack('microphone')?.muted === false, adaId),
  )
  await ada.page.keyboard.up(' ')
  await microphone(ada, false)

  // Not while one writes.
  await ada.press('c')
  await ada.see('chat-input')
  await ada.page.keyboard.type('a b')
  assert.equal(await ada.page.getByTestId('chat-input').inputValue(), 'a b')
  await microphone(ada, false)
  await ada.press('Escape')
}

async function connection({ ada }) {
  await button(ada, 'Connection').click()
  const panel = ada.page.getByRole('dialog', { name: 'Connection' })
  const row = (name) => panel.locator('dl > div').filter({ hasText: name }).locator('dd')
  await until('the panel says what carries media', async () => /^(UDP|TCP)$/u.test(await row('Sound and video').innerText()))
  await until('it says how long it takes', async () => /^\d+ ms$/u.test(await row('There and back').innerText()))
  assert.match(await row('Receiving').innerText(), /^[\d.]+ [kM]b\/s/u)
  assert.equal(await panel.getByRole('link', { name: 'Test this connection' }).getAttribute('target'), '_blank')
  await ada.press('Escape')
  await isGone(panel, 'the panel is closed')
}

async function invitation({ ben }) {
  await button(ben, 'Invite people').click()
  const sheet = ben.page.getByRole('dialog', { name: 'Invite people' })
  assert.equal(await ben.text('invite-link'), ben.page.url())
  await shows(sheet.getByRole('img', { name: 'The link as a code for phones' }), 'the code is shown')
  await sheet.getByRole('button', { name: 'Copy link' }).click()
  await shows(sheet.getByText('Invite link copied'), 'Ben is told that it is copied')
  await ben.press('Escape')
  await isGone(sheet, 'the sheet is closed')
}

async function smallWindow({ ada }) {
  const opened = ada.page.context().waitForEvent('page')
  await more(ada, 'menuitemcheckbox', 'Picture in picture')
  const small = await opened
  await shows(small.getByText('Ben', { exact: true }), 'the window shows who else is here')
  await until('it shows a picture', () => small.locator('video').evaluate((video) => video.videoWidth > 0))
  await small.getByRole('button', { name: 'Unmute microphone' }).click()
  await microphone(ada, true)
  await more(ada, 'menuitemcheckbox', 'Picture in picture')
  await until('the window is closed', async () => small.isClosed(), { within: 5_000 })
}

scene('people do in a call what they do besides talking', { within: 90_000 }, async (stage) => {
  const people = await two(stage)
  await reactionsAndHands(people)
  await looks(people)
  await keys(people)
  await connection(people)
  await invitation(people)
  await smallWindow(people)
})
