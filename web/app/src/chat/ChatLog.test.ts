import { describe, expect, it } from 'vitest'
import { ChatLog, LONGEST, type Post, textOf, type Upload } from './ChatLog'

const ada = { id: 'p_a', name: 'Ada' }
const me = { id: 'p_me', name: 'Me' }
const at = (offset: number) => ({ offset, sentAt: new Date(offset) })

const noUpload = () => Promise.reject(new Error('there is no file'))

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
    await log.again(failed?.key ?? '', noUpload, () => Promise.resolve({ offset: 9 }))
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

  it('sends files one after the other, says how far each is, and tells of it where it is then', async () => {
    const log = new ChatLog()
    const posted: unknown[] = []
    const steps: string[] = []
    log.state.subscribe(() =>
      steps.push(
        log.state
          .get()
          .messages.map((m) => m.progress ?? m.state)
          .join(),
      ),
    )
    const upload: Upload = (file, { onProgress }) => {
      steps.push(`begins ${file.name}`)
      onProgress(file.size, file.size)
      return Promise.resolve({
        id: `id-${file.name}`,
        name: `clean ${file.name}`,
        type: 'image/png',
        size: file.size,
      })
    }
    const post: Post = (_, data) => Promise.resolve({ offset: posted.push(data) })
    await Promise.all([
      log.sendFile(new File(['x'], 'a'), me, upload, post),
      log.sendFile(new File(['xy'], 'b'), me, upload, post),
    ])
    expect(steps).toEqual(['0', '0,0', 'begins a', '1,0', 'sent,0', 'begins b', 'sent,1', 'sent,sent'])
    expect(posted).toEqual([
      { text: 'clean a', file: { id: 'id-a', name: 'clean a', type: 'image/png', size: 1 } },
      { text: 'clean b', file: { id: 'id-b', name: 'clean b', type: 'image/png', size: 2 } },
    ])
  })

  it('says why a file was not sent, and sends it or tells of it again: not the one for the other', async () => {
    const log = new ChatLog()
    let uploads = 0
    const put = { id: 'x', name: 'a', type: '', size: 1 }
    const full: Upload = () => Promise.reject(Object.assign(new Error('full'), { code: 'storage_full' }))
    const upload: Upload = () => Promise.resolve((uploads++, put))
    const deaf: Post = () => Promise.reject(new Error('no'))
    await log.sendFile(new File(['x'], 'a'), me, full, deaf)
    const last = () => log.state.get().messages[0]
    expect([last()?.state, last()?.failure]).toEqual(['failed', 'storage_full'])
    await log.again(last()?.key ?? '', upload, deaf)
    expect([last()?.state, last()?.file?.id, uploads]).toEqual(['failed', 'x', 1])
    await log.again(last()?.key ?? '', upload, () => Promise.resolve({ offset: 3 }))
    expect([last()?.state, last()?.failure, uploads]).toEqual(['sent', undefined, 1])
  })

  it('takes back a file that is on its way, or waits for that', async () => {
    const log = new ChatLog()
    let given: AbortSignal | undefined
    const upload: Upload = (_, { signal }) =>
      new Promise((_, reject) => {
        given = signal
        signal.addEventListener('abort', () => reject(new Error('aborted')))
      })
    const both = ['a', 'b'].map((name) =>
      log.sendFile(new File(['x'], name), me, upload, () => Promise.reject(new Error())),
    )
    await Promise.resolve()
    log.drop(log.state.get().messages[1]?.key ?? '')
    log.drop(log.state.get().messages[0]?.key ?? '')
    await Promise.all(both)
    expect([given?.aborted, log.state.get().messages]).toEqual([true, []])
  })

  it('shows the files of others and of before', () => {
    const log = new ChatLog()
    const file = { id: 'x', name: 'a.png', type: 'image/png', size: 3 }
    log.receive({ text: 'other words', file }, ada, at(2))
    log.remember([{ ...at(1), data: { file }, from: ada }], me.id)
    expect(log.state.get().messages.map((m) => [m.text, m.file])).toEqual([
      ['a.png', file],
      ['a.png', file],
    ])
    expect(log.state.get().unread).toBe(1)
  })

  it('takes nothing that is no message', () => {
    for (const data of [null, undefined, 'text', 7, {}, { text: 7 }, { text: '  ' }, []])
      expect(textOf(data)).toBeUndefined()
    expect(textOf({ text: 'x'.repeat(LONGEST + 5) })).toHaveLength(LONGEST)
  })
})
