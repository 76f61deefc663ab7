// The server's answer, and what of it each attempt is to see.

import type { Candidate } from './facts'

const LINE = /^a=candidate:\S+ 1 (udp|tcp) \d+ (\S+) (\d+) typ /iu

const read = (line: string): Candidate | undefined => {
  const [, protocol, address, port] = LINE.exec(line) ?? []
  if (protocol === undefined || address === undefined) return undefined
  return { protocol: protocol.toLowerCase() === 'tcp' ? 'tcp' : 'udp', address, port: Number(port) }
}

// A name that only the server's own TURN knows (198.18.0.0/15, 2001:2::/48).
export const hidden = (address: string): boolean => /^(?:198\.1[89]\.|2001:2:)/u.test(address)

export const isPrivate = (address: string): boolean =>
  /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|f[cd][0-9a-f]{2}:)/iu.test(address)

export const inward = (address: string): boolean =>
  isPrivate(address) || /^(?:127\.|169\.254\.|::1$|fe80:)/iu.test(address)

export const candidatesOf = (sdp: string): Candidate[] => {
  const all = new Map<string, Candidate>()
  for (const line of sdp.split(/\r?\n/u)) {
    const c = read(line)
    if (c !== undefined) all.set(`${c.protocol} ${c.address} ${String(c.port)}`, c)
  }
  return [...all.values()]
}

// This machine itself, where Firefox does not go for media.
export const loopback = (address: string): boolean => /^(?:127\.|::1$|\[::1\]$|localhost$)/u.test(address)

// The answer with those candidates alone that may be used. `at` puts another address in their place.
export const only = (sdp: string, may: (c: Candidate) => boolean, at?: string): string =>
  sdp
    .split('\r\n')
    .flatMap((line) => {
      const c = read(line)
      if (c === undefined) return [line]
      if (!may(c)) return []
      return [at === undefined ? line : line.replace(` ${c.address} `, ` ${at} `)]
    })
    .join('\r\n')
