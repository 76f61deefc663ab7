// Draws a person as they are over what is behind them, blurred. It knows masks and pictures, and nothing of where they
// come from.

// What the network looks at.
const LOOK = { width: 256, height: 144 }
// The blurred picture is made this small and drawn large again: that is most of the blur, and costs next to nothing.
const BLURRED_WIDTH = 96
const BLUR_PX = 3
// How sure it must be that something is the person: below the first it is not, above the second it is.
const UNSURE = 0.25
const SURE = 0.6

const surface = (width: number, height: number): OffscreenCanvasRenderingContext2D => {
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: false })
  if (context === null) throw new Error('no canvas')
  return context
}

const fit = ({ canvas }: OffscreenCanvasRenderingContext2D, width: number, height: number): void => {
  if (canvas.width !== width) canvas.width = width
  if (canvas.height !== height) canvas.height = height
}

export class Compositor {
  private readonly look = surface(LOOK.width, LOOK.height)
  private readonly far = surface(BLURRED_WIDTH, BLURRED_WIDTH)
  private readonly shape = surface(LOOK.width, LOOK.height)
  private readonly picture = surface(16, 16)
  private pixels = new ImageData(LOOK.width, LOOK.height)

  // The picture in the size that the network takes.
  small(frame: VideoFrame): OffscreenCanvas {
    this.look.drawImage(frame, 0, 0, LOOK.width, LOOK.height)
    return this.look.canvas
  }

  draw(frame: VideoFrame, mask: Float32Array, maskWidth: number, maskHeight: number): VideoFrame {
    const { displayWidth: width, displayHeight: height, timestamp } = frame
    const { far, shape, picture } = this
    fit(far, BLURRED_WIDTH, Math.max(1, Math.round((BLURRED_WIDTH * height) / width)))
    far.filter = `blur(${BLUR_PX}px)`
    // A little over the edge, where the blur would fade out.
    const over = 2 * BLUR_PX
    far.drawImage(frame, -over, -over, far.canvas.width + 2 * over, far.canvas.height + 2 * over)

    if (this.pixels.width !== maskWidth || this.pixels.height !== maskHeight)
      this.pixels = new ImageData(maskWidth, maskHeight)
    fit(shape, maskWidth, maskHeight)
    opacities(mask, this.pixels.data)
    shape.putImageData(this.pixels, 0, 0)

    fit(picture, width, height)
    picture.imageSmoothingQuality = 'high'
    picture.globalCompositeOperation = 'copy'
    picture.drawImage(shape.canvas, 0, 0, width, height)
    picture.globalCompositeOperation = 'source-in'
    picture.drawImage(frame, 0, 0, width, height)
    picture.globalCompositeOperation = 'destination-over'
    picture.drawImage(far.canvas, 0, 0, width, height)
    return new VideoFrame(picture.canvas, { timestamp, alpha: 'discard' })
  }
}

// Only the opacity of the pixels counts.
export const opacities = (mask: Float32Array, pixels: Uint8ClampedArray): void => {
  for (let i = 0; i < mask.length; i++)
    pixels[i * 4 + 3] = (255 * ((mask[i] ?? 0) - UNSURE)) / (SURE - UNSURE)
}
