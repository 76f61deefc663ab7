import { describe, expect, it } from 'vitest'
import { udpServers, withoutUdp } from '../src/reach'
import { routeOf } from '../src/route'

const report = (...entries: Record<string, unknown>[]) =>
  new Map(entries.map((e) => [e.id, e])) as unknown as RTCStatsReport

const local = { id: 'L', type: 'local-candidate', candidateType: 'host', protocol: 'udp' }
const pair = {
  id: 'P',
  type: 'candidate-pair',
  localCandidateId: 'L',
  bytesReceived: 7,
  responsesReceived: 2,
}
const transport = { id: 'T', type: 'transport', selectedCandidatePairId: 'P' }

describe('the route of media', () => {
  it('is that of the pair in use, as Chromium says it and as Firefox does', () => {
    expect(routeOf(report(transport, pair, local))?.way).toBe('udp')
    expect(routeOf(report({ ...pair, selected: true }, { ...local, protocol: 'tcp' }))?.way).toBe('tcp')
    expect(routeOf(report(transport, pair, { ...local, candidateType: 'relay' }))?.way).toBe('relay')
    expect(routeOf(report(pair, local))).toBeUndefined()
  })

  it('has another mark when something has come', () => {
    const mark = (more: Record<string, unknown>) =>
      routeOf(report(transport, { ...pair, ...more }, local))?.mark
    expect(mark({})).toBe(mark({ bytesSent: 100 }))
    expect(mark({ bytesReceived: 8 })).not.toBe(mark({}))
    expect(mark({ responsesReceived: 3 })).not.toBe(mark({}))
  })
})

const answer = [
  'v=0',
  'a=candidate:1 1 udp 2130706431 203.0.113.2 443 typ host ufrag x',
  'a=candidate:1 2 udp 2130706431 203.0.113.2 443 typ host ufrag x',
  'a=candidate:2 1 udp 2130706431 2001:db8::2 443 typ host',
  'a=candidate:3 1 tcp 1671430143 203.0.113.2 443 typ host tcptype passive',
  'a=candidate:relayed0 1 udp 1 198.18.0.1 443 typ host',
  'a=end-of-candidates',
  '',
].join('\r\n')

describe('the addresses in an answer', () => {
  const own = { urls: ['turns:test:443?transport=tcp'], username: 'ada', credential: 'word' }

  it('are TURN servers by UDP, with the credentials that the server gives first', () => {
    const urls = ['turn:203.0.113.2:443?transport=udp', 'turn:[2001:db8::2]:443?transport=udp']
    expect(udpServers(answer, [own, { urls: ['turn:other'], username: 'x', credential: 'y' }])).toEqual([
      { urls, username: 'ada', credential: 'word' },
    ])
    expect(udpServers(answer, [])).toEqual([])
    expect(udpServers('v=0\r\n', [own])).toEqual([])
  })

  it('can do without UDP, but for what only a relay reaches', () => {
    expect(withoutUdp(answer).split('\r\n')).toEqual([
      'v=0',
      'a=candidate:3 1 tcp 1671430143 203.0.113.2 443 typ host tcptype passive',
      'a=candidate:relayed0 1 udp 1 198.18.0.1 443 typ host',
      'a=end-of-candidates',
      '',
    ])
  })
})
