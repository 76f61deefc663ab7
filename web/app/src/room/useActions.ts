// What one can do in a room. Another thing to do is another entry here.

import { Keyboard, MonitorOff, MonitorUp, UserPlus } from 'lucide-react'
import { useStore } from '../store'
import { strings } from '../strings'
import { testids } from '../testids'
import type { Action } from './actions'
import type { Call } from './Call'
import { canShareScreen } from './OwnDevices'

interface Props {
  call: Call
  publishes: boolean
  sharing: boolean
  invite: () => void
  help: () => void
}

export const useActions = ({ call, publishes, sharing, invite, help }: Props): Action[] => {
  const own = useStore(call.own.state)
  const actions: Action[] = []
  if (publishes && canShareScreen())
    actions.push({
      id: 'share',
      label: sharing ? strings.room.stopSharing : strings.room.share,
      icon: sharing ? MonitorOff : MonitorUp,
      run: () => void call.own.share(!sharing),
      on: sharing,
      busy: own.busy.screen,
      testid: testids.share,
      place: 'middle',
      rank: 9,
    })
  actions.push(
    {
      id: 'invite',
      label: strings.room.invite,
      icon: UserPlus,
      run: invite,
      testid: testids.invite,
      place: 'end',
      phone: 'end',
      rank: 6,
    },
    {
      id: 'help',
      label: strings.keys.heading,
      icon: Keyboard,
      run: help,
      keys: '?',
      testid: testids.keysToggle,
      place: 'menu',
      group: 'help',
    },
  )
  return actions
}
