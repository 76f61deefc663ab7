import { svcMode, type VideoCodec } from './codecs'
import type { Dimensions } from './track'
import type { Encoding, Source } from './wire'

/** An encoding of a picture: `scale` times smaller than the whole each way, in at most so many bits a second. */
export interface Shape extends Encoding {
  maxBitrate: number
}

/** The encodings that an m-line is made with; which of them are sent depends on what there is to send. */
const cameraRids = ['q', 'h', 'f']
const screenRids = ['h', 'f']

// Chromium sends no more encodings than these of smaller pictures, whatever one asks for.
const threePixels = 960 * 540
const twoPixels = 480 * 270

// What a picture of 1280 by 720 needs with VP8, and how that grows: half as large each way needs three tenths of it.
const hdPixels = 1280 * 720
const hdBits = 1_700_000
const growth = 0.87
const mostBits = { camera: 4_000_000, screen: 3_000_000 }

const cost: Readonly<Record<VideoCodec, number>> = { vp8: 1, h264: 1, vp9: 0.75, av1: 0.6 }
const sizeOfUnknown = { width: 1280, height: 720 }

/** Names of the encodings of an m-line; one without a name if it has only one. */
export function ridsOf(source: Source, simulcast: boolean): readonly string[] {
  if (!simulcast) return ['']
  return source === 'screen' ? screenRids : cameraRids
}

/**
 * What is sent of a picture of this size: the whole is always there. Small pictures have fewer encodings, in the first of
 * the names. Without `simulcast` it is the whole alone.
 */
export function shapesOf(
  rids: readonly string[],
  source: Source,
  codec: VideoCodec,
  { width, height }: Dimensions = sizeOfUnknown,
  simulcast = true,
): Shape[] {
  const pixels = width * height
  const most = !simulcast ? 1 : pixels >= threePixels ? 3 : pixels >= twoPixels ? 2 : 1
  // A screen at half its size can be read only if it was large.
  const used = rids.slice(0, rids === screenRids && most < 3 ? 1 : most)
  return used.map((rid, i) => {
    const scale = 2 ** (used.length - 1 - i)
    const bits = hdBits * (pixels / scale ** 2 / hdPixels) ** growth * cost[codec]
    const limit = source === 'screen' ? mostBits.screen : mostBits.camera
    return { rid, scale, maxBitrate: Math.round(Math.min(Math.max(bits, 60_000), limit) / 1_000) * 1_000 }
  })
}

/** The one encoding that has all sizes in it: as many bits as they take one by one. */
export function svcShapeOf(source: Source, codec: VideoCodec, size?: Dimensions): Shape[] {
  const sizes = shapesOf(cameraRids, source, codec, size)
  return [{ rid: '', scale: 1, maxBitrate: sizes.reduce((sum, { maxBitrate }) => sum + maxBitrate, 0) }]
}

/** What an m-line is made with. */
export function encodingsOf(
  rids: readonly string[],
  shapes: readonly Shape[],
  codec: VideoCodec,
  svc = false,
): RTCRtpEncodingParameters[] {
  return rids.map((rid) => {
    const shape = shapes.find((s) => s.rid === rid)
    const encoding: RTCRtpEncodingParameters & { scalabilityMode: string } = {
      ...(rid === '' ? {} : { rid }),
      ...(shape ? { scaleResolutionDownBy: shape.scale, maxBitrate: shape.maxBitrate } : { active: false }),
      scalabilityMode: svc ? svcMode : modeOf(codec),
    }
    return encoding
  })
}

/** Layers in time, so that a viewer can be sent half of the pictures. With the mode said, VP9 and AV1 send simulcast. */
function modeOf(codec: VideoCodec): string {
  return codec === 'h264' ? 'L1T2' : 'L1T3'
}
