// What the facts mean. The codes are those of `parlor doctor`; docs/doctor.md explains each.

import { strings } from '../strings'
import { hidden, inward, isPrivate, loopback } from './answer'
import type { Attempt, Facts, Relay } from './facts'

export type State = 'works' | 'fails' | 'untried'

export interface Check {
  name: string
  state: State
  detail: string
}

export interface Finding {
  code: string
  cause: string
  remedy: string
  // Of the configuration.
  line?: string
  // Something to know, not to mend.
  note?: true
}

export interface Report {
  checks: Check[]
  findings: Finding[]
}

// How far clocks may differ: what tokens allow.
const CLOCK_MS = 30_000
// What must lie between two events that were sent a second apart.
const GAP_MS = 500

const detail = (a: Attempt): string =>
  a.outcome === 'works' ? strings.doctor.took(a.ms) : (a.reason ?? strings.doctor.outcomes[a.outcome])

const stateOf = (a: Attempt): State =>
  a.outcome === 'works' ? 'works' : a.outcome === 'untried' ? 'untried' : 'fails'

export const diagnose = (f: Facts): Report => {
  const r: Report = { checks: [], findings: [] }
  const find = (code: keyof typeof strings.doctor.causes, about: string, line?: string, note?: true) => {
    const { cause, remedy } = strings.doctor.causes[code]
    r.findings.push({
      code,
      cause: cause(about),
      remedy,
      ...(line !== undefined && { line }),
      ...(note && { note }),
    })
  }
  const has = (...codes: string[]) => r.findings.some((x) => codes.includes(x.code))
  const check = (name: string, state: State, text: string) => r.checks.push({ name, state, detail: text })

  check(strings.doctor.names.page, f.secure ? 'works' : 'fails', f.origin)
  if (!f.secure) find('insecure', f.origin, certificateLine(f.host))

  if (f.clock === undefined) check(strings.doctor.names.clock, 'untried', strings.doctor.unknown)
  else {
    const apart = Math.abs(f.clock)
    check(
      strings.doctor.names.clock,
      apart > CLOCK_MS ? 'fails' : 'works',
      strings.doctor.clock(f.clock, CLOCK_MS),
    )
    if (apart > CLOCK_MS) find('clock', strings.doctor.clock(f.clock, CLOCK_MS))
  }

  const own = f.post.code !== 'origin'
  check(strings.doctor.names.origin, own ? 'works' : 'fails', f.origin)
  if (!own) find('host_header', f.origin, `allowed-origins: ${f.origin}`)

  check(strings.doctor.names.webSocket, stateOf(f.webSocket), detail(f.webSocket))
  if (stateOf(f.webSocket) === 'fails' && own) find('websocket_blocked', '', strings.doctor.upgradeLine)

  const buffered = f.stream.outcome === 'works' && f.stream.gap < GAP_MS
  check(
    strings.doctor.names.stream,
    buffered ? 'fails' : stateOf(f.stream),
    buffered
      ? strings.doctor.atOnce
      : f.stream.outcome === 'works'
        ? strings.doctor.asSaid
        : detail(f.stream),
  )
  if (buffered) find('stream_buffered', '', 'proxy_buffering off;')
  else if (stateOf(f.stream) === 'fails' && own) find('stream_blocked', '', 'proxy_read_timeout 1h;')

  const through = f.post.outcome === 'works'
  check(strings.doctor.names.post, stateOf(f.post), detail(f.post))
  if (!through) find('post_blocked', f.post.status === undefined ? detail(f.post) : String(f.post.status))

  media(f, check, find, has)
  r.findings.sort((a, b) => Number(a.note ?? false) - Number(b.note ?? false))
  return r
}

// Authorities give none for addresses.
const certificateLine = (host: string): string =>
  /^[\d.]+$|:/u.test(host) ? 'tls-cert: FILE\ntls-key: FILE' : `acme-domains: ${host}`

type Checking = (name: string, state: State, text: string) => void
type Find = (code: keyof typeof strings.doctor.causes, about: string, line?: string, note?: true) => void

