import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { socketLink, type Link } from '../src/link'
import { Lossy } from '../src/lossy'
import { Client } from './client'
import { FakeChannel } from './rtc'
import { FakeSocket } from './socket'
import { limits, Pipe, Server } from './world'

const mib = 1 << 20
/** What the SDK lets a browser hold: above it nothing more is handed over. */
const most = 64 << 10

/** A data channel that takes what it is given at once, and sends it at a rate. */
class DrainingChannel extends FakeChannel {
  override readyState = 'open'
  peak = 0
  /** How many more frames it takes before send() throws. */
  takes = Infinity
  #free = 0
  readonly #bytesPerMs: number
  readonly #arrived: (frame: string | Uint8Array) => void

  constructor(bytesPerMs: number, arrived: (frame: string | Uint8Array) => void) {
    super()
    this.#bytesPerMs = bytesPerMs
    this.#arrived = arrived
  }

  override send(frame: string | Uint8Array): void {
    if (this.takes-- <= 0) throw new DOMException('the send queue is full', 'OperationError')
    super.send(frame)
    this.bufferedAmount += frame.length
    this.peak = Math.max(this.peak, this.bufferedAmount)
    this.#free = Math.max(this.#free, Date.now()) + frame.length / this.#bytesPerMs
    setTimeout(() => {
      this.bufferedAmount -= frame.length
      this.#arrived(frame)
    }, this.#free - Date.now())
  }
}

/** Gives a client a data channel, as the browser would. */
function connect(client: Client, bytesPerMs: number): DrainingChannel {
  const way = new Pipe('webrtc', client.server, (_, m) => client.receive(link, m), () => undefined, () => 5) // prettier-ignore
  const channel = new DrainingChannel(bytesPerMs, (frame) => way.send(frame))
  const link = socketLink(channel.asChannel, {
    message: (l, m) => client.receive(l, m),
    ended: (l) => {
      way.close()
      client.ladder.ended(l)
    },
  })
  client.ladder.opened(link)
  return channel
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a data channel', () => {
  it('never holds more than a little, however much is sent and however slow it is', async () => {
    const server = new Server()
    const a = new Client(server, 'a')
    const b = new Client(server, 'b')
    const channel = connect(a, 500)
    await vi.advanceTimersByTimeAsync(100)
    expect(a.session.carrier?.kind).toBe('webrtc')
    const words = Array.from({ length: 60 }, (_, i) => `${i} ${'x'.repeat(20_000)}`)
    const sent = words.map((word) => a.session.send('n', word, undefined))
    sent.push(a.session.send('n', new Uint8Array(mib), undefined))
    sent.push(a.session.send('n', 'last', undefined))
    const lossy = new Lossy({ link: () => a.session.carrier && { link: a.session.carrier, mayLose: false }, limits: () => limits }) // prettier-ignore
    for (let i = 0; i < 150; i++) {
      for (let key = 0; key < 64; key++) lossy.send('x', 'y'.repeat(900), `${key}`, undefined)
      await vi.advanceTimersByTimeAsync(100)
    }
    expect((await Promise.all(sent)).map(({ offset }) => offset)).toEqual(sent.map((_, i) => i + 1))
    expect(b.received.slice(0, 60)).toEqual(words)
    expect(b.received).toHaveLength(62)
    expect(channel.peak).toBeGreaterThan(most)
    // One frame more than there may be: the last was let through when there was room.
    expect(channel.peak).toBeLessThanOrEqual(most + 22_000)
    expect(a.carriers).toEqual(['websocket', 'webrtc'])
    lossy.end()
  })

  it.each([0, 1, 7])(
    'whose send() throws, after %i frames, is left, and nothing is lost with it',
    async (takes) => {
      const server = new Server()
      const a = new Client(server, 'a')
      const b = new Client(server, 'b')
      const channel = connect(a, 500)
      await vi.advanceTimersByTimeAsync(100)
      channel.takes = takes
      const sent = Array.from({ length: 100 }, (_, i) =>
        a.session.send('n', [i, 'x'.repeat(3_000)], undefined),
      )
      await vi.advanceTimersByTimeAsync(20_000)
      await Promise.all(sent)
      expect(b.received.map((data) => (data as [number])[0])).toEqual(sent.map((_, i) => i))
      expect(a.carriers).toEqual(['websocket', 'webrtc', 'websocket'])
      expect(channel.readyState).toBe('closed')
      expect(a.channelsGone).toBe(1)
    },
  )
})

describe('a link over a socket', () => {
  const sockets = () => [new FakeChannel(), new FakeSocket('ws://test')] as const

  it('whose send() throws has ended, says so once, and takes nothing more', () => {
    for (const socket of sockets()) {
      socket.readyState = 'url' in socket ? 1 : 'open'
      const ended: unknown[] = []
      const link: Link = socketLink(socket as unknown as RTCDataChannel, {
        message: () => undefined,
        ended: (l, code, reason) => ended.push([l === link, code, reason]),
      })
      expect(link.open).toBe(true)
      const send = vi.fn(() => {
        throw new DOMException('', 'OperationError')
      })
      socket.send = send
      link.send('a')
      expect(link.open).toBe(false)
      link.send('b')
      link.close()
      expect(ended).toEqual([[true, 0, 'send failed']])
      expect(send).toHaveBeenCalledTimes(1)
      // What comes late comes to nobody.
      expect([socket.onmessage, socket.onclose, socket.onerror]).toEqual([null, null, null])
    }
  })

  it('says how much its socket holds', () => {
    for (const socket of sockets()) {
      const link = socketLink(socket as unknown as RTCDataChannel, { message: () => undefined, ended: () => undefined }) // prettier-ignore
      socket.bufferedAmount = 77
      expect(link.buffered).toBe(77)
    }
  })
})
