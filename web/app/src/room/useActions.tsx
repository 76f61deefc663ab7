// What one can do in a room. Another thing to do is another entry here.

import { mayWrite, maySend } from '/sdk/parlor.js'
import { Hand, Keyboard, MonitorOff, MonitorUp, Presentation, Smile, UserPlus } from 'lucide-react'
import { useStore } from '../store'
import { strings } from '../strings'
import { testids } from '../testids'
import type { Action } from './actions'
import type { Call } from './Call'
import { HANDS } from './hands'
import { canShareScreen } from './OwnDevices'
import { ReactionPicker } from './ReactionPicker'
import { REACTION } from './reactions'
import type { Pip } from './usePip'
import { useViewActions } from './viewActions'

interface Props {
  call: Call
  publishes: boolean
  sharing: boolean
  pip: Pip
  invite: () => void
  help: () => void
}

export const useActions = ({ call, publishes, sharing, pip, invite, help }: Props): Action[] => {
  const own = useStore(call.own.state)
  const { open: board, boards, others } = useStore(call.boards.view)
  const hands = useStore(call.hands.state)
  const { grant, localParticipant } = call.room
  const handUp = hands.includes(localParticipant.id)
  const viewActions = useViewActions(call, pip)
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
  if (maySend(grant, REACTION))
    actions.push({
      id: 'react',
      label: strings.room.react,
      icon: Smile,
      run: () => undefined,
      opens: (inMenu) => <ReactionPicker send={(emoji) => call.react(emoji)} inMenu={inMenu} />,
      testid: testids.react,
      place: 'middle',
      rank: 3,
    })
  if (mayWrite(grant, HANDS))
    actions.push({
      id: 'hand',
      label: handUp ? strings.room.lowerHand : strings.room.raiseHand,
      icon: Hand,
      run: () => call.turnHand(),
      on: handUp,
      keys: 'H',
      testid: testids.hand,
      place: 'middle',
      rank: 5,
    })
  if (boards.length > 0 || call.boards.mayWrite)
    actions.push({
      id: 'board',
      label: board === undefined ? strings.board.open : strings.board.close,
      icon: Presentation,
      run: () => call.turnBoard(),
      on: board !== undefined,
      keys: 'B',
      badge: others,
      ...(others > 0 ? { detail: strings.board.others(others) } : {}),
      testid: testids.boardToggle,
      place: 'end',
      phone: 'end',
      rank: 8,
    })
  return [
    ...actions,
    {
      id: 'invite',
      label: strings.invite.heading,
      icon: UserPlus,
      run: invite,
      testid: testids.invite,
      place: 'end',
      phone: 'end',
      rank: 6,
    },
    ...viewActions,
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
  ]
}
