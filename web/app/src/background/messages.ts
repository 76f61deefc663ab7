// What the page and the worker that blurs say to each other.

export interface Begin {
  frames: ReadableStream<VideoFrame>
  blurred: WritableStream<VideoFrame>
  // Where the library and the model are.
  loader: string
  binary: string
  model: string
}

// The first picture is out; it cannot keep up; it cannot do it at all; nobody takes pictures any more.
export type Told = 'begun' | 'slow' | 'failed' | 'over'
