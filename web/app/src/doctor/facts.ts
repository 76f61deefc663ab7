// What a browser can measure of the ways to its server. What it means is said by diagnose.ts.

export type Outcome = 'works' | 'silent' | 'refused' | 'untried'

export interface Attempt {
  outcome: Outcome
  ms: number
  reason?: string
}

export interface Answered extends Attempt {
  status?: number
  // Of problem details: only a Parlor says one.
  code?: string
}

// An address at which the server says that it takes media.
export interface Candidate {
  protocol: 'udp' | 'tcp'
  address: string
  port: number
}

export interface Relay {
  url: string
  transport: 'udp' | 'tcp' | 'tls'
  // It is the server itself.
  own: boolean
  // How far it got: its server was not reached, did not take the credentials, does not get to the media, or works.
  stage: 'untried' | 'unreached' | 'refused' | 'denied' | 'works'
  ms: number
  reason?: string
}

export interface Facts {
  origin: string
  host: string
  // The browser gives cameras and microphones to this page.
  secure: boolean
  webrtc: boolean
  // What is particular about the browser: which addresses it takes.
  browser: 'chromium' | 'firefox' | 'other'
  // The server's clock minus ours, in milliseconds.
  clock: number | undefined
  webSocket: Attempt
  // `gap`: what lay between two events that were said a second apart.
  stream: Attempt & { gap: number }
  post: Answered
  // The code by which joining was refused; undefined: it was not.
  refused: string | undefined
  token: boolean
  candidates: readonly Candidate[]
  udp: Attempt
  tcp: Attempt
  // Where media is had though it is not announced.
  elsewhere: string | undefined
  relays: readonly Relay[]
}

export const untried: Attempt = { outcome: 'untried', ms: 0 }
