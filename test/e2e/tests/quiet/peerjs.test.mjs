// The client of PeerJS, as npm has it, with Parlor as its server.

import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { scene } from '../../harness/scene.mjs'
import { until } from '../../harness/until.mjs'

const CLIENT = fileURLToPath(new URL('../../node_modules/peerjs/dist/peerjs.min.js', import.meta.url))

// What a page does with the client; the test calls it by name.
function desk() {
  const port = Number(location.port)
  const peers = {}
  const lines = {}
  const note = (id, event, detail) => peers[id].events.push(detail === undefined ? event : `${event} ${detail}`)

  const listen = (id, line) => {
    const name = `${id} ${line.label}`
    const got = []
    lines[name] = { line, got, open: line.open, closed: false }
    line.on('open', () => (lines[name].open = true))
    line.on('data', (data) => got.push(data))
    line.on('close', () => (lines[name].closed = true))
  }

  window.desk = {
    come: (id, options = {}, name = id) => {
      const peer = new window.Peer(id, {
        host: location.hostname,
        port,
        path: '/',
        config: { iceServers: [] },
        ...options,
      })
      peers[name] = { peer, events: [], calls: [] }
      for (const event of ['open', 'disconnected', 'close']) peer.on(event, (detail) => note(name, event, detail))
      peer.on('error', (error) => note(name, 'error', error.type))
      peer.on('connection', (line) => listen(name, line))
      peer.on('call', (call) => {
        peers[name].calls.push(call)
        call.answer(window.desk.pictures())
        call.on('stream', (stream) => window.desk.show(name, stream))
      })
    },
    events: (id) => peers[id].events,
    id: (id) => peers[id].peer.id,
    connect: (id, to, options) => listen(id, peers[id].peer.connect(to, options)),
    isOpen: (name) => lines[name]?.open === true,
    isClosed: (name) => lines[name]?.closed === true,
    metadata: (name) => lines[name].line.metadata,
    send: (name, data) => lines[name].line.send(data),
    count: (name, many) => {
      for (let i = 0; i < many; i++) lines[name].line.send(i)
    },
    sendBytes: (name, size) => {
      const bytes = new Uint8Array(size).map((_, i) => (i * 7) % 251)
      lines[name].line.send(bytes)
    },
    got: (name) => lines[name]?.got ?? [],
    gotBytes: (name) =>
      (lines[name]?.got ?? []).map((data) => {
        const bytes = new Uint8Array(data)
        return { size: bytes.length, right: bytes.every((b, i) => b === (i * 7) % 251) }
      }),
    disconnect: (id) => peers[id].peer.disconnect(),
    reconnect: (id) => peers[id].peer.reconnect(),
    destroy: (id) => peers[id].peer.destroy(),
    list: (id) => peers[id].peer.listAllPeers((ids) => note(id, 'lists', JSON.stringify(ids))),
    pictures: () => {
      const canvas = document.createElement('canvas')
      canvas.width = canvas.height = 64
      const brush = canvas.getContext('2d')
      setInterval(() => {
        brush.fillStyle = `hsl(${Date.now() % 360} 90% 50%)`
        brush.fillRect(0, 0, 64, 64)
      }, 50)
      return canvas.captureStream(20)
    },
    call: (id, to) => {
      const call = peers[id].peer.call(to, window.desk.pictures())
      call.on('stream', (stream) => window.desk.show(id, stream))
    },
    show: (name, stream) => {
      const video = document.createElement('video')
      Object.assign(video, { muted: true, autoplay: true, srcObject: stream })
      video.dataset.of = name
      document.body.append(video)
    },
    frames: (name) => document.querySelector(`[data-of="${name}"]`)?.getVideoPlaybackQuality().totalVideoFrames ?? 0,
  }
}

// A page on which the client and the desk are. It needs to be of some origin, and little else.
async function page(stage, browser, server, label) {
  const tab = await browser.tab(label)
  await tab.goto(`${server.url}/healthz`)
  await tab.page.addScriptTag({ path: CLIENT })
  await tab.evaluate(desk)
  return tab
}

const does = (tab, name, ...args) => tab.evaluate(([n, a]) => window.desk[n](...a), [name, args])
const event = (tab, id, wanted) =>
  until(`${id} has the event ${wanted}`, async () => (await does(tab, 'events', id)).includes(wanted), {
    within: 20_000,
    detail: () => does(tab, 'events', id),
  })
const isTrue = (tab, name, ...args) =>
  until(`${name} ${args.join(' ')}`, async () => (await does(tab, name, ...args)) === true, { within: 20_000 })
const got = (tab, name, count) =>
  until(`${name} gets ${count}`, async () => ((await does(tab, 'got', name)).length >= count ? true : undefined), {
    within: 20_000,
  }).then(() => does(tab, 'got', name))

