// A board as a file.

import { exportToBlob, exportToSvg, serializeAsJSON } from '@excalidraw/excalidraw'
import type { ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types'

export type Format = 'png' | 'svg' | 'excalidraw'

const AROUND = 24

export const fileOf = async (api: ExcalidrawImperativeAPI, format: Format): Promise<Blob> => {
  const elements = api.getSceneElements()
  const files = api.getFiles()
  // On paper, whatever the theme is here.
  const appState = { ...api.getAppState(), exportBackground: true, exportWithDarkMode: false }
  if (format === 'excalidraw')
    return new Blob([serializeAsJSON(elements, appState, files, 'local')], {
      type: 'application/vnd.excalidraw+json',
    })
  const picture = { elements, appState, files, exportPadding: AROUND }
  if (format === 'png') {
    const getDimensions = (width: number, height: number) => ({
      width: width * 2,
      height: height * 2,
      scale: 2,
    })
    return exportToBlob({ ...picture, mimeType: 'image/png', getDimensions })
  }
  const svg = await exportToSvg(picture)
  return new Blob([new XMLSerializer().serializeToString(svg)], { type: 'image/svg+xml' })
}

// Offers it as any file that is downloaded.
export const download = (blob: Blob, name: string): void => {
  const url = URL.createObjectURL(blob)
  const link = Object.assign(document.createElement('a'), { href: url, download: name })
  document.body.append(link)
  link.click()
  link.remove()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
