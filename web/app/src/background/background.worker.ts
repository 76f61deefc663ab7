// Blurs what is behind a person, picture by picture, on a thread of its own: the page's own policy allows no WebAssembly,
// that of this file does (web/web.go).

import { ImageSegmenter } from '@mediapipe/tasks-vision'
import { Compositor } from './Compositor'
import { KeepsUp } from './keepsUp'
import type { Begin, Told } from './messages'

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<Begin>) => void) | null
  postMessage: (told: Told) => void
}

const begin = async ({ frames, blurred, loader, binary, model }: Begin): Promise<Told> => {
  const segmenter = await ImageSegmenter.createFromOptions(
    { wasmLoaderPath: loader, wasmBinaryPath: binary },
    {
      // The network is so small that the way to a graphics card and back takes longer than it does.
      baseOptions: { modelAssetPath: model, delegate: 'CPU' },
      runningMode: 'VIDEO',
      outputConfidenceMasks: true,
      outputCategoryMask: false,
    },
  )
  const compositor = new Compositor()
  const keepsUp = new KeepsUp()
  const reader = frames.getReader()
  const writer = blurred.getWriter()
  let first = true
  let last = 0
  for (;;) {
    const { done, value: frame } = await reader.read()
    if (done) return 'over'
    const began = performance.now()
    last = Math.max(last + 1, Math.round(began))
    let drawn: VideoFrame
    try {
      const small = compositor.small(frame)
      const result = segmenter.segmentForVideo(small, last)
      const [mask] = result.confidenceMasks ?? []
      if (mask === undefined) return 'failed'
      drawn = compositor.draw(frame, mask.getAsFloat32Array(), mask.width, mask.height)
      result.close()
    } finally {
      frame.close()
    }
    try {
      await writer.write(drawn)
    } catch {
      // The track was stopped.
      drawn.close()
      return 'over'
    }
    if (first) scope.postMessage('begun')
    first = false
    const now = performance.now()
    if (!keepsUp.took(now - began, now)) return 'slow'
  }
}

scope.onmessage = ({ data }) => {
  begin(data).then(
    (told) => scope.postMessage(told),
    (error: unknown) => {
      console.error(error)
      scope.postMessage('failed')
    },
  )
}
