import { beforeEach, describe, expect, it } from 'vitest'
import { Participant } from '../src/participant'
import { Playback } from '../src/sink'
import { Slots } from '../src/slots'
import { RemoteTrack } from '../src/track'

let slots: Slots
let known: Map<string, { track: RemoteTrack; participant: Participant }>
let events: string[]
const receivers = new Map(
  ['1', '2', '3'].map((mid) => [mid, { track: { mid } } as unknown as RTCRtpReceiver]),
)
const ada = new Participant({ id: 'p_a', identity: 'ada', name: 'Ada', metadata: '', admin: false })

/** The log tells of a track. */
function publish(id: string): RemoteTrack {
  const track = new RemoteTrack(id, 'video', 'camera', false, new Playback(() => undefined))
  known.set(id, { track, participant: ada })
  slots.published(id)
  return track
}

function unpublish(id: string): void {
  slots.unpublished(id)
  known.delete(id)
}

const slot = (mid: string, track?: string, after?: number) => ({
  mid,
  kind: 'video' as const,
  ...(track === undefined ? {} : { track }),
  ...(after === undefined ? {} : { after }),
})

const showing = () => slots.playing().map((p) => `${p.mid}=${p.track.id}`)

beforeEach(() => {
  known = new Map()
  events = []
  slots = new Slots({
    receiver: (mid) => receivers.get(mid),
    find: (id) => known.get(id),
    confirm: (rev) => events.push(`confirm ${rev}`),
    subscribed: (track) => events.push(`+${track.id}`),
    unsubscribed: (track) => events.push(`-${track.id}`),
    paused: (track) => events.push(`${track.paused ? 'paused' : 'resumed'} ${track.id}`),
  })
})

describe('slots', () => {
  it('play a track once both the server and the log have told of it, whichever comes first', () => {
    const a = publish('a')
    slots.apply(1, [slot('1', 'a'), slot('2', 'b')])
    expect(a.subscribed).toBe(true)
    expect(a.mediaStreamTrack).toBe(receivers.get('1')?.track)
    expect(events).toEqual(['confirm 1', '+a'])
    const b = publish('b')
    expect(b.subscribed).toBe(true)
    expect(showing()).toEqual(['1=a', '2=b'])
  })

  it('stop showing the former before they confirm, and show the next only then', () => {
    publish('a')
    publish('b')
    slots.apply(1, [slot('1', 'a')])
    events = []
    slots.apply(2, [slot('1', 'b', 1000)])
    expect(events).toEqual(['-a', 'confirm 2', '+b'])
    expect(showing()).toEqual(['1=b'])
  })

  it('leave alone what stays', () => {
    publish('a')
    slots.apply(1, [slot('1', 'a')])
    events = []
    slots.apply(2, [slot('1', 'a'), slot('2')])
    slots.apply(2, [slot('1', 'a'), slot('2')])
    expect(events).toEqual(['confirm 2', 'confirm 2'])
  })

  it('ignore what is late', () => {
    publish('a')
    slots.apply(5, [slot('1')])
    slots.apply(4, [slot('1', 'a')])
    expect(showing()).toEqual([])
    expect(events).toEqual(['confirm 5'])
  })

  it('move a track to another slot', () => {
    const a = publish('a')
    slots.apply(1, [slot('1', 'a'), slot('2')])
    slots.apply(2, [slot('1'), slot('2', 'a')])
    expect(showing()).toEqual(['2=a'])
    expect(a.mediaStreamTrack).toBe(receivers.get('2')?.track)
  })

  it('do not show a track that was taken back, also when its slot is emptied later', () => {
    const a = publish('a')
    slots.apply(1, [slot('1', 'a')])
    unpublish('a')
    expect(a.subscribed).toBe(false)
    expect(events).toEqual(['confirm 1', '+a', '-a'])
    slots.apply(2, [slot('1')])
    expect(events).toEqual(['confirm 1', '+a', '-a', 'confirm 2'])
    // Published again on the same m-line, it has the same id.
    publish('a')
    expect(showing()).toEqual([])
    slots.apply(3, [slot('1', 'a')])
    expect(showing()).toEqual(['1=a'])
  })

  it('show a track again that was published again before its slot was emptied', () => {
    publish('a')
    slots.apply(1, [slot('1', 'a')])
    unpublish('a')
    publish('a')
    expect(showing()).toEqual(['1=a'])
  })

  it('show what came before its receiver as soon as it can be had', () => {
    publish('a')
    slots.apply(1, [slot('9', 'a')])
    expect(showing()).toEqual([])
  })

  it('are empty without a PeerConnection, and begin anew with the next', () => {
    const a = publish('a')
    slots.apply(7, [slot('1', 'a')])
    slots.clear()
    expect(a.subscribed).toBe(false)
    slots.apply(1, [slot('2', 'a')])
    expect(showing()).toEqual(['2=a'])
  })
})
