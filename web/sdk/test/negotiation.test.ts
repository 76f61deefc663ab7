import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Negotiation } from '../src/negotiation'
import type { Peer } from '../src/peer'
import type { ClientMessage } from '../src/wire'

type Offer = Extract<ClientMessage, { t: 'offer' }>

/** A PeerConnection as far as negotiation goes. */
function fakePeer(name: string) {
  let count = 0
  const peer = {
    name,
    accepted: false,
    changes: [] as string[],
    rolledBack: 0,
    offer: () => Promise.resolve(`${name} offer ${++count}`),
    accept: (sdp: string) => {
      peer.accepted = true
      peer.changes.push(`accept ${sdp}`)
      return Promise.resolve()
    },
    rollback: () => {
      peer.rolledBack++
      return Promise.resolve()
    },
  }
  return peer
}

let peer: ReturnType<typeof fakePeer>
let sent: Offer[]
let linkUp: boolean
let settled: string[]
let negotiation: Negotiation

const asPeer = (p: unknown) => p as Peer
const tick = () => vi.advanceTimersByTimeAsync(0)
const last = () => sent.at(-1)
const answer = (sdp = 'answer') =>
  negotiation.answered({ t: 'answer', id: last()?.id ?? -1, sdp, rev: 1, slots: [] })

beforeEach(() => {
  vi.useFakeTimers()
  peer = fakePeer('p1')
  sent = []
  settled = []
  linkUp = true
  negotiation = new Negotiation({
    send: (m) => {
      if (linkUp && m.t === 'offer') sent.push(m)
      return linkUp
    },
    peer: () => asPeer(peer),
    sending: () => [],
    settled: (p, a) => settled.push(`${(p as unknown as { name: string }).name} ${a.sdp}`),
  })
  negotiation.setUp(true)
})
afterEach(() => {
  vi.useRealTimers()
})

describe('offers', () => {
  it('go one after the other, and each change is made in its turn', async () => {
    const changes: number[] = []
    const first = negotiation.run(() => changes.push(1))
    const second = negotiation.run(() => changes.push(2))
    await tick()
    expect(sent).toEqual([{ t: 'offer', id: 1, sdp: 'p1 offer 1', fresh: true, tracks: [] }])
    expect(changes).toEqual([1])
    answer('a1')
    await first
    await tick()
    expect(sent[1]).toEqual({ t: 'offer', id: 2, sdp: 'p1 offer 2', tracks: [] })
    expect(changes).toEqual([1, 2])
    answer('a2')
    await second
    expect(settled).toEqual(['p1 a1', 'p1 a2'])
    expect(negotiation.offers).toBe(2)
  })

  it('are not answered by answers to others', async () => {
    void negotiation.run(() => undefined)
    await tick()
    negotiation.answered({ t: 'answer', id: 7, sdp: 'x', rev: 1, slots: [] })
    negotiation.refused({ t: 'error', re: 'offer', id: 7, code: 'bad_offer', message: '' })
    await tick()
    expect(settled).toEqual([])
    expect(negotiation.asking).toBe(true)
  })

  it('whose answer was lost with the link are made again on the next', async () => {
    const changes: number[] = []
    const done = negotiation.run(() => changes.push(1))
    await tick()
    negotiation.setUp(false)
    await tick()
    negotiation.setUp(true)
    await tick()
    expect(sent.map((o) => o.sdp)).toEqual(['p1 offer 1', 'p1 offer 2'])
    answer()
    await done
    expect(changes).toEqual([1])
  })

  it('wait while there is no link, also when it goes just then', async () => {
    linkUp = false
    const done = negotiation.run(() => undefined)
    await tick()
    expect(sent).toEqual([])
    linkUp = true
    negotiation.setUp(true)
    await tick()
    answer()
    await done
  })

  it('of a PeerConnection that was replaced are made for its successor', async () => {
    peer.accepted = true
    const done = negotiation.run(() => undefined)
    await tick()
    expect(last()?.fresh).toBeUndefined()
    const former = peer
    peer = fakePeer('p2')
    answer('for p1')
    await tick()
    expect(former.changes).toEqual([])
    expect(last()).toMatchObject({ sdp: 'p2 offer 1', fresh: true })
    answer('for p2')
    await done
    expect(settled).toEqual(['p2 for p2'])
  })

  it('that come too fast are made again later', async () => {
    const done = negotiation.run(() => undefined)
    await tick()
    negotiation.refused({ t: 'error', re: 'offer', id: 1, code: 'rate_limited', message: '', retryMs: 700 })
    await vi.advanceTimersByTimeAsync(699)
    expect(sent).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(sent).toHaveLength(2)
    answer()
    await done
  })

  it('that are refused are taken back, and the next has its turn', async () => {
    const first = negotiation.run(() => undefined)
    first.catch(() => undefined)
    const second = negotiation.run(() => undefined)
    await tick()
    negotiation.refused({ t: 'error', re: 'offer', id: 1, code: 'too_many_media', message: 'too many' })
    await expect(first).rejects.toMatchObject({ code: 'too_many_media' })
    expect(peer.rolledBack).toBe(1)
    await tick()
    answer()
    await second
  })

  it('that are not answered in time are taken back', async () => {
    const done = negotiation.run(() => undefined)
    done.catch(() => undefined)
    await tick()
    await vi.advanceTimersByTimeAsync(15_000)
    await expect(done).rejects.toMatchObject({ code: 'internal' })
    expect(peer.rolledBack).toBe(1)
  })

  it('end with the room', async () => {
    const out = negotiation.run(() => undefined)
    const waits = negotiation.run(() => undefined)
    out.catch(() => undefined)
    waits.catch(() => undefined)
    await tick()
    negotiation.close()
    await expect(out).rejects.toMatchObject({ code: 'left' })
    await expect(waits).rejects.toMatchObject({ code: 'left' })
  })
})