// The ways of sound, pictures and data channels, which need a participant.
const media = (f: Facts, check: Checking, find: Find, has: (...codes: string[]) => boolean): void => {
  const skip = (why: string) => {
    for (const name of [strings.doctor.names.udp, strings.doctor.names.tcp, strings.doctor.names.turn])
      check(name, 'untried', why)
  }
  if (!f.webrtc) {
    skip(strings.doctor.noWebRTC)
    find('no_webrtc', '')
    return
  }
  if (f.post.outcome !== 'works' || f.refused === 'origin') {
    skip(strings.doctor.notIn)
    return
  }
  if (f.refused !== undefined) {
    const wanted = ['unauthorized', 'token_expired', 'not_allowed'].includes(f.refused)
    skip(wanted ? strings.doctor.wanted : f.refused)
    if (!wanted) find('server_refuses', f.refused)
    else if (!f.token) find('token_missing', '')
    else if (!has('clock')) find('token_refused', f.refused)
    return
  }
  const announced = f.candidates.filter((c) => !hidden(c.address))
  const addresses = [...new Set(announced.map((c) => c.address))].join(', ')
  const veiled =
    f.browser === 'chromium' &&
    announced.length > 0 &&
    announced.every((c) => isPrivate(c.address) && c.port < 1024)
  const answers = f.udp.outcome === 'works' || f.tcp.outcome === 'works'
  const lost = !answers && !veiled && announced.length > 0
  const inside = announced.every((c) => inward(c.address)) && !inward(f.host) && f.host !== 'localhost'

  check(strings.doctor.names.external, lost ? 'fails' : answers ? 'works' : 'untried', addresses)
  if (lost && (f.elsewhere !== undefined || inside))
    find('external_ip', addresses, `external-ip: ${f.elsewhere ?? 'ADDRESS'}`)

  for (const protocol of ['udp', 'tcp'] as const) {
    const attempt = f[protocol]
    const at = announced.filter((c) => c.protocol === protocol)
    const away = f.browser === 'firefox' && at.every((c) => loopback(c.address))
    const why = veiled
      ? strings.doctor.veiled
      : away && attempt.outcome !== 'works'
        ? strings.doctor.away
        : undefined
    check(
      strings.doctor.names[protocol],
      why === undefined ? stateOf(attempt) : 'untried',
      why ?? detail(attempt),
    )
    if (stateOf(attempt) !== 'fails' || why !== undefined || has('external_ip')) continue
    const port = String(at[0]?.port)
    find(`${protocol}_closed`, port, `${protocol === 'udp' ? 'udp' : 'listen'}: :${port}`)
  }

  if (f.relays.length === 0) {
    check(strings.doctor.names.turn, 'untried', strings.doctor.noTurn)
    find('turn_off', '', 'turn: true', true)
  }
  for (const relay of f.relays) {
    if (relay.stage !== 'works' && f.browser === 'firefox' && loopback(hostOf(relay.url))) {
      check(`TURN/${relay.transport.toUpperCase()}`, 'untried', `${relay.url}, ${strings.doctor.away}`)
      continue
    }
    const text =
      relay.stage === 'works'
        ? strings.doctor.took(relay.ms)
        : (relay.reason ?? strings.doctor.stages[relay.stage])
    const state = relay.stage === 'works' ? 'works' : relay.stage === 'untried' ? 'untried' : 'fails'
    check(`TURN/${relay.transport.toUpperCase()}`, state, `${relay.url}, ${text}`)
    const code = turnCode(relay)
    if (code === undefined || explained(relay, has)) continue
    const line = relay.own ? 'turn-host: HOST:PORT' : `turn-servers: ${relay.url}`
    if (!has(code)) find(code, relay.url, code === 'turn_secret' && !relay.own ? 'turn-secret: SECRET' : line)
  }
  if (!veiled) return
  const carried = f.relays.some((x) => x.stage === 'works' && x.transport !== 'udp')
  find('chromium_port', addresses, 'udp: :8443', carried ? true : undefined)
}

// Of turn:HOST:PORT?transport=….
const hostOf = (url: string): string => url.replace(/^turns?:/u, '').replace(/:\d+(?:\?.*)?$/u, '')

const turnCode = (relay: Relay) =>
  ({
    untried: undefined,
    works: undefined,
    unreached: 'turn_closed',
    refused: 'turn_secret',
    denied: 'turn_denied',
  })[relay.stage] as 'turn_closed' | 'turn_secret' | 'turn_denied' | undefined

// Whether something that was found already is why a relay does not work.
const explained = (relay: Relay, has: (...codes: string[]) => boolean): boolean =>
  relay.own
    ? relay.stage === 'unreached' && has('external_ip', 'tcp_closed', 'host_header')
    : relay.stage === 'denied' && has('external_ip', 'udp_closed')
