import { useEffect, useMemo } from 'react'
import { Ended } from '../ended/Ended'
import { Preview } from '../preview/Preview'
import { useStore } from '../store'
import { strings } from '../strings'
import { Joining } from './Joining'
import { RoomScreen } from './RoomScreen'
import { RoomVisit } from './RoomVisit'

export const RoomPage = ({ room, watch }: { room: string; watch: boolean }) => {
  const visit = useMemo(() => new RoomVisit(room, watch), [room, watch])
  const phase = useStore(visit.phase)
  const note = useMemo(() => visit.note.bind(visit), [visit])

  useEffect(() => {
    document.title = strings.titleInRoom(room)
  }, [room])

  useEffect(() => {
    visit.begin()
    return () => visit.close()
  }, [visit])

  switch (phase.at) {
    case 'preview':
      return (
        <Preview
          room={room}
          watch={watch}
          capture={visit.capture}
          media={visit.media}
          joining={phase.joining}
          join={(name) => void visit.join(name)}
        />
      )
    case 'joining':
      return <Joining room={room} />
    case 'in':
      return (
        <RoomScreen
          call={phase.call}
          publishes={visit.media && !watch}
          media={visit.media}
          leave={() => visit.leave()}
          note={note}
        />
      )
    case 'ended':
      return (
        <Ended
          room={room}
          code={phase.code}
          trying={phase.trying}
          nextTry={phase.nextTry}
          again={() => void visit.again()}
        />
      )
  }
}
