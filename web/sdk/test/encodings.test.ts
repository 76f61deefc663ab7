import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { codingOf } from '../src/codecs'
import { encodingsOf, ridsOf, shapesOf, svcShapeOf } from '../src/encodings'
import { Shaper } from '../src/shaper'

const hd = { width: 1280, height: 720 }
const camera = ridsOf('camera', true)
const short = (shapes: { rid: string; scale: number; maxBitrate: number }[]) =>
  shapes.map((s) => `${s.rid} 1/${s.scale} ${Math.round(s.maxBitrate / 1_000)}k`)

describe('the encodings of a picture', () => {
  it('are fewer for smaller ones, and the whole is always there', () => {
    expect(short(shapesOf(camera, 'camera', 'vp8', hd))).toEqual(['q 1/4 152k', 'h 1/2 509k', 'f 1/1 1700k'])
    expect(short(shapesOf(camera, 'camera', 'vp8', { width: 640, height: 480 }))).toEqual([
      'q 1/2 196k',
      'h 1/1 654k',
    ])
    expect(short(shapesOf(camera, 'camera', 'vp8', { width: 320, height: 180 }))).toEqual(['q 1/1 152k'])
    expect(shapesOf(camera, 'camera', 'vp8', { width: 4, height: 4 })[0]?.maxBitrate).toBe(60_000)
    expect(shapesOf(camera, 'camera', 'vp8', { width: 7680, height: 4320 })[2]?.maxBitrate).toBe(4_000_000)
  })

  it('of one that nobody knows are those of a camera', () => {
    expect(shapesOf(camera, 'camera', 'vp8')).toEqual(shapesOf(camera, 'camera', 'vp8', hd))
  })

  it('upright are those of one that lies', () => {
    const upright = { width: 720, height: 1280 }
    expect(shapesOf(camera, 'camera', 'vp8', upright)).toEqual(shapesOf(camera, 'camera', 'vp8', hd))
  })

  it('of a screen are two, and one of a small window', () => {
    const rids = ridsOf('screen', true)
    expect(short(shapesOf(rids, 'screen', 'vp8', { width: 1920, height: 1080 }))).toEqual([
      'h 1/2 1031k',
      'f 1/1 3000k',
    ])
    expect(short(shapesOf(rids, 'screen', 'vp8', { width: 640, height: 480 }))).toEqual(['h 1/1 654k'])
  })

  it('cost less with newer codecs', () => {
    const whole = (codec: 'vp8' | 'vp9' | 'av1') => shapesOf(camera, 'camera', codec, hd)[2]?.maxBitrate ?? 0
    expect(whole('av1')).toBeLessThan(whole('vp9'))
    expect(whole('vp9')).toBeLessThan(whole('vp8'))
  })

  it('are one without a name if there shall be only one, or one of the line there is', () => {
    expect(ridsOf('other', false)).toEqual([''])
    expect(short(shapesOf([''], 'other', 'vp8', hd, false))).toEqual([' 1/1 1700k'])
    expect(short(shapesOf(camera, 'camera', 'vp8', hd, false))).toEqual(['q 1/1 1700k'])
  })

  it('are one stream that may take as much as all of them, where that is asked for', () => {
    expect(short(svcShapeOf('camera', 'vp9', hd))).toEqual([' 1/1 1771k'])
    expect(encodingsOf([''], svcShapeOf('camera', 'vp9', hd), 'vp9', true)).toEqual([
      { scaleResolutionDownBy: 1, maxBitrate: 1_771_000, scalabilityMode: 'L3T3_KEY' },
    ])
  })

  it('are one stream only where the browser and the codec can', () => {
    const can = (remembers: (mode: string | undefined) => string | undefined) =>
      vi.stubGlobal(
        'RTCPeerConnection',
        class {
          addTransceiver(_: string, init: { sendEncodings: { scalabilityMode?: string }[] }) {
            const encodings = init.sendEncodings.map((e) => ({
              scalabilityMode: remembers(e.scalabilityMode),
            }))
            return { sender: { getParameters: () => ({ encodings }) } }
          }
          close() {}
        },
      )
    can((mode) => mode)
    expect(codingOf('vp9', true)).toMatchObject({ codec: 'vp9', svc: true })
    expect(codingOf('av1', true).svc).toBe(true)
    expect(codingOf('vp8', true).svc).toBe(false)
    expect(codingOf('vp9')).toEqual({ codec: 'vp9', svc: false, redundant: false })
    can(() => undefined)
    expect(codingOf('vp9', true).svc).toBe(false)
    can(() => {
      throw new TypeError('no such mode')
    })
    expect(codingOf('vp9', true).svc).toBe(false)
    vi.unstubAllGlobals()
  })

  it('make an m-line in which those that are not used are off', () => {
    const small = shapesOf(camera, 'camera', 'vp9', { width: 320, height: 180 })
    expect(encodingsOf(camera, small, 'vp9')).toEqual([
      { rid: 'q', scaleResolutionDownBy: 1, maxBitrate: 114_000, scalabilityMode: 'L1T3' },
      { rid: 'h', active: false, scalabilityMode: 'L1T3' },
      { rid: 'f', active: false, scalabilityMode: 'L1T3' },
    ])
    expect(encodingsOf([''], shapesOf([''], 'other', 'h264', hd, false), 'h264')).toEqual([
      { scaleResolutionDownBy: 1, maxBitrate: 1_700_000, scalabilityMode: 'L1T2' },
    ])
  })
})

