// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Playback } from '../src/sink'
import { RemoteTrack } from '../src/track'
import { Viewing } from '../src/viewing'
import type { ClientMessage, Kind } from '../src/wire'

class FakeObserver {
  static all = new Set<FakeObserver>()
  readonly tell: (entries: unknown[]) => void
  readonly targets = new Set<Element>()

  constructor(tell: (entries: unknown[]) => void) {
    this.tell = tell
    FakeObserver.all.add(this)
  }
  observe(e: Element): void {
    this.targets.add(e)
  }
  unobserve(e: Element): void {
    this.targets.delete(e)
  }
  disconnect(): void {
    FakeObserver.all.delete(this)
  }
}

/** As the browser's layout would: this element is so large, and can be seen or not. */
function lay(element: Element, width: number, inView = true): void {
  const box = { width, height: (width * 9) / 16 }
  for (const o of FakeObserver.all)
    if (o.targets.has(element)) o.tell([{ target: element, isIntersecting: inView, contentRect: box }])
}

const video = () => {
  const element = document.createElement('video')
  Object.defineProperty(element, 'srcObject', { value: null, writable: true })
  element.play = () => Promise.resolve()
  document.body.append(element)
  return element
}
const hide = (hidden: boolean) => {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true })
  document.dispatchEvent(new Event('visibilitychange'))
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

let tracks: RemoteTrack[]
let sent: Extract<ClientMessage, { t: 'view' }>[]
let needs: Record<Kind, number>
let viewing: Viewing
let linked: boolean

function begin(auto: boolean): void {
  viewing = new Viewing(auto, {
    tracks: () => tracks,
    send: (message) => linked && message.t === 'view' && sent.push(message) > 0,
    need: (need) => {
      needs = need
    },
  })
  viewing.linked()
}

function publish(id: string, kind: Kind = 'video'): RemoteTrack {
  const source = kind === 'video' ? 'camera' : 'microphone'
  const track = new RemoteTrack(id, kind, source, false, new Playback(() => undefined), viewing)
  tracks.push(track)
  viewing.changed()
  return track
}

