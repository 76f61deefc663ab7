import { describe, expect, it } from 'vitest'
import { chooseCodecs } from '../src/codecs'
import { mediaError } from '../src/devices'
import { ParlorError } from '../src/errors'
import { maySend, mayWrite } from '../src/grant'
import { Pacer } from '../src/pacer'
import { newer } from '../src/sink'
import { sessionUrl } from '../src/url'

describe('a grant', () => {
  const all = { publish: true, subscribe: true, data: true, admin: false }
  it('allows what it names, and everything where it names nothing', () => {
    expect([maySend(all, 'chat'), mayWrite(all, 'board/1')]).toEqual([true, true])
    const some = { ...all, sendTypes: ['chat'], writeState: ['own/hand/'] }
    expect(['chat', 'chats'].map((type) => maySend(some, type))).toEqual([true, false])
    expect(['own/hand/p_1', 'own/hand', 'board/1'].map((key) => mayWrite(some, key))).toEqual([
      true,
      false,
      false,
    ])
    const none = { ...all, sendTypes: [], writeState: [] }
    expect([maySend(none, 'chat'), mayWrite(none, 'board/1')]).toEqual([false, false])
    const dumb = { ...some, data: false }
    expect([maySend(dumb, 'chat'), mayWrite(dumb, 'own/hand/p_1')]).toEqual([false, false])
  })
})

describe('codecs', () => {
  const codec = (mimeType: string, sdpFmtpLine?: string): RTCRtpCodec => ({
    mimeType,
    clockRate: 90000,
    ...(sdpFmtpLine === undefined ? {} : { sdpFmtpLine }),
  })
  const chromium = [
    codec('video/VP8'),
    codec('video/rtx'),
    codec('video/VP9', 'profile-id=0'),
    codec('video/VP9', 'profile-id=2'),
    codec('video/H264', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f'),
    codec('video/H264', 'level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f'),
    codec('video/H264', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f'),
    codec('video/H264', 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f'),
    codec('video/AV1', 'level-idx=5;profile=0;tier=0'),
    codec('video/AV1', 'level-idx=5;profile=1;tier=0'),
    codec('video/red'),
    codec('video/ulpfec'),
  ]
  const short = (list: RTCRtpCodec[]) =>
    list.map((c) =>
      `${c.mimeType.slice(6)} ${/(profile-level-id|profile-id|profile)=(\w+)/.exec(c.sdpFmtpLine ?? '')?.[2] ?? ''}`.trim(),
    )

  it('are those the server forwards, each once', () => {
    expect(short(chooseCodecs('video', chromium))).toEqual([
      'VP8',
      'H264 42e01f',
      'H264 64001f',
      'VP9 0',
      'AV1 0',
      'rtx',
    ])
    expect(short(chooseCodecs('video', chromium, 'av1'))[0]).toBe('AV1 0')
  })

  it('are what the browser has', () => {
    expect(short(chooseCodecs('video', [codec('video/VP8')], 'h264'))).toEqual(['VP8'])
    expect(chooseCodecs('video', [])).toEqual([])
    expect(chooseCodecs('video', [codec('video/rtx')])).toEqual([])
    const audio = [codec('audio/red'), codec('audio/opus', 'minptime=10'), codec('audio/PCMU')]
    const chosen = (redundant?: boolean) =>
      chooseCodecs('audio', audio, 'vp8', redundant).map((c) => c.mimeType)
    expect(chosen()).toEqual(['audio/opus', 'audio/red'])
    expect(chosen(true)).toEqual(['audio/red', 'audio/opus'])
    expect(chooseCodecs('audio', audio.slice(1)).map((c) => c.mimeType)).toEqual(['audio/opus'])
  })
})

describe('RTP timestamps', () => {
  it('are compared over their wrap', () => {
    expect(newer(2, 1)).toBe(true)
    expect(newer(1, 1)).toBe(false)
    expect(newer(1, 2)).toBe(false)
    expect(newer(5, 0xfffffff0)).toBe(true)
    expect(newer(0xfffffff0, 5)).toBe(false)
  })
})

describe('errors of devices', () => {
  it.each([
    ['NotAllowedError', 'permission_denied'],
    ['NotFoundError', 'device_not_found'],
    ['OverconstrainedError', 'device_not_found'],
    ['NotReadableError', 'device_in_use'],
    ['TypeError', 'unsupported'],
  ])('%s is %s', (name, code) => {
    expect(mediaError(new DOMException('x', name)).code).toBe(code)
  })

  it('stay what they are when they are ours', () => {
    const err = new ParlorError('left', 'x')
    expect(mediaError(err)).toBe(err)
    expect(mediaError('?').code).toBe('unsupported')
  })
})

describe('the address', () => {
  it.each([
    [undefined, 'https://parlor.example/sdk/parlor.js', 'wss://parlor.example/v1/ws'],
    [undefined, 'http://localhost:8080/sdk/parlor.js', 'ws://localhost:8080/v1/ws'],
    ['https://a.example', 'https://b.example/x.js', 'wss://a.example/v1/ws'],
    ['https://a.example/parlor/', 'https://b.example/x.js', 'wss://a.example/parlor/v1/ws'],
    ['ws://a.example:81/v1/ws?x=1#y', 'https://b.example/x.js', 'ws://a.example:81/v1/ws'],
  ])('%s from %s is %s', (given, module, want) => {
    expect(sessionUrl(given, module)).toBe(want)
  })

  it('that is none is an error', () => {
    expect(() => sessionUrl('::', 'file:///x.js')).toThrow(ParlorError)
  })
})

describe('pacing', () => {
  it('stays below the rates and lets a burst through', () => {
    const pacer = new Pacer(
      { messagesPerSecond: 100, messageBurst: 10, bytesPerSecond: 1000, byteBurst: 1000 },
      0,
    )
    let sent = 0
    for (let now = 0; now < 10_000;) {
      const wait = pacer.take(1, now)
      if (wait === 0) sent++
      else now += wait
    }
    expect(sent).toBeGreaterThan(880)
    expect(sent).toBeLessThan(912)
  })

  it('lets a message through that is larger than the burst, once the bucket is full', () => {
    const pacer = new Pacer(
      { messagesPerSecond: 100, messageBurst: 10, bytesPerSecond: 1000, byteBurst: 100 },
      0,
    )
    expect(pacer.take(500, 0)).toBe(0)
    const wait = pacer.take(1, 0)
    expect(wait).toBeGreaterThan(400)
    expect(pacer.take(1, wait)).toBe(0)
  })
})