describe('a shaper', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** A sender whose parameters take a while. */
  function sender(fails: () => boolean = () => false) {
    let encodings: RTCRtpEncodingParameters[] = camera.map((rid) => ({ rid, active: true }))
    let busy = false
    const log: string[] = []
    const fake = {
      getParameters: () => ({ encodings: encodings.map((e) => ({ ...e })) }),
      setParameters: async (to: { encodings: RTCRtpEncodingParameters[] }) => {
        expect(busy).toBe(false)
        busy = true
        await new Promise((resolve) => setTimeout(resolve, 50))
        busy = false
        if (fails()) {
          log.push('failed')
          throw new DOMException('', 'InvalidModificationError')
        }
        encodings = to.encodings
        log.push(encodings.map((e) => `${e.rid}${e.active ? '+' : '-'}${e.scaleResolutionDownBy}`).join(' '))
      },
    }
    return { log, shaper: new Shaper(() => fake as unknown as RTCRtpSender) }
  }
  const shapes = shapesOf(camera, 'camera', 'vp8', hd)

  it('makes one change after the other, and of those that wait the last', async () => {
    const { log, shaper } = sender()
    for (const watched of ['q', 'h', 'f', 'qh']) shaper.apply(shapes, (rid) => watched.includes(rid))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(log).toEqual(['q+4 h-2 f-1', 'q+4 h+2 f-1'])
  })

  it('changes nothing that is as it should be', async () => {
    const { log, shaper } = sender()
    for (let i = 0; i < 3; i++) {
      shaper.apply(shapes, () => true)
      await vi.advanceTimersByTimeAsync(1_000)
    }
    expect(log).toEqual(['q+4 h+2 f+1'])
  })

  it('tries again what fails, with what is wanted by then, and not for ever', async () => {
    let left = 2
    const { log, shaper } = sender(() => left-- > 0)
    shaper.apply(shapes, () => false)
    await vi.advanceTimersByTimeAsync(100)
    shaper.apply(shapes, (rid) => rid === 'q')
    await vi.advanceTimersByTimeAsync(5_000)
    expect(log).toEqual(['failed', 'failed', 'q+4 h-2 f-1'])
    left = Infinity
    shaper.apply(shapes, () => false)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(log.slice(3)).toEqual(Array(4).fill('failed'))
    // The next change has all its tries again.
    left = 1
    shaper.apply(shapes, (rid) => rid === 'h')
    await vi.advanceTimersByTimeAsync(5_000)
    expect(log.at(-1)).toBe('q-4 h+2 f-1')
  })
})
