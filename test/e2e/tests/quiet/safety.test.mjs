// What others write runs nowhere: more than two hundred pieces of it (data/payloads.txt) as names, identities, metadata, messages,
// names of files, files and names of rooms, through real pages that report every breach of their policy.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { onBoard, openBoard } from '../../harness/drawing.mjs'
import { inRoom } from '../../harness/people.mjs'
import { scene } from '../../harness/scene.mjs'
import { keyArgs, mint } from '../../harness/token.mjs'
import { until } from '../../harness/until.mjs'

const PAYLOADS = readFileSync(new URL('../../data/payloads.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter(Boolean)
const TOGETHER = 72

// What can be told of a page that something of it ran, or tried to.
const watch = () => {
  window.__hits = []
  window.__breaches = []
  for (const name of ['alert', 'prompt', 'confirm', 'msgbox', 'expression'])
    window[name] = (...args) => window.__hits.push(`${name}(${args})`)
  addEventListener('securitypolicyviolation', (e) => window.__breaches.push(`${e.effectiveDirective} ${e.blockedURI}`))
}

async function watched(browser, server, label) {
  const tab = await browser.tab(label)
  await tab.page.addInitScript(watch)
  tab.strays = []
  tab.page.on('request', (request) => {
    const { protocol, host } = new URL(request.url())
    if (/^http/.test(protocol) && host !== new URL(server.url).host) tab.strays.push(request.url())
  })
  tab.page.on('dialog', (dialog) => {
    tab.strays.push(`a dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  return tab
}

// Elements that can do something, which no words of others may have become, and links to anywhere but the web.
const findings = (tab) =>
  tab.evaluate(() => ({
    hits: window.__hits,
    breaches: window.__breaches,
    handlers: [...document.querySelectorAll('*')]
      .filter((e) => [...e.attributes].some((a) => /^on|^srcdoc$|^formaction$/i.test(a.name)))
      .map((e) => e.outerHTML.slice(0, 200)),
    strangers: [
      ...document.querySelectorAll('iframe, object, embed, base, form[action], body script, body style, body link'),
    ].map((e) => e.outerHTML.slice(0, 200)),
    links: [...document.querySelectorAll('a[href], area[href]')]
      .map((a) => a.href)
      .filter((href) => !/^https?:/.test(href)),
    polluted: Object.prototype.onerror !== undefined,
  }))

const NOTHING = { hits: [], breaches: [], handlers: [], strangers: [], links: [], polluted: false }

// What fits where names have limits.
const clip = (text, bytes) => {
  let out = text.trim()
  while (Buffer.byteLength(out) > bytes) out = out.slice(0, -1)
  return out
}

// Names go one way and have no controls: those that are refused for that are not shown to anybody.
// eslint-disable-next-line no-control-regex
const named = (text, bytes) => clip(text.replace(/[\u0000-\u001f\u202a-\u202e\u2066-\u2069]/g, ''), bytes) || 'x'

const token = (room, payload) =>
  mint({ room, identity: named(payload, 128), name: named(payload, 64), metadata: payload })

// What of a drawing could do something if somebody opened it.
const able = (svg) =>
  [...new DOMParser().parseFromString(svg, 'image/svg+xml').querySelectorAll('*')]
    .filter(
      (e) =>
        /^(script|foreignobject|iframe|object|embed|parsererror)$/i.test(e.localName) ||
        [...e.attributes].some(
          (a) =>
            /^on/i.test(a.name) || (/href$/i.test(a.name) && !/^(https?:|#|data:image\/|undefined$)/.test(a.value)),
        ),
    )
    .map((e) => e.outerHTML.slice(0, 300))

// A whiteboard that is called so, and what somebody might put on the one that Ada will open.
function drawing(payload, id, fileId) {
  // Of boards not all are shown.
  const shown = PAYLOADS.indexOf(payload) % 10 === 0
  const name = id.slice(2)
  const board = (key, at) => ({ k: `wb/${key}`, v: { name: payload, at, by: payload, version: 1 }, ver: 1, nonce: 0 })
  const element = (type, more) => {
    const key = `${type}-${name}`
    const base = {
      id: key,
      type,
      x: 0,
      y: 0,
      width: 99,
      height: 50,
      angle: 0,
      strokeColor: payload,
      backgroundColor: payload,
      fillStyle: 'solid',
      strokeWidth: 2,
      strokeStyle: payload,
      roughness: 1,
      opacity: 100,
      groupIds: [payload],
      frameId: null,
      index: 'a0',
      roundness: null,
      seed: 1,
      version: 1,
      versionNonce: 7,
      isDeleted: false,
      boundElements: [],
      updated: 1,
      link: payload,
      locked: false,
    }
    return { k: `wb/hostile/e/${key}`, v: { ...base, ...more }, ver: 1, nonce: 7 }
  }
  const words = {
    text: payload,
    originalText: payload,
    fontSize: 20,
    fontFamily: 5,
    textAlign: payload,
    verticalAlign: 'top',
    containerId: null,
    lineHeight: 1.25,
  }
  return [
    { k: 'wb/-', v: true, ver: 1, nonce: 0 },
    ...(shown ? [board(name.slice(0, 12), 1)] : []),
    board('hostile', 2),
    element('text', words),
    element('frame', { name: payload }),
    element('rectangle', {}),
    element('image', { fileId: payload, status: 'saved', scale: [1, 1] }),
    element('ellipse', { customData: { html: payload } }),
    {
      ...element('image', { id: `svg-${name}`, fileId, status: 'saved', scale: [1, 1] }),
      k: `wb/hostile/e/svg-${name}`,
    },
    element('iframe', { link: payload }),
    element('embeddable', { link: payload }),
  ]
}

// Somebody who means harm, over HTTP.
async function intruder(server, room, payload) {
  const post = (path, key, body, type = 'application/json') =>
    fetch(`${server.url}/v1/sessions${path}`, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${key}`, 'content-type': type },
    })
  const join = { t: 'join', room, name: 'x', token: token(room, payload) }
  const answer = await post('?via=poll', '', JSON.stringify(join))
  const joined = await answer.json()
  assert.equal(answer.status, 201, `${payload}: ${JSON.stringify(joined)}`)
  const say = (message) => post(`/${joined.sid}`, joined.link, JSON.stringify(message))
  return {
    async speak() {
      const up = await post(
        `/${joined.sid}/files?name=${encodeURIComponent(payload)}`,
        joined.fileKey,
        payload,
        'image/svg+xml',
      )
      const file = await up.json()
      assert.equal(up.status, 201, JSON.stringify(file))
      const chat = (n, data) => ({ t: 'm', n, type: 'chat', data })
      const lies = { id: file.id, name: payload, type: 'image/png', size: 7 }
      const said = await say([
        chat(1, { text: payload }),
        chat(2, { text: payload, file: lies }),
        chat(3, { text: payload, file: { ...lies, id: payload } }),
        { t: 'm', n: 4, type: payload, data: payload },
        { t: 's', n: 5, ops: [{ k: `own/hand/${joined.you.id}`, v: payload, base: 0 }] },
        { t: 's', n: 6, ops: drawing(payload, joined.you.id, file.id) },
      ])
      assert.equal(said.status, 204)
      return file
    },
    leave: () => say({ t: 'leave' }),
  }
}

scene(
  'what others write runs nowhere, and tries nothing that the policy of the page would have to stop',
  { within: 120_000 },
  async (stage) => {
    const limits = ['--connections-per-ip', '4000', '--room-size', '400', '--file-room-bytes', '64MiB']
    const server = await stage.serve({ args: [...keyArgs, ...limits] })
    const browser = await stage.chromium({ devices: false })
    const [ada, ben] = await Promise.all([watched(browser, server, 'Ada'), watched(browser, server, 'Ben')])
    await ada.goto(`${server.url}/r/safety`)
    await ada.fill('name', 'Ada')
    await ada.click('join')
    await inRoom(ada)
    assert.ok(PAYLOADS.length >= 200)
    const files = []
    for (let at = 0; at < PAYLOADS.length; at += TOGETHER) {
      const some = PAYLOADS.slice(at, at + TOGETHER)
      const people = await Promise.all(some.map((payload) => intruder(server, 'safety', payload)))
      // Their names: on tiles, in the list of people, in words that pass by.
      await ada.click('people-toggle')
      const last = named(some.at(-1), 64)
      await until('Ada sees who came', async () => (await ada.reads()).includes(last), { within: 15_000 })
      files.push(...(await Promise.all(people.map((person) => person.speak()))))
      await ada.click('chat-toggle')
      await until(
        'Ada reads what they wrote',
        () =>
          ada.evaluate(
            (n) => document.querySelectorAll('[data-testid="message"]').length >= n,
            Math.min(3 * (at + some.length), 300),
          ),
        { within: 15_000 },
      )
      assert.deepEqual(await findings(ada), NOTHING)
      await Promise.all(people.map((person) => person.leave()))
      await ada.click('chat-toggle')
    }

    // On a whiteboard, which is saved too: what others open is made of it.
    await openBoard(ada)
    await until('Ada sees what they drew', async () => (await onBoard(ada)).length >= 4 * PAYLOADS.length, {
      within: 20_000,
    })
    await ada.click('board-menu')
    const [saved] = await Promise.all([
      ada.page.waitForEvent('download'),
      ada.page.click('[data-testid="board-save"][data-format="svg"]'),
    ])
    const svg = await text(await saved.createReadStream())
    assert.deepEqual(await ben.evaluate(able, svg), [], 'the picture that was saved can do something')
    assert.deepEqual(await findings(ada), NOTHING)
    await ada.click('board-toggle')

    // As the names of rooms, where the page shows them.
    await ben.goto(`${server.url}/`)
    await ben.see('lobby')
    const shown = await ben.evaluate(async (payloads) => {
      let shown = 0
      const turn = async (path) => {
        history.pushState(null, '', path)
        dispatchEvent(new PopStateEvent('popstate'))
        await new Promise((done) => setTimeout(done))
      }
      for (const payload of payloads) {
        await turn(`/?room=${encodeURIComponent(payload)}`)
        await turn(`/watch/${encodeURIComponent(payload)}`)
        if (document.body.innerText.replaceAll(/\s/g, '').includes(payload.replaceAll(/\s/g, ''))) shown++
      }
      return shown
    }, PAYLOADS)
    assert.ok(shown > PAYLOADS.length * 0.9, `only ${shown} names of rooms were shown`)
    assert.deepEqual(await findings(ben), NOTHING)

    // Files that are opened run nothing: each is only to be saved, and what is a picture stands in a page where nothing runs.
    for (const { id, type } of files.slice(0, 20)) {
      const answer = await fetch(`${server.url}/v1/files/${id}`)
      assert.equal(answer.headers.get('content-type'), 'application/octet-stream', type)
      assert.match(answer.headers.get('content-disposition'), /^attachment/)
      assert.equal(answer.headers.get('content-security-policy'), "sandbox; default-src 'none'")
    }
    for (const tab of [ada, ben]) {
      assert.deepEqual([tab.strays, tab.errors], [[], []])
      assert.deepEqual(
        tab.console.filter((line) => /Content Security Policy|Permissions-Policy|Unrecognized feature/.test(line)),
        [],
      )
    }
  },
)
