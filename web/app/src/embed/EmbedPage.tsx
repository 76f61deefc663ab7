import { useEffect, useState } from 'react'
import { Joining } from '../room/Joining'
import { RoomPage } from '../room/RoomPage'
import type { RoomVisit } from '../room/RoomVisit'
import { useStore } from '../store'
import { commandsOf } from './commands'
import { controlled } from './embedding'
import { followVisit } from './follow'
import { Host } from './Host'

interface Props {
  room: string
  watch: boolean
}

export const EmbedPage = (props: Props) => (controlled ? <Controlled {...props} /> : <RoomPage {...props} />)

const Controlled = ({ room, watch }: Props) => {
  const [host] = useState(() => new Host(window.parent))
  const [attach] = useState(() => attachTo(host))
  const begun = useStore(host.invitation) !== undefined
  useEffect(() => () => host.close(), [host])
  return begun ? (
    <RoomPage room={room} watch={watch} invitation={host.invitation} attach={attach} />
  ) : (
    <Joining room={room} />
  )
}

const attachTo = (host: Host) => (visit: RoomVisit) => {
  host.serve(commandsOf(visit))
  return followVisit(visit, host)
}
