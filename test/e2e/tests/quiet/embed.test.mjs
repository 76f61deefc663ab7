// A room in somebody else's page: what docs/embed.md and the README say is typed here from another origin, and used.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { scene } from '../../harness/scene.mjs'
import { until } from '../../harness/until.mjs'

const textOf = (name) => readFileSync(fileURLToPath(new URL(`../../../../${name}`, import.meta.url)), 'utf8')
const DOCS = textOf('docs/embed.md')
const README = textOf('README.md')
const htmlOf = (text) => [...text.matchAll(/^```html\n(.*?)^```/gms)].map(([, page]) => page)
const [element, frame, spoken] = htmlOf(DOCS)
const [bare] = htmlOf(README)
const SECRET = 'a-secret-of-the-tests-of-forty-characters'

const EVENTS = ['ready', 'joined', 'left', 'participantConnected', 'participantDisconnected', 'message', 'error']

scene(
  'a room in pages of another origin: by the element, by postMessage, and by none that may not',
  {},
  async (stage) => {
    const files = {}
    const [school, stranger] = await Promise.all([stage.pages(files), stage.pages(files)])
    const server = await stage.serve({
      args: ['--embed-origins', school.origin, '--allowed-origins', school.origin, '--keys', `main:${SECRET}`],
    })
    const token = execFileSync(server.binary, [
      ...['token', '--key', 'main', '--secret', SECRET, '--room', 'demo', '--identity', 'ada-1', '--name', 'Ada'],
    ])
      .toString()
      .trim()
    const here = (page) => page.replaceAll('https://your.host', server.url)
    files['/element.html'] = here(element).replace('token=""', `token="${token}" join theme="dark" panels="chat"`)
    files['/spoken.html'] = here(spoken)
    files['/frame.html'] = here(frame)
    files['/bare.html'] = here(bare)

    const browser = await stage.chromium()
  // The page of a stranger: it takes its time to be sure that nothing comes.
  const eve = await browser.tab('Eve')
  await eve.page.addInitScript(keepEvents, EVENTS)
  await eve.goto(`${stranger.origin}/element.html`)

    const ada = await browser.tab('Ada', { colorScheme: null })
    await ada.page.addInitScript(keepEvents, EVENTS)
    await ada.goto(`${school.origin}/element.html`)
    const [joined] = await told(ada, 'joined')
    assert.equal(joined.room, 'demo')
    assert.equal(joined.self.identity, 'ada-1', 'the token had not come through')
    const inside = ada.page.frames()[1]
    assert.doesNotMatch(inside.url(), /token|eyJ/u)
    assert.equal(await inside.evaluate(() => document.querySelector('[data-testid="people-toggle"]')), null)
    assert.equal(
      await inside.evaluate(() => getComputedStyle(document.body).backgroundColor),
      'rgb(19, 22, 21)',
      'it should be dark, as the element says',
    )

    // The SDK alone, as the README has it, from the same other origin.
    const ben = await browser.tab('Ben')
    await ben.goto(`${school.origin}/bare.html`)
    const [{ participant }] = await told(ada, 'participantConnected')
    assert.equal(participant.name, 'Ada')
    const drawn = await told(ada, 'message')
    assert.deepEqual([drawn[0].type, drawn[0].from.id], ['changedDrawing', participant.id])

    // Commands, and what of them cannot be done.
    const { offset } = await ada.evaluate(() => document.querySelector('parlor-room').sendMessage('note', { a: 1 }))
    assert.ok(offset > 0)
    await ada.page.click('#hello')
    await until('Ben reads what the page around wrote', async () =>
      ben.console.some((line) => line.includes('Ada chat')),
    )
    await ada.evaluate(() => document.querySelector('parlor-room').setMicrophoneEnabled(true))
    await until('the microphone is on', () => inside.evaluate(() => window.parlor.localParticipant.isMicrophoneEnabled))
    const refused = await ada.evaluate(() =>
      document
        .querySelector('parlor-room')
        .sendMessage('')
        .catch((e) => e.code),
    )
    assert.equal(refused, 'bad_message')

    // The protocol itself; a stranger's word within the same page is not heard.
    const cy = await browser.tab('Cy')
    await cy.goto(`${school.origin}/spoken.html`)
    await until('Cy is in', async () => cy.console.some((line) => line.includes('joined')))
    await cy.evaluate(() => {
      const other = document.createElement('iframe')
      other.srcdoc = `<script>
      parent.frames[0].postMessage({ parlor: 1, type: 'call', call: 1, command: 'leave', args: [] }, '*')
    </script>`
      document.body.append(other)
    })
    await ada.evaluate(() => document.querySelector('parlor-room').leave())
    assert.deepEqual(await told(ada, 'left'), [{ reason: 'left' }])
    await until('Cy sees Ada leave', async () => cy.console.some((line) => line.includes('participantDisconnected')))
    assert.ok(!cy.console.some((line) => line.startsWith('log: left')), 'Cy left on the word of a stranger')

    // Without a script, and then from an origin that is not allowed.
    await ada.goto(`${school.origin}/frame.html`)
    await until('the preview is there', () => previewIn(ada))
    await cy.page.addInitScript(keepEvents, EVENTS)
    await cy.goto(`${stranger.origin}/element.html`)
    assert.equal((await told(cy, 'error'))[0].code, 'not_shown')
    await cy.goto(`${stranger.origin}/frame.html`)
    assert.equal(await previewIn(cy), false)
  },
)

const previewIn = (tab) =>
  tab.page
    .frames()[1]
    .evaluate(() => document.querySelector('[data-testid="preview"]') !== null)
    .catch(() => false)

function told(tab, event) {
  return until(
    `${tab.label} is told ${event}`,
    async () => {
      const all = await tab.evaluate((name) => window.told?.[name] ?? [], event)
      return all.length > 0 && all
    },
    { detail: () => tab.account() },
  )
}

// In the page, before anything: what the element tells, by event.
function keepEvents(events) {
  window.told = Object.fromEntries(events.map((event) => [event, []]))
  addEventListener('DOMContentLoaded', () => {
    const element = document.querySelector('parlor-room')
    for (const event of events) element?.addEventListener(event, ({ detail }) => window.told[event].push(detail))
  })
}
