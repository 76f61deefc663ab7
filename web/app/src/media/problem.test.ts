import { describe, expect, it } from 'vitest'
import { browserOf, problemOf } from './problem'

const thrown = (name: string, message = '') => new DOMException(message, name)

describe('problemOf', () => {
  it.each([
    [thrown('NotAllowedError', 'Permission denied'), 'denied'],
    [thrown('NotAllowedError', 'Permission dismissed'), 'dismissed'],
    [thrown('NotAllowedError', 'Permission denied by system'), 'system'],
    [thrown('NotFoundError', 'Requested device not found'), 'missing'],
    [thrown('NotFoundError', 'The object can not be found here. (system)'), 'system'],
    [thrown('NotReadableError', 'Could not start video source'), 'busy'],
    [thrown('AbortError', 'Starting videoinput failed'), 'busy'],
    [new TypeError('undefined is not a function'), 'unsupported'],
    [new Error('?'), 'failed'],
    ['?', 'failed'],
  ])('%s', (error, problem) => {
    expect(problemOf(error)).toBe(problem)
  })
})

describe('browserOf', () => {
  it.each([
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
      0,
      'chrome',
    ],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0', 0, 'firefox'],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15',
      0,
      'safari',
    ],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15',
      5,
      'ios',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 CriOS/156 Mobile/15E148 Safari/604.1',
      5,
      'ios',
    ],
    ['curl', 0, 'other'],
  ])('%s', (agent, touch, browser) => {
    expect(browserOf(agent, touch)).toBe(browser)
  })
})
