// The panels of a room. Another one is another entry here.

import { maySend } from '/sdk/parlor.js'
import { MessageCircle, Settings as SettingsIcon, UsersRound } from 'lucide-react'
import { Chat } from '../chat/Chat'
import { TYPE as CHAT } from '../chat/ChatLog'
import { useStore } from '../store'
import { strings } from '../strings'
import { testids } from '../testids'
import type { Call, Mute } from './Call'
import type { Panel } from './panels'
import { People } from './People'
import { Settings } from './Settings'

interface Props {
  call: Call
  publishes: boolean
  mute: Mute | undefined
  remove: ((id: string, name: string) => void) | undefined
}

export const usePanels = ({ call, publishes, mute, remove }: Props): Panel[] => {
  const view = useStore(call.view)
  const people = call.watches ? view.people.slice(1) : view.people
  const { unread } = useStore(call.chat.state)
  const hands = useStore(call.hands.state)
  return [
    {
      id: 'people',
      label: strings.room.people,
      icon: UsersRound,
      count: people.length,
      detail: strings.room.hereNow(people.length),
      testid: testids.peopleToggle,
      place: 'end',
      phone: 'end',
      rank: 7,
      render: (close) => (
        <People
          people={people}
          watching={view.watching}
          hands={hands}
          mute={mute}
          remove={remove}
          lower={(id) => void call.hands.lower(id)}
          moderates={remove !== undefined}
          close={close}
        />
      ),
    },
    {
      id: 'chat',
      label: strings.room.chat,
      icon: MessageCircle,
      keys: 'C',
      badge: unread,
      ...(unread > 0 ? { detail: strings.room.unread(unread) } : {}),
      testid: testids.chatToggle,
      place: 'end',
      phone: 'middle',
      rank: 10,
      render: (close) => (
        <Chat
          log={call.chat}
          maySend={maySend(call.room.grant, CHAT)}
          send={(text) => call.say(text)}
          again={(key) => call.sayAgain(key)}
          attach={call.mayAttach ? (files) => call.sendFiles(files) : undefined}
          largest={call.room.limits?.fileBytes ?? 0}
          drop={(key) => call.chat.drop(key)}
          fileUrl={(id) => call.room.fileUrl(id)}
          close={close}
        />
      ),
    },
    {
      id: 'settings',
      label: strings.settings.heading,
      icon: SettingsIcon,
      place: 'menu',
      group: 'own',
      testid: testids.settingsToggle,
      render: (close) => <Settings own={call.own} publishes={publishes} close={close} />,
    },
  ]
}