/** The last view as `id width`, and what is off. */
const last = () => {
  const view = sent.at(-1)
  return view && [view.tracks.map((t) => `${t.id} ${t.width}${t.pin ? '!' : ''}`).join(' '), ...view.off]
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('IntersectionObserver', FakeObserver)
  vi.stubGlobal('ResizeObserver', FakeObserver)
  vi.stubGlobal('devicePixelRatio', 2)
  tracks = []
  sent = []
  linked = true
})
afterEach(() => {
  viewing.close()
  expect(FakeObserver.all.size).toBe(0)
  hide(false)
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('a page that attaches what it shows', () => {
  beforeEach(() => begin(false))

  it('tells what is seen, in pixels of the screen, the largest first', async () => {
    const [a, b] = [publish('a'), publish('b')]
    const [small, large] = [a.attach(video()), b.attach(video())]
    await pass(0)
    expect(sent).toEqual([])
    lay(small, 160)
    lay(large, 640)
    await pass(0)
    expect(sent).toEqual([
      {
        t: 'view',
        tracks: [
          { id: 'b', width: 1280, height: 720 },
          { id: 'a', width: 320, height: 180 },
        ],
        off: [],
      },
    ])
    expect(needs).toEqual({ audio: 0, video: 2 })
  })

  it('counts the largest place where a picture is seen', async () => {
    const a = publish('a')
    const [one, two] = [a.attach(video()), a.attach(video())]
    lay(one, 160)
    lay(two, 320)
    await pass(0)
    expect(last()).toEqual(['a 640'])
    lay(two, 320, false)
    await pass(1_100)
    expect(last()).toEqual(['a 320'])
    a.detach(one)
    await pass(1_100)
    expect(last()).toEqual([''])
  })

  it('says that nothing is seen when nothing has come in a second', async () => {
    publish('a')
    await pass(999)
    expect(sent).toEqual([])
    await pass(1)
    expect(last()).toEqual([''])
  })

  it('gets no pictures when it was hidden for some seconds, and all when it comes back', async () => {
    const a = publish('a')
    lay(a.attach(video()), 160)
    await pass(0)
    hide(true)
    await pass(2_900)
    hide(false)
    await pass(5_000)
    expect(sent).toHaveLength(1)
    hide(true)
    await pass(5_000)
    expect(last()).toEqual([''])
    hide(false)
    await pass(0)
    expect(last()).toEqual(['a 320'])
  })

  it('goes on with what floats above other pages', async () => {
    const [a, b] = [publish('a'), publish('b')]
    const floating = a.attach(video())
    lay(floating, 160)
    lay(b.attach(video()), 160)
    Object.defineProperty(document, 'pictureInPictureElement', { value: floating, configurable: true })
    hide(true)
    await pass(5_000)
    expect(last()).toEqual(['a 320'])
    Object.defineProperty(document, 'pictureInPictureElement', { value: null, configurable: true })
  })

  it('goes on with what is in a window of its own, whose size nobody told', async () => {
    const a = publish('a')
    const own = document.implementation.createHTMLDocument()
    const element = own.body.appendChild(own.createElement('video'))
    Object.defineProperties(element, { clientWidth: { value: 200 }, clientHeight: { value: 100 } })
    vi.stubGlobal('documentPictureInPicture', { window: { document: own } })
    a.attach(element)
    hide(true)
    await pass(5_000)
    expect(last()).toEqual(['a 400'])
    vi.stubGlobal('documentPictureInPicture', { window: null })
    window.dispatchEvent(new Event('resize'))
    await pass(5_000)
    expect(last()).toEqual([''])
  })

  it('puts what is pinned first, and what is not subscribed nowhere', async () => {
    const [a, b, c, voice] = [publish('a'), publish('b'), publish('c'), publish('v', 'audio')]
    for (const [track, width] of [
      [a, 640],
      [b, 160],
      [c, 320],
    ] as const)
      lay(track.attach(video()), width)
    await pass(0)
    b.setPinned(true)
    c.setSubscribed(false)
    voice.setSubscribed(false)
    await pass(200)
    expect(last()).toEqual(['b 320! a 1280', 'c', 'v'])
    expect(needs).toEqual({ audio: 0, video: 2 })
    c.setSubscribed(true)
    voice.setSubscribed(true)
    await pass(200)
    expect(last()).toEqual(['b 320! a 1280 c 640'])
  })

  it('gets sound only if it wants so, at once', async () => {
    const a = publish('a')
    lay(a.attach(video()), 160)
    await pass(0)
    viewing.setAudioOnly(true)
    expect(last()).toEqual([''])
    viewing.setAudioOnly(false)
    await pass(200)
    expect(last()).toEqual(['a 320'])
  })

  it('says it again on every link, and later if it was too much', async () => {
    const a = publish('a')
    lay(a.attach(video()), 160)
    await pass(0)
    viewing.unlinked()
    linked = false
    lay([...a.elements][0] as Element, 640)
    await pass(5_000)
    linked = true
    viewing.linked()
    await pass(0)
    expect(last()).toEqual(['a 1280'])
    viewing.refused(700)
    await pass(600)
    expect(sent).toHaveLength(2)
    await pass(100)
    expect(sent).toHaveLength(3)
  })

  it('tells nothing of who left', async () => {
    const [a, b] = [publish('a'), publish('b')]
    for (const track of [a, b]) lay(track.attach(video()), 160)
    await pass(0)
    tracks = [b]
    viewing.unpublished(a)
    a.detach()
    await pass(5_000)
    expect(sent).toHaveLength(1)
  })
})

describe('a page that attaches what is subscribed', () => {
  beforeEach(() => begin(true))

  it('tells nothing as long as it shows nothing: it is sent all there is', async () => {
    publish('a')
    publish('v', 'audio')
    await pass(5_000)
    expect(sent).toEqual([])
    expect(needs).toEqual({ audio: 1, video: 1 })
  })

  it('then is sent what it shows, and what it could not attach yet', async () => {
    const a = publish('a')
    lay(a.attach(video()), 160)
    publish('b')
    await pass(0)
    expect(last()).toEqual(['a 320 b 0'])
    hide(true)
    await pass(5_000)
    expect(last()).toEqual([''])
  })

  it('is not sent what it detached', async () => {
    const [a, b] = [publish('a'), publish('b')]
    for (const track of [a, b]) lay(track.attach(video()), 160)
    a.detach()
    await pass(1_100)
    expect(last()).toEqual(['b 320'])
  })
})

describe('a program that takes tracks as they are', () => {
  it('gets those that it asked for, also while hidden', async () => {
    begin(false)
    publish('a').setSubscribed(true)
    publish('b')
    await pass(0)
    expect(last()).toEqual(['a 0'])
    hide(true)
    await pass(10_000)
    expect(sent).toHaveLength(1)
  })
})

describe('an element that is in no page', () => {
  const away = () => {
    const element = video()
    element.remove()
    return element
  }

  it('has no size, and is sent to whoever asks for it, or attaches what is subscribed', async () => {
    begin(false)
    const a = publish('a')
    a.attach(away())
    publish('b').attach(away())
    a.setSubscribed(true)
    await pass(0)
    expect(last()).toEqual(['a 0'])
    viewing.close()
    begin(true)
    tracks = []
    sent = []
    publish('c').attach(away())
    lay(publish('d').attach(video()), 160)
    await pass(0)
    expect(last()).toEqual(['d 320 c 0'])
  })
})

describe('a browser that cannot say what is seen', () => {
  it('shows all that is attached', async () => {
    vi.stubGlobal('IntersectionObserver', undefined)
    begin(false)
    publish('a').attach(video())
    publish('b')
    await pass(0)
    expect(last()).toEqual(['a 0'])
  })
})
