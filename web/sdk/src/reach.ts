/** Relayed addresses of the server's own TURN server: names within it, which nobody can be reached at from outside. */
const names = /^(198\.1[89]\.|2001:2:)/

const most = 4

/**
 * The UDP addresses that an answer announces, as TURN servers: ours is one on the port of its media, and the first credentials it
 * gives are its own.
 */
export function udpServers(answer: string, iceServers: readonly RTCIceServer[]): RTCIceServer[] {
  const { username, credential } = iceServers[0] ?? {}
  if (username === undefined || credential === undefined) return []
  const urls = new Set<string>()
  for (const [, address = '', port] of answer.matchAll(
    /^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host/gim,
  )) {
    const host = address.includes(':') ? `[${address}]` : address
    if (!names.test(address)) urls.add(`turn:${host}:${port}?transport=udp`)
  }
  return urls.size > 0 ? [{ urls: [...urls].slice(0, most), username, credential }] : []
}

/** The answer without its UDP addresses, but for those that are reached by a relay only. */
export function withoutUdp(answer: string): string {
  return answer.replace(/^a=candidate:\S+ \d+ udp \d+ (\S+) .*\r?\n/gim, (line, address: string) =>
    names.test(address) ? line : '',
  )
}

/** Whether UDP gets through to one of these and back. It costs an allocation there for a moment, and no path anything. */
export function reaches(servers: RTCIceServer[], ms: number): Promise<boolean> {
  if (servers.length === 0) return Promise.resolve(false)
  return new Promise((resolve) => {
    let pc: RTCPeerConnection
    try {
      pc = new RTCPeerConnection({ iceServers: servers, iceTransportPolicy: 'relay' })
    } catch {
      resolve(false)
      return
    }
    const done = (through: boolean) => {
      clearTimeout(timer)
      pc.onicecandidate = null
      pc.close()
      resolve(through)
    }
    const timer = setTimeout(() => done(false), ms)
    pc.onicecandidate = ({ candidate }) => {
      if (!candidate) done(false)
      else if (candidate.candidate.includes(' typ relay')) done(true)
    }
    pc.createDataChannel('')
    pc.setLocalDescription().catch(() => done(false))
  })
}
