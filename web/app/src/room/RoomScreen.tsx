// The room while one is in it: the stage, the controls, a panel beside it, and what passes over it.

import { Lock } from 'lucide-react'
import { useEffect, useMemo, useRef, useState } from 'react'
import { BoardFrame } from '../board/BoardFrame'
import { offers } from '../embed/embedding'
import type { Device } from '../media/problem'
import { useStore } from '../store'
import { strings } from '../strings'
import { testids } from '../testids'
import { Confirm, type Question } from '../ui/Confirm'
import { useSize } from '../ui/useSize'
import { type Action, arrange, arrangePhone, keysOf } from './actions'
import { Alone } from './Alone'
import { Announcer } from './Announcer'
import { Banners } from './Banners'
import type { Call } from './Call'
import { ActionControl, Bar, DeviceControl, LeaveControl } from './Controls'
import { InviteSheet } from './InviteSheet'
import { looks } from './looks'
import { Knocks } from './Knocks'
import { MoreMenu } from './MoreMenu'
import { Network } from './Network'
import { OffAir } from './OffAir'
import { PipView } from './PipView'
import { type Open, openers } from './panels'
import { ReactionLayer } from './ReactionLayer'
import { RemoteAudio } from './RemoteAudio'
import styles from './RoomScreen.module.css'
import { Shortcuts } from './Shortcuts'
import { Stage } from './Stage'
import { Toasts } from './Toasts'
import { useActions } from './useActions'
import { useDropGuard } from './useDropGuard'
import { useHostActions } from './useHostActions'
import { useKeys } from './useKeys'
import { useTalkKey } from './useTalkKey'
import { useNarrow } from './useNarrow'
import { usePip } from './usePip'
import { usePanels } from './usePanels'
import { useWakeLock } from './useWakeLock'
import { Watching } from './Watching'

interface Props {
  call: Call
  // Camera, microphone and screen are one's own to show here.
  publishes: boolean
  media: boolean
  leave: () => void
  note: (devices: { microphone: boolean; camera: boolean }) => void
}

const DEVICES = ['microphone', 'camera'] as const
export const DEVICE_KEYS = { microphone: 'M', camera: 'V' } as const

// Of the bar, beside what can go to the menu: the name of the room, the devices, the menu, leaving.
const TITLE = 150
const FIXED = 150
const PER_DEVICE = 94

