import { lazy, Suspense, useEffect, useMemo } from 'react'
import type { Invitation } from '../../../element/src/wire'
import { Ended } from '../ended/Ended'
import { Preview } from '../preview/Preview'
import { type Readable, useStore } from '../store'
import { strings } from '../strings'
import { Joining } from './Joining'
import { RoomVisit } from './RoomVisit'
import { Waiting } from './Waiting'

// Not in the first load: it comes while one looks at the preview.
const screen = async () => ({ default: (await import('./RoomScreen')).RoomScreen })
const RoomScreen = lazy(screen)

interface Props {
  room: string
  watch: boolean
  // What the page around says, if there is one.
  invitation?: Readable<Invitation | undefined>
  // Somebody who goes along; gives what ends it.
  attach?: (visit: RoomVisit) => () => void
}

export const RoomPage = ({ room, watch, invitation, attach }: Props) => {
  const visit = useMemo(() => new RoomVisit(room, watch, invitation), [room, watch, invitation])
  const phase = useStore(visit.phase)
  const note = useMemo(() => visit.note.bind(visit), [visit])

  useEffect(() => {
    document.title = strings.titleInRoom(room)
  }, [room])

  useEffect(() => attach?.(visit), [visit, attach])

  useEffect(() => {
    visit.begin()
    // Asked for again where it is needed, and told of there if it does not come.
    void screen().catch(() => undefined)
    return () => visit.close()
  }, [visit])

  switch (phase.at) {
    case 'preview':
      return (
        <Preview
          room={room}
          watch={watch}
          knownAs={visit.knownAs}
          capture={visit.capture}
          media={visit.media}
          joining={phase.joining}
          join={(name) => void visit.join(name)}
        />
      )
    case 'joining':
      return <Joining room={room} />
    case 'waiting':
      return <Waiting room={room} attended={phase.attended} />
    case 'in':
      return (
        <Suspense fallback={<Joining room={room} />}>
          <RoomScreen
            call={phase.call}
            publishes={visit.media && !watch}
            media={visit.media}
            leave={() => visit.leave()}
            note={note}
          />
        </Suspense>
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
