// What those can do with a room who may moderate it. Another thing to do is another entry here.

import { DoorOpen, Lock, OctagonX } from 'lucide-react'
import { useStore } from '../store'
import { strings } from '../strings'
import { testids } from '../testids'
import type { Question } from '../ui/Confirm'
import type { Action } from './actions'
import type { Hosting } from './Hosting'

export const useHostActions = (host: Hosting, ask: (question: Question) => void): Action[] => {
  const { admin, locked, lobby } = useStore(host.state)
  if (!admin) return []
  return [
    {
      id: 'lock',
      label: strings.host.lock,
      icon: Lock,
      run: () => host.setLocked(!locked),
      on: locked,
      testid: testids.lock,
      place: 'menu',
      group: 'host',
    },
    {
      id: 'lobby',
      label: strings.host.lobby,
      icon: DoorOpen,
      run: () => host.setLobby(!lobby),
      on: lobby,
      testid: testids.lobbySwitch,
      place: 'menu',
      group: 'host',
    },
    {
      id: 'end',
      label: strings.host.endForAll,
      icon: OctagonX,
      run: () =>
        ask({
          heading: strings.host.endHeading,
          text: strings.host.endText,
          yes: strings.host.endForAll,
          act: () => host.endForAll(),
        }),
      testid: testids.endForAll,
      place: 'menu',
      group: 'host',
    },
  ]
}
