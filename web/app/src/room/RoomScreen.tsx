// The room while one is in it: the stage, the controls, a panel beside it, and what passes over it.

import { useEffect, useMemo, useState } from 'react'
import { maySend } from '/sdk/parlor.js'
import { Chat } from '../chat/Chat'
import { TYPE as CHAT } from '../chat/ChatLog'
import type { Device } from '../media/problem'
import { useStore } from '../store'
import { strings } from '../strings'
import { testids } from '../testids'
import { Alone } from './Alone'
import { Announcer } from './Announcer'
import { Banners } from './Banners'
import type { Call } from './Call'
import {
  Bar,
  ChatControl,
  DeviceControl,
  InviteControl,
  LeaveControl,
  PeopleControl,
  ShareControl,
} from './Controls'
import { copy, inviteLink } from './invite'
import { Network } from './Network'
import { People } from './People'
import { RemoteAudio } from './RemoteAudio'
import styles from './RoomScreen.module.css'
import { Stage } from './Stage'
import { Toasts } from './Toasts'
import { useKeys } from './useKeys'
import { useNarrow } from './useNarrow'
import { useWakeLock } from './useWakeLock'

interface Props {
  call: Call
  // Camera, microphone and screen are one's own to show here.
  publishes: boolean
  media: boolean
  leave: () => void
  note: (devices: { microphone: boolean; camera: boolean }) => void
}

type Panel = 'chat' | 'people'

export const RoomScreen = ({ call, publishes: wants, media, leave, note }: Props) => {
  const view = useStore(call.view)
  const own = useStore(call.own.state)
  const audioOnly = useStore(call.audioOnly)
  const { unread } = useStore(call.chat.state)
  const narrow = useNarrow()
  const [panel, setPanel] = useState<Panel | undefined>(media ? undefined : 'chat')
  const { room } = call
  const me = view.people[0]
  const { grant } = room
  const publishes = wants && grant.publish
  const on = {
    microphone: me?.microphone !== undefined && !me.microphone.muted,
    camera: me?.camera !== undefined && !me.camera.muted,
    screen: (me?.screens.length ?? 0) > 0,
  }
  const { microphone, camera } = on

  useEffect(() => note({ microphone, camera }), [note, microphone, camera])
  useWakeLock()

  const toggle = (device: Device) => {
    if (publishes) void call.own.set(device, !on[device])
  }
  const choose = (device: Device, deviceId: string) => void call.own.choose(device, deviceId)
  const mute = useMemo(() => (grant.admin ? call.mute.bind(call) : undefined), [grant.admin, call])
  const turn = (which: Panel) => setPanel((now) => (now === which ? undefined : which))
  const close = () => setPanel(undefined)
  const invite = async () => {
    const link = inviteLink(room.name)
    call.notices.say((await copy(link)) ? strings.room.copied : `${strings.room.copyByHand} ${link}`)
  }

  useKeys({
    m: () => toggle('microphone'),
    v: () => toggle('camera'),
    c: () => turn('chat'),
    Escape: close,
  })

  const network = (
    <Network
      reconnecting={view.reconnecting}
      transport={view.transport}
      media={view.media}
      me={me}
      side={narrow ? 'below' : 'above'}
      audioOnly={audioOnly}
      setAudioOnly={(on) => call.setAudioOnly(on)}
    />
  )
  const title = <h1 className={styles.title}>{room.name}</h1>
  const peopleControl = (
    <PeopleControl open={panel === 'people'} count={view.people.length} toggle={() => turn('people')} />
  )
  const chatControl = <ChatControl open={panel === 'chat'} unread={unread} toggle={() => turn('chat')} />

  return (
    <main
      className={styles.room}
      data-testid={testids.inRoom}
      data-room={room.name}
      data-connection={view.reconnecting ? 'reconnecting' : 'connected'}
    >
      {narrow && (
        <header className={styles.head}>
          {title}
          {network}
          <span className={styles.space} />
          <InviteControl invite={() => void invite()} />
          {peopleControl}
        </header>
      )}

      <div className={styles.middle}>
        <div className={styles.stage}>
          <Banners
            call={call}
            reconnecting={view.reconnecting}
            blocked={view.media === 'failed'}
            own={own}
            sharing={on.screen}
            stopSharing={() => void call.own.share(false)}
          />
          <Stage people={view.people} audioOnly={audioOnly} mute={mute}>
            {view.people.length === 1 && !view.reconnecting && (
              <Alone room={room.name} invite={() => void invite()} />
            )}
            <Toasts notices={call.notices} open={() => setPanel('chat')} />
          </Stage>
        </div>
        {panel !== undefined && (
          <aside className={styles.panel}>
            {panel === 'chat' ? (
              <Chat
                log={call.chat}
                maySend={maySend(grant, CHAT)}
                send={(text) => call.say(text)}
                again={(key) => call.sayAgain(key)}
                close={close}
              />
            ) : (
              <People people={view.people} mute={mute} close={close} />
            )}
          </aside>
        )}
      </div>

      <Bar
        start={
          !narrow && (
            <>
              {title}
              {network}
            </>
          )
        }
        middle={
          <>
            {publishes && (
              <>
                <DeviceControl
                  device="microphone"
                  on={on.microphone}
                  own={own}
                  toggle={toggle}
                  choose={choose}
                />
                <DeviceControl device="camera" on={on.camera} own={own} toggle={toggle} choose={choose} />
                <ShareControl on={on.screen} busy={own.busy.screen} share={(to) => void call.own.share(to)} />
              </>
            )}
            {narrow && chatControl}
            <LeaveControl leave={leave} />
          </>
        }
        end={
          !narrow && (
            <>
              <InviteControl invite={() => void invite()} />
              {peopleControl}
              {chatControl}
            </>
          )
        }
      />

      <RemoteAudio people={view.people} />
      <Announcer call={call} />
    </main>
  )
}
