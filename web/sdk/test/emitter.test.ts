import { afterEach, expect, it, vi } from 'vitest'
import { Emitter } from '../src/emitter'

interface Events {
  said: [word: string]
  done: []
}

class Source extends Emitter<Events> {
  say(word: string): void {
    this.emit('said', word)
  }
}

afterEach(() => {
  vi.restoreAllMocks()
})

it('calls who listens, in order, until they stop', () => {
  const source = new Source()
  const heard: string[] = []
  const first = (word: string) => heard.push(`1 ${word}`)
  source.on('said', first)
  const stop = source.on('said', (word) => heard.push(`2 ${word}`))
  source.say('a')
  source.off('said', first)
  source.say('b')
  stop()
  source.say('c')
  expect(heard).toEqual(['1 a', '2 a', '2 b'])
})

it('calls once only once, and off ends it before', () => {
  const source = new Source()
  const fn = vi.fn()
  source.once('said', fn)
  source.say('a')
  source.say('b')
  expect(fn.mock.calls).toEqual([['a']])
  source.once('said', fn)
  source.off('said', fn)
  source.say('c')
  expect(fn).toHaveBeenCalledTimes(1)
})

it('is not stopped by a listener that throws', () => {
  const report = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const source = new Source()
  const fn = vi.fn()
  source.on('said', () => {
    throw new Error('mine')
  })
  source.on('said', fn)
  source.say('a')
  expect(fn).toHaveBeenCalledWith('a')
  expect(report).toHaveBeenCalledTimes(1)
})

it('lets listeners come and go while an event is on its way', () => {
  const source = new Source()
  const heard: string[] = []
  const stop = source.on('said', () => {
    stop()
    source.on('said', (word) => heard.push(`late ${word}`))
  })
  source.on('said', (word) => heard.push(word))
  source.say('a')
  source.say('b')
  expect(heard).toEqual(['a', 'b', 'late b'])
})
