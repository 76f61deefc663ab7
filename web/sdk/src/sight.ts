import type { Dimensions } from './track'

interface Place {
  /** Of the element, in CSS pixels. */
  width: number
  height: number
  inView: boolean
}

/** https://wicg.github.io/document-picture-in-picture/, which TypeScript does not know yet. */
interface PageWindow {
  document: Document
  documentPictureInPicture: { window: Window | null }
}

function boxOf({ clientWidth: width, clientHeight: height }: Element): { width: number; height: number } {
  return { width, height }
}

/** Which of the elements it is given can be seen, and how large they are. */
export class Sight {
  readonly #changed: () => void
  readonly #places = new Map<Element, Place>()
  readonly #views: IntersectionObserver | undefined
  readonly #sizes: ResizeObserver | undefined
  readonly #look = () => this.#changed()

  constructor(changed: () => void) {
    this.#changed = changed
    globalThis.addEventListener?.('resize', this.#look)
    globalThis.document?.addEventListener('visibilitychange', this.#look)
    if (typeof IntersectionObserver !== 'function' || typeof ResizeObserver !== 'function') return
    this.#views = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) this.#note(target, { inView: isIntersecting })
    })
    this.#sizes = new ResizeObserver((entries) => {
      for (const { target, contentRect: box } of entries)
        this.#note(target, { width: box.width, height: box.height })
    })
  }

  /** The whole page is out of sight. */
  get pageHidden(): boolean {
    return (globalThis.document as Document | undefined)?.hidden ?? false
  }

  watch(element: Element): void {
    this.#places.set(element, { width: 0, height: 0, inView: false })
    this.#views?.observe(element)
    this.#sizes?.observe(element)
  }

  forget(element: Element): void {
    if (!this.#places.delete(element)) return
    this.#views?.unobserve(element)
    this.#sizes?.unobserve(element)
  }

  /** The size in pixels of the screen, if it can be seen; 0 by 0 where the browser does not say. */
  size(element: Element): Dimensions | undefined {
    const place = this.#places.get(element)
    if (!place) return undefined
    if (!this.#views) return { width: 0, height: 0 }
    const floats = this.floats(element)
    if (!floats && (!place.inView || place.width < 1 || place.height < 1)) return undefined
    // What is told of elements in other windows comes late, or not while this page is hidden.
    const { width, height } = floats && place.width < 1 ? boxOf(element) : place
    const ratio = globalThis.devicePixelRatio || 1
    return { width: Math.round(width * ratio), height: Math.round(height * ratio) }
  }

  /** Whether it shows in a window of its own, above all others. */
  floats(element: Element): boolean {
    const { document, documentPictureInPicture: floating } = globalThis as Partial<PageWindow>
    if (element === document?.pictureInPictureElement) return true
    return floating?.window != null && element.ownerDocument === floating.window.document
  }

  close(): void {
    globalThis.removeEventListener?.('resize', this.#look)
    globalThis.document?.removeEventListener('visibilitychange', this.#look)
    this.#views?.disconnect()
    this.#sizes?.disconnect()
    this.#places.clear()
  }

  #note(element: Element, now: Partial<Place>): void {
    const place = this.#places.get(element)
    if (!place) return
    Object.assign(place, now)
    this.#changed()
  }
}
