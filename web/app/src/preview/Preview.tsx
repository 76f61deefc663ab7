// Before joining: how one looks and sounds, which devices, what name. One can always join, with whatever works.

import { ArrowLeft, Camera, LoaderCircle, Mic, MicOff, Video, VideoOff, Volume2 } from 'lucide-react'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { BackgroundPicker } from '../background/BackgroundPicker'
import type { Capture } from '../media/capture'
import { canChooseSpeaker, chooseDevice, chosen as chosenDevices, devices } from '../media/deviceList'
import { DevicePicker } from '../media/DevicePicker'
import { LevelMeter } from '../media/LevelMeter'
import type { Device } from '../media/problem'
import { useElementTrack } from '../media/useElementTrack'
import { personName } from '../names'
import { remember } from '../preferences'
import { embedded, go } from '../route'
import { useStore } from '../store'
import { strings } from '../strings'
import { testids } from '../testids'
import { Avatar } from '../ui/Avatar'
import { Button } from '../ui/Button'
import { LanguagePicker } from '../ui/LanguagePicker'
import { Wordmark } from '../ui/Wordmark'
import styles from './Preview.module.css'
import { Problems } from './Problems'

interface Props {
  room: string
  watch: boolean
  knownAs: string
  capture: Capture
  // False: no WebRTC here, so no media at all.
  media: boolean
  joining: boolean
  join: (name: string) => void
}

export const Preview = ({ room, watch, knownAs, capture, media, joining, join }: Props) => {
  const state = useStore(capture.state)
  const lists = useStore(devices)
  const chosen = useStore(chosenDevices)
  const [name, setName] = useState(knownAs)
  const nameField = useRef<HTMLInputElement>(null)
  const video = useRef<HTMLVideoElement>(null)
  const { camera, microphone } = state
  useElementTrack(video, camera.on ? camera.track : undefined)

  useEffect(() => {
    document.title = strings.titleInRoom(room)
  }, [room])

  const submit = (event: FormEvent) => {
    event.preventDefault()
    const own = personName(name)
    // Of those who watch nobody need know who they are.
    if (own === '' && !watch) {
      nameField.current?.focus()
      return
    }
    if (own !== '') remember('name', own)
    join(own || strings.room.someone)
  }

  const toggle = (device: Device) => void capture.set(device, !state[device].on)
  const showsSelf = media && !watch
  const asking = showsSelf && state.asking
  // Before it allows any, the browser names no devices: nothing to choose from.
  const named = lists.microphones.length + lists.cameras.length > 0
  const withNothing = !camera.on && !microphone.on

  let action: string = strings.preview.join
  if (watch) action = strings.preview.watch
  else if (!media) action = strings.preview.joinChat
  else if (asking || withNothing) action = strings.preview.joinWithout

  return (
    <main
      className={styles.preview}
      data-testid={testids.preview}
      data-state={state.ready || !showsSelf ? 'ready' : 'asking'}
    >
      {!embedded && (
        <header className={styles.top}>
          <Wordmark />
          <Button look="quiet" size="small" onClick={() => go('/')}>
            <ArrowLeft className="flips" size={18} aria-hidden="true" />
            {strings.preview.otherRoom}
          </Button>
        </header>
      )}

      <div className={`${styles.middle} ${showsSelf ? '' : styles.alone}`}>
        {showsSelf && (
          <section className={styles.self} aria-label={strings.preview.camera}>
            <div className={styles.picture}>
              <video
                ref={video}
                data-testid={testids.selfVideo}
                className={styles.video}
                hidden={!(camera.on && camera.track !== undefined)}
                autoPlay
                muted
                playsInline
              />
              {!(camera.on && camera.track !== undefined) && (
                <div className={styles.noPicture}>
                  <Avatar id={name} name={name} className={styles.face} />
                  <p>
                    {asking
                      ? strings.preview.asking
                      : camera.starting
                        ? strings.preview.starting
                        : strings.preview.cameraOff}
                  </p>
                </div>
              )}
              <div className={styles.toggles}>
                <button
                  type="button"
                  className={styles.toggle}
                  data-testid={testids.microphone}
                  aria-pressed={microphone.on}
                  aria-label={microphone.on ? strings.device.mute : strings.device.unmute}
                  title={microphone.on ? strings.device.mute : strings.device.unmute}
                  onClick={() => toggle('microphone')}
                >
                  {microphone.on ? (
                    <Mic size={22} aria-hidden="true" />
                  ) : (
                    <MicOff size={22} aria-hidden="true" />
                  )}
                </button>
                <button
                  type="button"
                  className={styles.toggle}
                  data-testid={testids.camera}
                  aria-pressed={camera.on}
                  aria-label={camera.on ? strings.device.turnOff('camera') : strings.device.turnOn('camera')}
                  title={camera.on ? strings.device.turnOff('camera') : strings.device.turnOn('camera')}
                  onClick={() => toggle('camera')}
                >
                  {camera.on ? (
                    <Video size={22} aria-hidden="true" />
                  ) : (
                    <VideoOff size={22} aria-hidden="true" />
                  )}
                </button>
              </div>
            </div>
            {named && <LevelMeter track={microphone.on ? microphone.track : undefined} />}
            <div className={styles.devices} hidden={!named}>
              <DevicePicker
                kind="microphone"
                icon={Mic}
                devices={lists.microphones}
                value={chosen.microphone}
                choose={(id) => void capture.choose('microphone', id)}
                testid={testids.microphoneSelect}
              />
              <DevicePicker
                kind="camera"
                icon={Camera}
                devices={lists.cameras}
                value={chosen.camera}
                choose={(id) => void capture.choose('camera', id)}
                testid={testids.cameraSelect}
              />
              <BackgroundPicker />
              {canChooseSpeaker() && lists.speakers.length > 0 && (
                <DevicePicker
                  kind="speaker"
                  icon={Volume2}
                  devices={lists.speakers}
                  value={chosen.speaker}
                  choose={(id) => chooseDevice('speaker', id)}
                  testid={testids.speakerSelect}
                />
              )}
            </div>
          </section>
        )}

        <form className={styles.form} onSubmit={submit} noValidate>
          <h1>{watch ? strings.preview.watching(room) : strings.preview.heading(room)}</h1>
          {!media && (
            <div
              className={styles.without}
              role="status"
              data-testid={testids.problem}
              data-problem="no-webrtc"
            >
              <h2>{strings.noWebRTC.title}</h2>
              <p>{strings.noWebRTC.how}</p>
            </div>
          )}
          {showsSelf && (
            <Problems
              state={state}
              retry={(devices) => {
                for (const device of devices) void capture.set(device, true)
              }}
            />
          )}
          <label className={styles.field}>
            <span>{strings.preview.name}</span>
            <input
              ref={nameField}
              data-testid={testids.name}
              value={name}
              onChange={(e) => setName(e.target.value)}
              placeholder={strings.lobby.namePlaceholder}
              autoComplete="name"
              autoFocus={name === ''}
              maxLength={64}
              required
            />
          </label>
          <Button
            type="submit"
            look="primary"
            size="large"
            data-testid={testids.join}
            disabled={joining}
            aria-busy={joining}
            className={styles.join}
          >
            {joining && <LoaderCircle size={20} aria-hidden="true" className={styles.spin} />}
            {joining ? strings.preview.joining : action}
          </Button>
          <LanguagePicker />
        </form>
      </div>
    </main>
  )
}
