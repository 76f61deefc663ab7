import { codingOf } from './codecs'
import type { Channels } from './channels'
import type { Company } from './company'
import type { Connection } from './connection'
import type { Ladder } from './ladder'
import { Media } from './media'
import type { JoinOptions, RoomEvents } from './options'
import type { LocalParticipant } from './participant'

/** The parts of a room that its media speak to; each is asked for when it is needed. */
export interface StudioHost {
  connection(): Connection
  ladder(): Ladder | undefined
  channels(): Channels
  company(): Company
  me(): LocalParticipant
  emit<K extends keyof RoomEvents>(event: K, ...args: RoomEvents[K]): void
}

/** The media of a room, with what becomes of what they say. */
export function openStudio(options: JoinOptions, host: StudioHost): Media {
  const { connection, ladder, channels, company, me } = host
  return new Media(
    codingOf(options.videoCodec, options.svc, options.audioRedundancy),
    {
      send: (message) => connection().send(message),
      state: (state) => {
        if (state === 'connected') ladder()?.revived()
        host.emit('mediaStateChanged', state)
      },
      channel: (channel) => {
        if (options.transports?.includes('webrtc') !== false) channels().opened(channel)
      },
      lossy: (channel) => channels().lossyOpened(channel),
      channelClosed: () => channels().close(),
      ask: (broke) => {
        if (broke) connection().doubt()
        return ladder()?.ask() ?? false
      },
      silent: () => {
        ladder()?.drop()
        connection().doubt()
      },
      find: (trackId) => company().find(trackId),
      subscribed: (track, p) => company().subscribed(track, p),
      unsubscribed: (track, p) => company().unsubscribed(track, p),
      paused: (track, p) => host.emit(track.paused ? 'trackPaused' : 'trackResumed', track, p),
    },
    {
      published: (track, published) => {
        if (published) me().mutableTracks.set(track.id, track)
        else me().mutableTracks.delete(track.id)
        host.emit(published ? 'localTrackPublished' : 'localTrackUnpublished', track, me())
      },
      muted: (track, by) => company().muted(track, me(), by),
      refused: (...refused) => host.emit('publishRefused', ...refused),
    },
  )
}
