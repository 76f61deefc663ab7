// What the connection is and carries, in figures that are looked at while they are shown.

import type { Room } from '/sdk/parlor.js'
import { strings } from '../strings'
import { testids } from '../testids'
import styles from './Network.module.css'
import type { Person, RoomView } from './roomView'
import type { Picture, Traffic } from './traffic'
import { useTraffic } from './useTraffic'

export const NetworkDetails = ({
  room,
  view,
  me,
}: {
  room: Room
  view: RoomView
  me: Person | undefined
}) => {
  const words = strings.network
  const traffic = useTraffic(room)
  const quality = me?.quality ?? 'unknown'
  const rows: [string, string | undefined][] = [
    [words.state, view.reconnecting ? words.reconnecting : words.connected],
    [words.quality, words.qualities[quality] ?? quality],
    [words.messages, words.transport[view.transport] ?? view.transport],
    [words.media, mediaOf(view.media, traffic)],
  ]
  const figures: [string, string | undefined][] =
    traffic === undefined || view.media !== 'connected'
      ? []
      : [
          [words.roundTrip, traffic.roundTripMs === undefined ? undefined : words.ms(traffic.roundTripMs)],
          [words.sending, amount(traffic.sending, traffic.sends)],
          [words.receiving, amount(traffic.receiving, traffic.receives)],
          [words.lost, words.lostBoth(traffic.sentLost, traffic.receivedLost)],
        ]
  return (
    <dl className={styles.rows} data-testid={testids.networkDetails}>
      {[...rows, ...figures].map(
        ([name, value]) =>
          value !== undefined && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <bdi>{value}</bdi>
              </dd>
            </div>
          ),
      )}
    </dl>
  )
}

const mediaOf = (media: string, traffic: Traffic | undefined): string => {
  const words = strings.network
  if (media === 'connected' && traffic?.way !== undefined)
    return (
      words.ways[traffic.way] +
      (traffic.relayProtocol === undefined ? '' : ` (${traffic.relayProtocol.toUpperCase()})`)
    )
  return words.mediaStates[media] ?? media
}

const amount = (bits: number, picture: Picture | undefined): string => {
  const rate = strings.network.bitrate(bits)
  return picture === undefined ? rate : `${rate} · ${picture.width} × ${picture.height}`
}
