import { describe, expect, it } from 'vitest'
import { diagnose } from './diagnose'
import type { Facts, Relay } from './facts'

const works = { outcome: 'works', ms: 12 } as const
const silent = { outcome: 'silent', ms: 8000 } as const
const refused = { outcome: 'refused', ms: 12 } as const

const own: Relay = {
  url: 'turns:call.example.org:443?transport=tcp',
  transport: 'tls',
  own: true,
  stage: 'works',
  ms: 40,
}
const coturn: Relay = {
  url: 'turn:turn.example.org:3478?transport=udp',
  transport: 'udp',
  own: false,
  stage: 'works',
  ms: 40,
}

const at = (address: string, port = 443): Facts['candidates'] => [
  { protocol: 'udp', address, port },
  { protocol: 'tcp', address, port },
]

const healthy: Facts = {
  origin: 'https://call.example.org',
  host: 'call.example.org',
  secure: true,
  webrtc: true,
  browser: 'chromium',
  clock: 400,
  webSocket: works,
  stream: { ...works, gap: 1000 },
  post: works,
  refused: undefined,
  token: false,
  candidates: at('203.0.113.7'),
  udp: works,
  tcp: works,
  elsewhere: undefined,
  relays: [own, coturn],
}

describe('diagnose', () => {
  // What is only to be known has a +.
  it.each<[string, Partial<Facts>, string]>([
    ['nothing', {}, ''],
    ['http', { secure: false }, 'insecure'],
    ['clock', { clock: -3_600_000 }, 'clock'],
    [
      'clock, and so the token',
      { clock: 3_600_000, refused: 'token_expired', token: true, post: works },
      'clock',
    ],
    [
      'host not passed on',
      {
        post: { ...works, code: 'origin', status: 403 },
        refused: 'origin',
        webSocket: refused,
        stream: { ...refused, gap: 0 },
      },
      'host_header',
    ],
    ['no WebSockets', { webSocket: refused }, 'websocket_blocked'],
    ['buffered', { stream: { ...works, gap: 3 } }, 'stream_buffered'],
    ['streams are ended', { stream: { ...silent, gap: 0 } }, 'stream_blocked'],
    ['no POST', { post: { ...refused, status: 405 } }, 'post_blocked'],
    ['no WebRTC', { webrtc: false }, 'no_webrtc'],
    ['no token', { refused: 'unauthorized' }, 'token_missing'],
    ['a wrong token', { refused: 'unauthorized', token: true }, 'token_refused'],
    ['full', { refused: 'room_full' }, 'server_refuses'],
    [
      'another address',
      { udp: silent, tcp: silent, elsewhere: '203.0.113.8', relays: [{ ...own, stage: 'unreached' }] },
      'external_ip',
    ],
    ['a private address', { udp: silent, tcp: silent, candidates: at('10.0.0.4', 8443) }, 'external_ip'],
    ['UDP', { udp: silent, relays: [own, { ...coturn, stage: 'denied' }] }, 'udp_closed'],
    ['TCP', { tcp: silent, relays: [{ ...own, stage: 'unreached' }] }, 'tcp_closed'],
    ['UDP and TCP', { udp: silent, tcp: silent }, 'udp_closed tcp_closed'],
    ['own TURN', { relays: [{ ...own, stage: 'unreached' }] }, 'turn_closed'],
    ['another secret', { relays: [own, { ...coturn, stage: 'refused' }] }, 'turn_secret'],
    ['another TURN does not get here', { relays: [own, { ...coturn, stage: 'denied' }] }, 'turn_denied'],
    ['no TURN', { relays: [] }, '+turn_off'],
    ['Chromium by TURN', { candidates: at('10.0.0.4'), udp: silent, tcp: silent }, '+chromium_port'],
    [
      'Chromium not at all',
      { candidates: at('10.0.0.4'), udp: silent, tcp: silent, relays: [] },
      'chromium_port +turn_off',
    ],
    ['not Chromium', { candidates: at('10.0.0.4'), browser: 'firefox' }, ''],
    [
      'Firefox and this machine',
      { candidates: at('127.0.0.1', 8080), tcp: silent, browser: 'firefox', host: 'localhost' },
      '',
    ],
  ])('%s', (_, facts, want) => {
    const { checks, findings } = diagnose({ ...healthy, ...facts })
    expect(findings.map((f) => (f.note ? '+' : '') + f.code).join(' ')).toBe(want)
    expect(findings.every((f) => f.cause !== '' && f.remedy !== '')).toBe(true)
    expect(checks.length).toBeGreaterThanOrEqual(9)
  })

  it('says of each way that failed that it did', () => {
    const { checks } = diagnose({ ...healthy, udp: silent, stream: { ...works, gap: 0 } })
    expect(checks.filter((c) => c.state === 'fails').map((c) => c.name)).toEqual([
      'Server-sent events',
      'UDP',
    ])
  })
})
