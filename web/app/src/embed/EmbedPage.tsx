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

// One for the window, however often it is drawn: two would both answer.
const host = controlled ? new Host(window.parent) : undefined

const attach = (visit: RoomVisit): (() => void) => {
  if (host === undefined) return () => undefined
  host.serve(commandsOf(visit))
  return followVisit(visit, host)
}

export const EmbedPage = (props: Props) =>
  host === undefined ? <RoomPage {...props} /> : <Controlled {...props} by={host} />

const Controlled = ({ by, ...props }: Props & { by: Host }) => {
  const begun = useStore(by.invitation) !== undefined
  return begun ? (
    <RoomPage {...props} invitation={by.invitation} attach={attach} />
  ) : (
    <Joining room={props.room} />
  )
}
