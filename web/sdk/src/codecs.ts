import type { Kind } from './wire'

/** How pictures are encoded. */
export type VideoCodec = 'vp8' | 'h264' | 'vp9' | 'av1'

/** How pictures are sent. */
export interface Coding {
  readonly codec: VideoCodec
  /** As one stream with several sizes in it, where that can be. */
  readonly svc: boolean
  /** Sound has what was said a moment ago with it once more (RED), where the browser can. */
  readonly redundant: boolean
}

/** What a stream with three sizes and three rates is called; but for key frames the sizes do not need each other. */
export const svcMode = 'L3T3_KEY'

/** The way to send pictures in this browser, of what is asked for. */
export function codingOf(codec: VideoCodec = 'vp8', svc = false, redundant = false): Coding {
  return { codec, svc: svc && (codec === 'vp9' || codec === 'av1') && hasSvc(), redundant }
}

/** A browser that knows no such streams either refuses the name or does not remember it. */
function hasSvc(): boolean {
  let pc
  try {
    pc = new RTCPeerConnection()
    const sendEncodings = [{ scalabilityMode: svcMode } as RTCRtpEncodingParameters]
    const { sender } = pc.addTransceiver('video', { direction: 'sendonly', sendEncodings })
    const [encoding] = sender.getParameters().encodings as { scalabilityMode?: string }[]
    return encoding?.scalabilityMode === svcMode
  } catch {
    return false
  } finally {
    pc?.close()
  }
}

const videoOrder: readonly VideoCodec[] = ['vp8', 'h264', 'vp9', 'av1']

/**
 * The codecs of an m-line, out of those the browser has: what the server forwards, each with its retransmission, the
 * preferred one first. Sound is `redundant` with what was said a moment ago. Browsers list a dozen variants, and each is
 * repeated in every m-line of an offer.
 */
export function chooseCodecs(
  kind: Kind,
  have: readonly RTCRtpCodec[],
  prefer: VideoCodec = 'vp8',
  redundant = false,
): RTCRtpCodec[] {
  const named = (mime: string) => have.filter((c) => c.mimeType.toLowerCase() === mime)
  if (kind === 'audio') {
    // What is sent is the first that both have. The server goes by the first line of an offer, so all have both.
    const [opus, red] = [named('audio/opus').slice(0, 1), named('audio/red').slice(0, 1)]
    return redundant ? [...red, ...opus] : [...opus, ...red]
  }
  const order = [prefer, ...videoOrder.filter((c) => c !== prefer)]
  const chosen = order.flatMap((codec): RTCRtpCodec[] => {
    const variants = named(`video/${codec}`)
    if (codec === 'h264') return chooseH264(variants)
    if (codec === 'vp9')
      return variants.filter((c) => (parameter(c, 'profile-id') ?? '0') === '0').slice(0, 1)
    if (codec === 'av1') return variants.filter((c) => (parameter(c, 'profile') ?? '0') === '0').slice(0, 1)
    return variants.slice(0, 1)
  })
  return chosen.length === 0 ? [] : [...chosen, ...named('video/rtx').slice(0, 1)]
}

/** Constrained baseline, which everyone has, and one high profile; both with packetization-mode 1. */
function chooseH264(variants: readonly RTCRtpCodec[]): RTCRtpCodec[] {
  const usable = variants.filter((c) => parameter(c, 'packetization-mode') === '1')
  const profile = (prefix: string) =>
    usable.filter((c) => parameter(c, 'profile-level-id')?.toLowerCase().startsWith(prefix)).slice(0, 1)
  return [...profile('42e0'), ...[...profile('640c'), ...profile('6400')].slice(0, 1)]
}

function parameter(codec: RTCRtpCodec, name: string): string | undefined {
  for (const part of codec.sdpFmtpLine?.split(';') ?? []) {
    const [key, value] = part.trim().split('=')
    if (key?.toLowerCase() === name) return value
  }
  return undefined
}

// What the server reads or passes on: for the bandwidth estimate, for telling streams apart, who speaks, which way up.
const extensions = new Set([
  'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'urn:ietf:params:rtp-hdrext:sdes:mid',
  'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  'urn:3gpp:video-orientation',
])

/** Which layers a picture has and needs, whatever the codec. Browsers have it, and offer it only if told to. */
const dependencies = 'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension'

interface HeaderExtension {
  uri: string
  direction: string
}

/** Not in every browser, and not in TypeScript's list yet. */
interface NegotiatesExtensions {
  getHeaderExtensionsToNegotiate(): HeaderExtension[]
  setHeaderExtensionsToNegotiate(extensions: HeaderExtension[]): void
}

function trimExtensions(transceiver: RTCRtpTransceiver): void {
  if (!('setHeaderExtensionsToNegotiate' in transceiver)) return
  const negotiates = transceiver as RTCRtpTransceiver & NegotiatesExtensions
  const trimmed = negotiates.getHeaderExtensionsToNegotiate().map((e) => {
    if (e.uri === dependencies) return { ...e, direction: 'sendrecv' }
    return extensions.has(e.uri) ? e : { ...e, direction: 'stopped' }
  })
  try {
    negotiates.setHeaderExtensionsToNegotiate(trimmed)
  } catch {
    // Some are mandatory for this browser.
  }
}

/** Trims what a transceiver offers; leaves it alone where the browser will not have it. */
export function trim(
  transceiver: RTCRtpTransceiver,
  kind: Kind,
  prefer?: VideoCodec,
  redundant = false,
): void {
  trimExtensions(transceiver)
  const sending = transceiver.direction === 'sendonly'
  const capabilities = (sending ? RTCRtpSender : RTCRtpReceiver).getCapabilities(kind)
  const codecs = chooseCodecs(kind, capabilities?.codecs ?? [], prefer, redundant)
  if (codecs.length === 0) return
  try {
    transceiver.setCodecPreferences(codecs)
  } catch {
    // Its own choice is longer, but as good.
  }
}
