// A small window above all others that the call goes on in: one of the page's own where the browser has that, else one
// video of the page.

// https://wicg.github.io/document-picture-in-picture/, not in TypeScript's DOM yet.
interface DocumentPictureInPicture {
  requestWindow(options: { width: number; height: number }): Promise<Window>
}

const ofDocuments = (): DocumentPictureInPicture | undefined =>
  'documentPictureInPicture' in window
    ? (window.documentPictureInPicture as DocumentPictureInPicture)
    : undefined

export const canFloat = (): boolean => ofDocuments() !== undefined || document.pictureInPictureEnabled

const SIZE = { width: 380, height: 300 }

// Opens one that looks like the page; undefined: the browser has none, or would not.
export const openWindow = async (): Promise<Window | undefined> => {
  try {
    const opened = await ofDocuments()?.requestWindow(SIZE)
    if (opened !== undefined) dress(opened.document)
    return opened
  } catch {
    return undefined
  }
}

const dress = (to: Document): void => {
  const { lang, dir } = document.documentElement
  Object.assign(to.documentElement, { lang, dir })
  to.title = document.title
  for (const sheet of document.querySelectorAll('link[rel="stylesheet"], style'))
    to.head.append(sheet.cloneNode(true))
}

// The large video of the stage alone; a second time ends it.
export const floatVideo = async (): Promise<void> => {
  if (document.pictureInPictureElement !== null) return document.exitPictureInPicture()
  const area = (video: HTMLVideoElement) => video.clientWidth * video.clientHeight
  const [largest] = [...document.querySelectorAll<HTMLVideoElement>('[data-participant] video')]
    .filter((video) => video.readyState > 0 && !video.disablePictureInPicture)
    .sort((a, b) => area(b) - area(a))
  await largest?.requestPictureInPicture()
}
