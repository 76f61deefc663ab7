/** What carries media: UDP, TCP, or a relay. */
export type Way = 'udp' | 'tcp' | 'relay'

/** Statistics of one thing. */
export type Fields = Record<string, unknown>

/** The pair of candidates in use. */
export interface Route {
  way: Way
  pair: Fields
  local: Fields
  /** It is another one whenever something has come, or another pair is in use. */
  mark: string
}

/** Reads it from the statistics of a PeerConnection; undefined: there is none. */
export function routeOf(report: RTCStatsReport): Route | undefined {
  const all = new Map<unknown, Fields>()
  let pair: Fields | undefined
  let named: unknown
  report.forEach((entry: unknown) => {
    const fields = entry as Fields
    all.set(fields.id, fields)
    if (fields.type === 'transport') named = fields.selectedCandidatePairId
    // As Firefox says it.
    if (fields.type === 'candidate-pair' && fields.selected === true) pair = fields
  })
  pair = all.get(named) ?? pair
  const local = all.get(pair?.localCandidateId)
  if (!pair || !local) return
  const way = local.candidateType === 'relay' ? 'relay' : local.protocol === 'tcp' ? 'tcp' : 'udp'
  return { way, pair, local, mark: [pair.id, pair.bytesReceived, pair.responsesReceived].join(' ') }
}
