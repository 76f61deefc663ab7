// What lasts and matters, above the stage: no connection, no sound, one's own screen being seen, a device that failed.

import { CircleAlert, Headphones, LoaderCircle, MonitorUp, Volume2, X } from 'lucide-react'
import { type ReactNode, useEffect, useState } from 'react'
import { browserOf } from '../media/problem'
import { explain } from '../preview/explain'
import { useStore } from '../store'
import { strings } from '../strings'
import { testids } from '../testids'
import { Button } from '../ui/Button'
import styles from './Banners.module.css'
import type { Call } from './Call'
import { doctorLink } from './invite'
import type { OwnState } from './OwnDevices'

interface Props {
  call: Call
  reconnecting: boolean
  // How sound and pictures are: messages may get through without them.
  media: string
  own: OwnState
  sharing: boolean
  stopSharing: () => void
}

const DEVICES = ['camera', 'microphone'] as const

export const Banners = ({ call, reconnecting, media, own, sharing, stopSharing }: Props) => {
  const silent = useStore(call.silent)
  const audioOnly = useStore(call.audioOnly)
  const browser = browserOf(navigator.userAgent, navigator.maxTouchPoints)
  return (
    <>
      {reconnecting && <Reconnecting />}
      {media === 'failed' && !reconnecting && <NoMedia />}
      {media === 'connecting' && !reconnecting && <MediaAway />}
      {silent && (
        <Banner
          kind="silent"
          icon={<Volume2 size={18} aria-hidden="true" />}
          action={
            <Button
              look="primary"
              size="small"
              data-testid={testids.clickToHear}
              onClick={() => void call.hear()}
            >
              {strings.room.hearButton}
            </Button>
          }
          urgent
        >
          {strings.room.hear}
        </Banner>
      )}
      {audioOnly && (
        <Banner
          kind="audio-only"
          icon={<Headphones size={18} aria-hidden="true" />}
          action={
            <Button size="small" onClick={() => call.setAudioOnly(false)}>
              {strings.room.showPictures}
            </Button>
          }
        >
          {strings.room.audioOnly}
        </Banner>
      )}
      {sharing && (
        <Banner
          kind="sharing"
          icon={<MonitorUp size={18} aria-hidden="true" />}
          action={
            <Button size="small" onClick={stopSharing}>
              {strings.room.stopSharing}
            </Button>
          }
        >
          {strings.room.sharing}
        </Banner>
      )}
      {DEVICES.map((device) => {
        const problem = own.problems[device]
        if (problem === undefined) return null
        const { title, how } = explain(problem, [device], browser, location.origin)
        return (
          <Banner
            key={device}
            kind={problem}
            icon={<CircleAlert size={18} aria-hidden="true" />}
            close={() => call.own.forget(device)}
          >
            <strong>{title}.</strong> {how}
          </Banner>
        )
      })}
      {own.problems.screen !== undefined && (
        <Banner
          kind="screen"
          icon={<CircleAlert size={18} aria-hidden="true" />}
          close={() => call.own.forget('screen')}
        >
          {strings.problem.screenFailed}
        </Banner>
      )}
    </>
  )
}

const LONG_MS = 12_000
const MEDIA_MS = 5_000
const AWAY_MS = 4_000

// True once it has stood there for so long.
const useAfter = (ms: number): boolean => {
  const [after, setAfter] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setAfter(true), ms)
    return () => clearTimeout(timer)
  }, [ms])
  return after
}

// A path that failed is tried again at once; only when that fails too is there something to say.
const NoMedia = () =>
  useAfter(MEDIA_MS) ? (
    <Banner kind="no-media" icon={<CircleAlert size={18} aria-hidden="true" />}>
      {strings.room.noMedia}{' '}
      <a href={doctorLink()} target="_blank" rel="noopener">
        {strings.room.whatGetsThrough}
      </a>
    </Banner>
  ) : null

// Not at the beginning, when it takes a moment always.
const MediaAway = () =>
  useAfter(AWAY_MS) ? (
    <Banner kind="media-away" icon={<LoaderCircle size={18} className={styles.spin} aria-hidden="true" />}>
      {strings.room.mediaAway}
    </Banner>
  ) : null

// It goes on by itself; when that takes long, the page says so and offers the other way.
const Reconnecting = () => {
  const long = useAfter(LONG_MS)
  return (
    <Banner
      kind="reconnecting"
      icon={<LoaderCircle size={18} className={styles.spin} aria-hidden="true" />}
      action={
        long && (
          <Button size="small" data-testid={testids.reload} onClick={() => location.reload()}>
            {strings.ended.reload}
          </Button>
        )
      }
      urgent
    >
      {long ? strings.room.stillReconnecting : strings.room.reconnecting}
    </Banner>
  )
}

interface BannerProps {
  kind: string
  icon: ReactNode
  children: ReactNode
  action?: ReactNode
  close?: () => void
  urgent?: boolean
}

const Banner = ({ kind, icon, children, action, close, urgent = false }: BannerProps) => (
  <div
    className={styles.banner}
    role={urgent ? 'alert' : 'status'}
    data-testid={testids.banner}
    data-kind={kind}
  >
    {icon}
    <p>{children}</p>
    {action}
    {close !== undefined && (
      <button type="button" className={styles.close} onClick={close} aria-label={strings.room.close}>
        <X size={18} aria-hidden="true" />
      </button>
    )}
  </div>
)
