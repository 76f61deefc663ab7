// Runs in every page before its own scripts, and only watches: which PeerConnections and WebSockets there are, and how
// often SDP was set. On request it also gives the page a camera that is smaller or of one known colour. It goes into the page
// as text: it may use nothing from outside of itself.

/** `options`: {video: {width, height, fps}, colour: [r, g, b], noWebRTC: boolean}, each of them optional. */
export function probe(options) {
  const book = { pcs: [], sockets: [], channels: [], sdp: { local: 0, remote: 0 } }
  Object.defineProperty(window, '__probe', { value: book })

  const OwnSocket = window.WebSocket
  window.WebSocket = class WebSocket extends OwnSocket {
    constructor(...args) {
      super(...args)
      book.sockets.push(this)
    }
  }

  if (options.noWebRTC) {
    delete window.RTCPeerConnection
    delete window.webkitRTCPeerConnection
    return
  }

  const Own = window.RTCPeerConnection
  window.RTCPeerConnection = class RTCPeerConnection extends Own {
    constructor(...args) {
      super(...args)
      book.pcs.push(this)
    }
    setLocalDescription(...args) {
      book.sdp.local++
      return super.setLocalDescription(...args)
    }
    setRemoteDescription(...args) {
      book.sdp.remote++
      return super.setRemoteDescription(...args)
    }
    createDataChannel(...args) {
      const channel = super.createDataChannel(...args)
      book.channels.push(channel)
      return channel
    }
  }

  // What each live PeerConnection receives and sends, by the id of the MediaStreamTrack.
  book.flows = async () => {
    const flows = []
    for (const pc of book.pcs) {
      if (pc.connectionState === 'closed') continue
      const stats = await pc.getStats()
      const codecs = {}
      stats.forEach((s) => {
        if (s.type === 'codec') codecs[s.id] = s.mimeType
      })
      // Firefox names the receiver's track by the transceiver's mid only.
      const byMid = {}
      for (const t of pc.getTransceivers()) if (t.mid !== null) byMid[t.mid] = t.receiver.track?.id
      stats.forEach((s) => {
        if (s.type !== 'inbound-rtp' && s.type !== 'outbound-rtp') return
        flows.push({
          way: s.type === 'inbound-rtp' ? 'in' : 'out',
          kind: s.kind,
          mid: s.mid,
          track: s.type === 'inbound-rtp' ? (byMid[s.mid] ?? s.trackIdentifier) : undefined,
          codec: codecs[s.codecId],
          packets: s.packetsReceived ?? s.packetsSent ?? 0,
          bytes: s.bytesReceived ?? s.bytesSent ?? 0,
          lost: s.packetsLost,
          frames: s.framesDecoded ?? s.framesEncoded ?? 0,
          energy: s.totalAudioEnergy ?? 0,
          samples: s.totalSamplesReceived ?? 0,
          keyFrames: s.keyFramesDecoded ?? s.keyFramesEncoded,
          pli: s.pliCount,
          nack: s.nackCount,
          rid: s.rid,
          width: s.frameWidth,
          height: s.frameHeight,
        })
      })
    }
    return flows
  }

  const trackOf = (element) => element.srcObject?.getTracks?.()[0]?.id

  // What the page shows of each other participant, joined with what its PeerConnection receives: the page says whose the
  // element is, the browser what flows into it.
  book.heardAndSeen = async () => {
    const flows = (await book.flows()).filter((f) => f.way === 'in')
    const people = {}
    for (const box of document.querySelectorAll('[data-participant]:not([data-local])')) {
      const id = box.dataset.participant
      const person = (people[id] ??= { video: [], audio: [] })
      const elements = box.matches('video, audio') ? [box] : box.querySelectorAll('video, audio')
      for (const element of elements) {
        const flow = flows.find((f) => f.track !== undefined && f.track === trackOf(element))
        const kind = element.localName
        const seen = {
          source: element.dataset.source,
          shown: element.dataset.track,
          paused: element.paused,
          width: element.videoWidth,
          frames: flow?.frames ?? 0,
          energy: flow?.energy ?? 0,
          samples: flow?.samples ?? 0,
          packets: flow?.packets ?? 0,
          codec: flow?.codec,
          flows: flow !== undefined,
        }
        if (!person[kind].some((p) => p.shown === seen.shown)) person[kind].push(seen)
      }
    }
    return people
  }

  const devices = navigator.mediaDevices
  if (devices === undefined) return
  const getUserMedia = devices.getUserMedia.bind(devices)

  const paint = ([r, g, b], { width = 160, height = 90, fps = 10 } = {}) => {
    const canvas = document.createElement('canvas')
    canvas.width = width
    canvas.height = height
    const context = canvas.getContext('2d')
    let tick = 0
    const draw = () => {
      context.fillStyle = `rgb(${r}, ${g}, ${b})`
      context.fillRect(0, 0, width, height)
      // A dot that moves keeps the frames coming; it stays in a corner that nobody reads.
      tick = (tick + 1) % 8
      context.fillStyle = 'rgb(128, 128, 128)'
      context.fillRect(tick, 0, 2, 2)
    }
    draw()
    setInterval(draw, 1000 / fps)
    return canvas.captureStream(fps)
  }
  book.paint = paint

  if (options.colour !== undefined) {
    devices.getUserMedia = async (wanted) => {
      const stream = new MediaStream()
      if (wanted?.video) stream.addTrack(paint(options.colour, options.video).getVideoTracks()[0])
      if (wanted?.audio) {
        const [track] = (await getUserMedia({ audio: wanted.audio })).getAudioTracks()
        stream.addTrack(track)
      }
      return stream
    }
  } else if (options.video !== undefined) {
    const { width, height, fps } = options.video
    devices.getUserMedia = (wanted) =>
      getUserMedia(
        wanted?.video
          ? { ...wanted, video: { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: fps } } }
          : wanted,
      )
  }
}
