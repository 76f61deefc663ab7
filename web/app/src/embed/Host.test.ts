// @vitest-environment jsdom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Host, Refusal } from './Host'

const PAGE = 'https://school.example'
const said = vi.fn()
const around = { postMessage: said } as unknown as Window
let host: Host

const begin = () => {
  said.mockClear()
  host = new Host(around)
}

const hear = (data: object, { source = around, origin = PAGE } = {}) =>
  dispatchEvent(new MessageEvent('message', { data: { parlor: 1, ...data }, origin, source }))

const answer = async () => {
  await vi.waitFor(() => expect(said.mock.lastCall?.[0]).toMatchObject({ type: 'answer' }))
  return said.mock.lastCall
}

afterEach(() => host.close())

describe('the page around', () => {
  it('is told nothing but that we are here until it spoke', () => {
    begin()
    expect(said).toHaveBeenCalledExactlyOnceWith(
      { parlor: 1, type: 'event', event: 'ready', detail: {} },
      '*',
    )
    host.tell('reconnecting', {})
    expect(said).toHaveBeenCalledTimes(1)
    hear({ type: 'begin', invitation: { name: 'Ada' } })
    expect(host.invitation.get()?.name).toBe('Ada')
    host.tell('reconnecting', {})
    expect(said).toHaveBeenLastCalledWith(
      { parlor: 1, type: 'event', event: 'reconnecting', detail: {} },
      PAGE,
    )
  })

  it('is our parent alone, and stays of one origin', async () => {
    begin()
    hear({ type: 'begin', invitation: { name: 'Eve' } }, { source: window })
    expect(host.invitation.get()).toBeUndefined()
    hear({ type: 'begin', invitation: { name: 'Ada' } })
    hear({ type: 'begin', invitation: { name: 'Eve' } }, { origin: 'https://other.example' })
    expect(host.invitation.get()?.name).toBe('Ada')
    const leave = vi.fn()
    host.serve({ leave })
    hear({ type: 'call', call: 1, command: 'leave', args: [] }, { origin: 'https://other.example' })
    hear({ type: 'call', call: 1, command: 'leave', args: [] }, { source: window })
    expect(leave).not.toHaveBeenCalled()
    hear({ type: 'call', call: 1, command: 'leave', args: [] })
    expect(leave).toHaveBeenCalledOnce()
  })

  it('may not command before it began', () => {
    begin()
    const leave = vi.fn()
    host.serve({ leave })
    hear({ type: 'call', call: 1, command: 'leave', args: [] })
    expect(leave).not.toHaveBeenCalled()
  })

  it('is answered, with what came of it or why nothing did', async () => {
    begin()
    hear({ type: 'begin', invitation: {} })
    host.serve({
      double: (n) => Promise.resolve(Number(n) * 2),
      refuse: () => {
        throw new Refusal('not_joined', 'nobody')
      },
    })
    hear({ type: 'call', call: 1, command: 'double', args: [4] })
    expect(await answer()).toEqual([{ parlor: 1, type: 'answer', call: 1, value: 8 }, PAGE])
    said.mockClear()
    hear({ type: 'call', call: 2, command: 'refuse', args: [] })
    expect((await answer())?.[0]).toMatchObject({ call: 2, error: { code: 'not_joined', message: 'nobody' } })
    said.mockClear()
    hear({ type: 'call', call: 3, command: 'toString', args: [] })
    expect((await answer())?.[0]).toMatchObject({ call: 3, error: { code: 'bad_message' } })
  })
})
