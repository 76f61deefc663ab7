// How loud a track is, ten or more times a second, as a number from 0 to 1. Silent while the browser holds audio back.

export const watchLevel = (track: MediaStreamTrack, heard: (level: number) => void): (() => void) => {
  if (typeof AudioContext !== 'function') return () => undefined
  const context = new AudioContext()
  const source = context.createMediaStreamSource(new MediaStream([track]))
  const analyser = context.createAnalyser()
  analyser.fftSize = 512
  analyser.smoothingTimeConstant = 0
  source.connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  let shown = 0
  let frame = 0

  const look = () => {
    frame = requestAnimationFrame(look)
    analyser.getFloatTimeDomainData(samples)
    let sum = 0
    for (const sample of samples) sum += sample * sample
    const now = loudness(Math.sqrt(sum / samples.length))
    // Up at once, down slowly: as a needle does.
    shown = now > shown ? now : shown * 0.9 + now * 0.1
    heard(shown)
  }
  frame = requestAnimationFrame(look)

  // A context made before any click starts suspended.
  const wake = () => void context.resume().catch(() => undefined)
  if (context.state === 'suspended') addEventListener('pointerdown', wake, { once: true })

  return () => {
    cancelAnimationFrame(frame)
    removeEventListener('pointerdown', wake)
    source.disconnect()
    void context.close().catch(() => undefined)
  }
}

// From -60 dB (nothing) to -12 dB (loud) over the whole width: what ears call even steps.
export const loudness = (rms: number): number => {
  if (rms <= 0) return 0
  const decibel = 20 * Math.log10(rms)
  return Math.min(1, Math.max(0, (decibel + 60) / 48))
}
