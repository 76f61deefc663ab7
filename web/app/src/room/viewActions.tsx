// How one sees the room: as actions.

import {
  Fullscreen,
  Headphones,
  LayoutGrid,
  LayoutTemplate,
  PictureInPicture2,
  Sparkles,
  SquareUserRound,
} from 'lucide-react'
import { useStore } from '../store'
import { strings } from '../strings'
import { testids } from '../testids'
import { Segments } from '../ui/Segments'
import type { Action } from './actions'
import type { Call } from './Call'
import { type Layout, LAYOUTS } from './focus'
import { looks, setLayout, showSelf } from './looks'
import { canFloat } from './pip'
import type { Pip } from './usePip'

const LAYOUT_ICONS = { auto: Sparkles, grid: LayoutGrid, speaker: LayoutTemplate } as const

export const useViewActions = (call: Call, pip: Pip): Action[] => {
  const { media } = useStore(call.view)
  const audioOnly = useStore(call.audioOnly)
  const { layout, self } = useStore(looks)
  if (media === 'none') return fullScreen()
  return [
    {
      id: 'layout',
      label: strings.layouts.heading,
      icon: LayoutGrid,
      run: () => undefined,
      opens: (inMenu, close) => (
        <Segments<Layout>
          label={strings.layouts.heading}
          choices={LAYOUTS.map((value) => ({
            value,
            label: strings.layouts[value],
            icon: LAYOUT_ICONS[value],
          }))}
          value={layout}
          choose={(value) => {
            setLayout(value)
            close()
          }}
          inMenu={inMenu}
        />
      ),
      place: 'menu',
      group: 'view',
    },
    {
      id: 'self',
      label: strings.room.showSelf,
      icon: SquareUserRound,
      run: () => showSelf(!self),
      on: self,
      testid: testids.selfView,
      place: 'menu',
      group: 'view',
    },
    {
      id: 'audio-only',
      label: strings.network.audioOnly,
      icon: Headphones,
      run: () => call.setAudioOnly(!audioOnly),
      on: audioOnly,
      place: 'menu',
      group: 'view',
    },
    ...(canFloat()
      ? [
          {
            id: 'pip',
            label: strings.room.pip,
            icon: PictureInPicture2,
            run: pip.turn,
            on: pip.window !== undefined,
            keys: 'P',
            testid: testids.pipToggle,
            place: 'menu',
            group: 'view',
          } as const,
        ]
      : []),
    ...fullScreen(),
  ]
}

const turnFullScreen = () => {
  const done =
    document.fullscreenElement === null
      ? document.documentElement.requestFullscreen()
      : document.exitFullscreen()
  void done.catch(() => undefined)
}

const fullScreen = (): Action[] =>
  document.fullscreenEnabled
    ? [
        {
          id: 'fullscreen',
          label: strings.room.fullScreen,
          icon: Fullscreen,
          run: turnFullScreen,
          keys: 'F',
          place: 'menu',
          group: 'view',
        },
      ]
    : []
