import { describe, expect, it } from 'vitest'
import { candidatesOf, hidden, inward, loopback, only } from './answer'
import { roomOf } from './entrance'

const sdp = [
  'v=0',
  'a=candidate:1 1 udp 2130706431 203.0.113.7 443 typ host',
  'a=candidate:1 1 udp 2130706431 203.0.113.7 443 typ host',
  'a=candidate:2 1 tcp 1671430143 203.0.113.7 443 typ host tcptype passive',
  'a=candidate:relayed0 1 udp 1 198.18.0.1 443 typ host',
  'a=end-of-candidates',
  '',
].join('\r\n')

describe('an answer', () => {
  it('says where media is had', () => {
    expect(candidatesOf(sdp)).toEqual([
      { protocol: 'udp', address: '203.0.113.7', port: 443 },
      { protocol: 'tcp', address: '203.0.113.7', port: 443 },
      { protocol: 'udp', address: '198.18.0.1', port: 443 },
    ])
  })

  it('is cut down to one way', () => {
    const tcp = only(sdp, (c) => c.protocol === 'tcp')
    expect(candidatesOf(tcp)).toHaveLength(1)
    expect(tcp).toMatch(/^v=0\r\na=candidate:2 .*\r\na=end-of-candidates\r\n$/u)
  })

  it('is sent to another address', () => {
    expect(only(sdp, (c) => c.protocol === 'tcp', '192.0.2.9')).toContain('tcp 1671430143 192.0.2.9 443 typ')
  })

  it('tells addresses apart', () => {
    for (const ip of ['198.18.0.1', '198.19.255.1', '2001:2::5']) expect(hidden(ip)).toBe(true)
    for (const ip of ['198.20.0.1', '2001:20::5', '203.0.113.7']) expect(hidden(ip)).toBe(false)
    for (const ip of ['10.1.2.3', '172.31.0.1', '192.168.1.1', 'fd00::2', '127.0.0.1', '::1', 'fe80::1'])
      expect(inward(ip)).toBe(true)
    for (const ip of ['172.32.0.1', '203.0.113.7', '2001:db8::1', 'f1.example'])
      expect(inward(ip)).toBe(false)
    for (const ip of ['127.0.0.2', '::1', '[::1]', 'localhost']) expect(loopback(ip)).toBe(true)
  })
})

describe('the room of a token', () => {
  it('is what it says, and else the doctor’s', () => {
    const token = (claims: unknown) => `e30.${btoa(JSON.stringify(claims)).replaceAll('=', '')}.c2ln`
    expect(roomOf(token({ video: { room: 'maths' } }))).toBe('maths')
    for (const bad of ['', 'x', 'a.b.c', token({}), token({ video: { room: 5 } }), token(null)])
      expect(roomOf(bad)).toBe('parlor-doctor')
  })
})