export const RoomScreen = ({ call, publishes: wants, media, leave, note }: Props) => {
  const view = useStore(call.view)
  const own = useStore(call.own.state)
  const audioOnly = useStore(call.audioOnly)
  const hands = useStore(call.hands.state)
  const { layout, self, keys } = useStore(looks)
  const drawing = useStore(call.boards.view).open !== undefined
  const narrow = useNarrow()
  const bar = useRef<HTMLDivElement>(null)
  const { width } = useSize(bar)
  const [open, setOpen] = useState<Open>(media ? undefined : 'chat')
  const [sheet, setSheet] = useState<'invite' | 'keys'>()
  const pip = usePip()
  const [question, ask] = useState<Question>()
  const { admin, locked } = useStore(call.host.state)
  const { room } = call
  const me = view.people[0]
  const { grant } = room
  const publishes = wants && grant.publish
  // Who watches has no tile, with others or by themselves.
  const seen = call.watches ? view.people.slice(1) : view.people
  const on = {
    microphone: me?.microphone !== undefined && !me.microphone.muted,
    camera: me?.camera !== undefined && !me.camera.muted,
    screen: (me?.screens.length ?? 0) > 0,
  }
  const { microphone, camera } = on

  useEffect(() => note({ microphone, camera }), [note, microphone, camera])
  useWakeLock()
  useDropGuard()

  const toggle = (device: Device) => {
    if (publishes) void call.own.set(device, !on[device])
  }
  const talking = useTalkKey(publishes, {
    on: microphone,
    busy: own.busy.microphone,
    set: (on) => void call.own.set('microphone', on),
  })
  const choose = (device: Device, deviceId: string) => void call.own.choose(device, deviceId)
  const mute = useMemo(() => (admin ? call.mute.bind(call) : undefined), [admin, call])
  const remove = (id: string, name: string) =>
    ask({
      heading: strings.host.removeHeading(name),
      text: strings.host.removeText,
      yes: strings.host.removeButton,
      act: () => call.host.remove(id),
    })
  const panels = usePanels({ call, publishes, mute, remove: admin ? remove : undefined }).filter(({ id }) =>
    offers(id),
  )
  const actions: Action[] = [
    ...useActions({
      call,
      publishes,
      sharing: on.screen,
      pip,
      invite: () => setSheet('invite'),
      help: () => setSheet('keys'),
    }).filter(({ id }) => offers(id)),
    ...useHostActions(call.host, ask),
    ...openers(panels, open, setOpen),
  ]
  const { middle, end, menu } = narrow
    ? arrangePhone(actions)
    : arrange(actions, width, TITLE + FIXED + (publishes ? DEVICES.length * PER_DEVICE : 0))
  const side = panels.find((p) => p.id === open)
  const close = () => setOpen(undefined)

  useKeys(
    {
      m: () => toggle('microphone'),
      v: () => toggle('camera'),
      ...keysOf(actions),
      Escape: close,
    },
    keys,
  )

  const network = <Network call={call} side={narrow ? 'below' : 'above'} />
  const title = (
    <>
      <h1 className={styles.title}>{room.name}</h1>
      {locked && (
        <span className={styles.locked} data-testid={testids.locked} title={strings.host.locked}>
          <Lock size={16} role="img" aria-label={strings.host.locked} />
        </span>
      )}
    </>
  )
  const watching = view.watching > 0 && <Watching count={view.watching} />
  const ends = end.map((action) => <ActionControl key={action.id} action={action} flat />)

  const toasts = <Toasts notices={call.notices} open={() => setOpen('chat')} />

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
          {watching}
          <span className={styles.space} />
          {ends}
        </header>
      )}

      <div className={styles.middle}>
        <div className={styles.stage}>
          <Banners
            call={call}
            reconnecting={view.reconnecting}
            media={view.media}
            own={own}
            sharing={on.screen}
            stopSharing={() => void call.own.share(false)}
          />
          <Knocks host={call.host} />
          <BoardFrame call={call} notices={toasts}>
            <Stage
              people={seen}
              layout={call.watches ? 'speaker' : layout}
              self={self}
              hands={hands}
              audioOnly={audioOnly}
              mute={mute}
            >
              {seen.length === 0 && !drawing && <OffAir />}
              {!call.watches && seen.length === 1 && !view.reconnecting && !drawing && offers('invite') && (
                <Alone room={room.name} invite={() => setSheet('invite')} />
              )}
              <ReactionLayer reactions={call.reactions} />
              {talking && <p className={styles.talking}>{strings.room.talking}</p>}
              {toasts}
            </Stage>
          </BoardFrame>
        </div>
        {side !== undefined && <aside className={styles.panel}>{side.render(close)}</aside>}
      </div>

      <Bar
        bar={bar}
        start={
          !narrow && (
            <>
              {title}
              {network}
              {watching}
            </>
          )
        }
        middle={
          <>
            {publishes &&
              DEVICES.map((device) => (
                <DeviceControl
                  key={device}
                  device={device}
                  keys={DEVICE_KEYS[device]}
                  on={on[device]}
                  own={own}
                  toggle={toggle}
                  choose={choose}
                />
              ))}
            {middle.map((action) => (
              <ActionControl key={action.id} action={action} />
            ))}
            <MoreMenu actions={menu} />
            <LeaveControl leave={leave} />
          </>
        }
        end={!narrow && ends}
      />

      {pip.window !== undefined && (
        <PipView
          window={pip.window}
          people={seen}
          pictures={!audioOnly}
          publishes={publishes}
          on={on}
          toggle={toggle}
          leave={leave}
        />
      )}
      {sheet === 'invite' && (
        <InviteSheet room={room.name} watch={call.watches} close={() => setSheet(undefined)} />
      )}
      {sheet === 'keys' && (
        <Shortcuts
          actions={[
            ...(publishes
              ? [
                  ...DEVICES.map((d) => ({ id: d, label: strings.keys[d], keys: DEVICE_KEYS[d] as string })),
                  { id: 'talk', label: strings.keys.talk, keys: strings.keys.space },
                ]
              : []),
            ...actions,
          ]}
          close={() => setSheet(undefined)}
        />
      )}
      {question !== undefined && <Confirm question={question} close={() => ask(undefined)} />}
      <RemoteAudio people={view.people} />
      <Announcer call={call} />
    </main>
  )
}
