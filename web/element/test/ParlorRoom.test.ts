// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ParlorRoom, ParlorRoomError } from '../src/index'

const HOST = 'https://your.host'

let room: ParlorRoom
let said: ReturnType<typeof vi.fn<(message: unknown, origin: unknown) => void>>

const frame = () => {
  const found = room.shadowRoot?.querySelector('iframe')
  if (!found) throw new Error('there is no frame')
  return found
}

// The frames of jsdom load nothing, and those in a shadow have no window at all.
const inside = (): unknown => {
  const around = frame()
  if (around.contentWindow === null) {
    const value = { postMessage: said }
    Object.defineProperty(around, 'contentWindow', { value })
  }
  return around.contentWindow
}

const hear = (data: object, { source = inside(), origin = HOST } = {}) => {
  const event = new MessageEvent('message', { data: { parlor: 1, ...data }, origin })
  Object.defineProperty(event, 'source', { value: source })
  dispatchEvent(event)
}

const ready = () => hear({ type: 'event', event: 'ready', detail: {} })

beforeEach(() => {
  document.body.innerHTML = `<parlor-room room="demo" url="${HOST}" token="secret" name="Ada"></parlor-room>`
  room = document.querySelector('parlor-room') as ParlorRoom
  said = vi.fn<(message: unknown, origin: unknown) => void>()
})

afterEach(() => {
  document.body.replaceChildren()
  vi.useRealTimers()
})

describe('<parlor-room>', () => {
  it('shows the room, without its token in the address, and gives what it needs', () => {
    expect(frame().src).toBe(`${HOST}/embed/demo?controlled=`)
    expect(frame().allow).toMatch(/^camera; microphone; display-capture; fullscreen; autoplay/u)
    expect(frame().title).toBe('demo')
  })

  it('is light or dark as it is told, without being loaded anew', () => {
    const before = frame()
    room.setAttribute('theme', 'dark')
    expect(frame()).toBe(before)
    expect(before.style.colorScheme).toBe('dark')
    room.setAttribute('theme', 'pink')
    expect(before.style.colorScheme).toBe('')
  })

  it('says with what one goes in, to the server alone, when the room is ready and when it changes', () => {
    room.setAttribute('name', 'Eve')
    expect(said).not.toHaveBeenCalled()
    ready()
    const invitation = { token: 'secret', name: 'Eve', join: false, microphone: false, camera: false }
    expect(said).toHaveBeenCalledExactlyOnceWith({ parlor: 1, type: 'begin', invitation }, HOST)
    room.setAttribute('token', 'newer')
    expect(said).toHaveBeenLastCalledWith(
      { parlor: 1, type: 'begin', invitation: { ...invitation, token: 'newer' } },
      HOST,
    )
  })

  it('tells what it is told, and nothing that somebody else says', () => {
    const left = vi.fn()
    room.addEventListener('left', ({ detail }) => left(detail.reason))
    const message = { type: 'event', event: 'left', detail: { reason: 'removed' } }
    hear(message, { origin: 'https://your.host.example' })
    hear(message, { source: window })
    hear({ ...message, parlor: 2 })
    expect(left).not.toHaveBeenCalled()
    hear(message)
    expect(left).toHaveBeenCalledExactlyOnceWith('removed')
  })

  it('asks, and gives what is answered', async () => {
    await expect(room.leave()).rejects.toMatchObject({ code: 'not_ready' })
    ready()
    const sent = room.sendMessage('note', { a: 1 }, { to: 'p_1' })
    expect(said).toHaveBeenLastCalledWith(
      { parlor: 1, type: 'call', call: 1, command: 'sendMessage', args: ['note', { a: 1 }, { to: 'p_1' }] },
      HOST,
    )
    const refused = room.setCameraEnabled(true)
    hear({ type: 'answer', call: 2, error: { code: 'not_joined', message: 'nobody' } })
    hear({ type: 'answer', call: 1, value: { offset: 9 } })
    await expect(sent).resolves.toEqual({ offset: 9 })
    await expect(refused).rejects.toBeInstanceOf(ParlorRoomError)
    await expect(refused).rejects.toMatchObject({ code: 'not_joined' })
  })

  it('asks no more than a thousand things at a time', async () => {
    ready()
    const all = Array.from({ length: 1000 }, () => room.sendChat('x'))
    await expect(room.sendChat('x')).rejects.toMatchObject({ code: 'busy' })
    room.remove()
    for (const { status } of await Promise.allSettled(all)) expect(status).toBe('rejected')
  })

  it('rejects what waits when it goes, and when another room is shown', async () => {
    ready()
    const left = room.leave()
    room.setAttribute('room', 'other')
    room.setAttribute('lang', 'de')
    await expect(left).rejects.toMatchObject({ code: 'left' })
    expect(frame().src).toBe(`${HOST}/embed/other?controlled=&lang=de`)
    room.remove()
    expect(room.shadowRoot?.querySelector('iframe')).toBeNull()
  })

  it('says that nothing is shown, if nothing says otherwise', () => {
    vi.useFakeTimers()
    const error = vi.fn()
    room.addEventListener('error', ({ detail }) => error(detail.code))
    frame().dispatchEvent(new Event('load'))
    vi.advanceTimersByTime(9_999)
    expect(error).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(error).toHaveBeenCalledExactlyOnceWith('not_shown')
  })
})
