import { describe, expect, it } from 'vitest'
import { ChatLog, LONGEST, textOf } from './ChatLog'

const ada = { id: 'p_a', name: 'Ada' }
const me = { id: 'p_me', name: 'Me' }
const at = (offset: number) => ({ offset, sentAt: new Date(offset) })

const texts = (log: ChatLog) => log.state.get().messages.map((m) => `${m.text}/${m.state}`)

describe('ChatLog', () => {
  it('puts one’s own message at its place in the room’s order', async () => {
    const log = new ChatLog()
    let confirm: (value: { offset: number }) => void = () => undefined
    log.receive({ text: 'a' }, ada, at(1))
    const sent = log.send('mine', me, () => new Promise((resolve) => (confirm = resolve)))
    log.receive({ text: 'b' }, ada, at(3))
    expect(texts(log)).toEqual(['a/sent', 'b/sent', 'mine/pending'])
    confirm({ offset: 2 })
    await sent
    expect(texts(log)).toEqual(['a/sent', 'mine/sent', 'b/sent'])
  })

  it('says when a message was not sent, and sends it again', async () => {
    const log = new ChatLog()
    await log.send('x', me, () => Promise.reject(new Error('no')))
    expect(texts(log)).toEqual(['x/failed'])
    const [failed] = log.state.get().messages
    await log.again(failed?.key ?? '', () => Promise.resolve({ offset: 9 }))
    expect(texts(log)).toEqual(['x/sent'])
  })

  it('counts what came while it was closed', () => {
    const log = new ChatLog()
    log.receive({ text: 'a' }, ada, at(1))
    log.receive({ text: 'b' }, ada, at(2))
    expect(log.state.get().unread).toBe(2)
    log.setOpen(true)
    log.receive({ text: 'c' }, ada, at(3))
    expect(log.state.get().unread).toBe(0)
  })

  it('begins with what was written before, each message once and none of it news', async () => {
    const log = new ChatLog()
    let confirm: (value: { offset: number }) => void = () => undefined
    log.receive({ text: 'live' }, ada, at(4))
    const sent = log.send('mine', me, () => new Promise((resolve) => (confirm = resolve)))
    const kept = [2, 3, 4, 5].map((offset) => ({
      ...at(offset),
      data: { text: `kept ${offset}` },
      from: ada,
    }))
    log.remember([{ ...at(1), data: { text: 'mine before' }, from: me }, { ...at(0), data: 7, from: me }, ...kept], me.id) // prettier-ignore
    confirm({ offset: 5 })
    await sent
    expect(texts(log).map((t) => t.split('/')[0])).toEqual([
      'mine before',
      'kept 2',
      'kept 3',
      'live',
      'mine',
    ])
    expect(log.state.get().messages.map((m) => m.mine)).toEqual([true, false, false, false, true])
    expect(log.state.get().unread).toBe(1)
  })

  it('goes on behind what was there when the room begins anew, with offsets that were there already', async () => {
    const log = new ChatLog()
    let confirm: (value: { offset: number }) => void = () => undefined
    log.receive({ text: 'a' }, ada, at(2))
    log.receive({ text: 'b' }, ada, at(5))
    const sent = log.send('mine', me, () => new Promise((resolve) => (confirm = resolve)))
    log.beginAnew()
    log.receive({ text: 'c' }, ada, at(2))
    log.receive({ text: 'd' }, ada, at(4))
    log.remember([{ ...at(2), data: { text: 'c' }, from: ada }], me.id)
    confirm({ offset: 3 })
    await sent
    expect(texts(log)).toEqual(['a/sent', 'b/sent', 'c/sent', 'mine/sent', 'd/sent'])
    expect(new Set(log.state.get().messages.map((m) => m.key)).size).toBe(5)
  })

  it('takes nothing that is no message', () => {
    for (const data of [null, undefined, 'text', 7, {}, { text: 7 }, { text: '  ' }, []])
      expect(textOf(data)).toBeUndefined()
    expect(textOf({ text: 'x'.repeat(LONGEST + 5) })).toHaveLength(LONGEST)
  })
})