scene(
  'two pages with the client of PeerJS find each other, talk in every way it knows, and call',
  { within: 100_000 },
  async (stage) => {
    const server = await stage.serve()
    const browser = await stage.chromium()
    const [left, right] = [await page(stage, browser, server, 'left'), await page(stage, browser, server, 'right')]

    await does(left, 'come', 'osama')
    await event(left, 'osama', 'open osama')
    await does(right, 'come', 'osama', {}, 'thief')
    await event(right, 'thief', 'error unavailable-id')
    await does(right, 'come', 'stranger', { key: 'wrong' })
    await event(right, 'stranger', 'error server-error')
    await does(right, 'come', undefined, { path: '/peerjs' }, 'given')
    const given = await until('the server gives an id', () => does(right, 'id', 'given'), { within: 10_000 })
    assert.match(given, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/u)
    await event(right, 'given', `open ${given}`)

    for (const [label, options] of Object.entries({
      plain: {},
      reliable: { reliable: true },
      json: { serialization: 'json', reliable: true },
      raw: { serialization: 'raw', reliable: true },
      text: { serialization: 'binary-utf8', reliable: true },
    })) {
      await does(right, 'connect', 'given', 'osama', { label, metadata: { label, n: 7 }, ...options })
      for (const [tab, id] of [
        [right, 'given'],
        [left, 'osama'],
      ])
        await isTrue(tab, 'isOpen', `${id} ${label}`)
      assert.deepEqual(await does(left, 'metadata', `osama ${label}`), { label, n: 7 })
      const said = label === 'raw' ? 'click' : { x: 3, y: [1.5, 'ü', null] }
      await does(right, 'send', `given ${label}`, said)
      await does(left, 'send', `osama ${label}`, said)
      assert.deepEqual(await got(left, `osama ${label}`, 1), [said])
      assert.deepEqual(await got(right, `given ${label}`, 1), [said])
    }
    await does(right, 'count', 'given reliable', 300)
    assert.deepEqual((await got(left, 'osama reliable', 301)).slice(1), [...Array(300).keys()])
    await does(left, 'sendBytes', 'osama reliable', 1 << 20)
    await until('a megabyte arrives', async () => (await does(right, 'gotBytes', 'given reliable')).length === 2, {
      within: 20_000,
    })
    assert.deepEqual((await does(right, 'gotBytes', 'given reliable'))[1], { size: 1 << 20, right: true })

    await does(right, 'call', 'given', 'osama')
    for (const [tab, id] of [
      [left, 'osama'],
      [right, 'given'],
    ]) {
      await until(`${id} sees pictures`, async () => (await does(tab, 'frames', id)) > 20, { within: 20_000 })
    }

    // Who was away from the server has its id again, is told so, and kept its lines.
    await does(left, 'disconnect', 'osama')
    await event(left, 'osama', 'disconnected osama')
    await does(right, 'send', 'given json', 'meanwhile')
    assert.deepEqual((await got(left, 'osama json', 2))[1], 'meanwhile')
    await does(left, 'reconnect', 'osama')
    await until(
      'it is greeted again',
      async () => (await does(left, 'events', 'osama')).filter((e) => e === 'open osama').length === 2,
      {
        within: 10_000,
      },
    )

    await does(left, 'destroy', 'osama')
    await isTrue(right, 'isClosed', 'given json')
    await does(right, 'come', 'osama', {}, 'heir')
    await event(right, 'heir', 'open osama')
  },
)

scene(
  'who is not there yet is waited for, and who does not come is unavailable; ids are shown to all only if that is wanted',
  { within: 60_000 },
  async (stage) => {
    const server = await stage.serve()
    const shown = await stage.serve({ args: ['--peerjs-discovery', '--peerjs-key', 'mine'] })
    const browser = await stage.chromium()
    const tab = await page(stage, browser, server, 'early')
    await does(tab, 'come', 'early')
    await event(tab, 'early', 'open early')
    await does(tab, 'connect', 'early', 'late', { label: 'soon' })
    await does(tab, 'connect', 'early', 'never', { label: 'no' })
    await does(tab, 'come', 'late')
    await isTrue(tab, 'isOpen', 'late soon')
    await event(tab, 'early', 'error peer-unavailable')
    await does(tab, 'list', 'early')
    await event(tab, 'early', 'error server-error')

    const other = await page(stage, browser, shown, 'shown')
    await does(other, 'come', 'ben', { key: 'mine', path: '/peerjs' })
    await event(other, 'ben', 'open ben')
    await does(other, 'list', 'ben')
    await event(other, 'ben', 'lists ["ben"]')
  },
)
