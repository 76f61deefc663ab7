// One person's way through a room: the preview, joining, being in, and the end; and round again. It knows no React.

import { joinRoom, type Room } from '/sdk/parlor.js'
import type { Invitation } from '../../../element/src/wire'
import { ChatLog, TYPE } from '../chat/ChatLog'
import { codeOf, endingCode, endingOf } from '../errors'
import { Capture } from '../media/capture'
import { listDevices } from '../media/deviceList'
import { endVisit, interruptedVisit, remembered, startVisit } from '../preferences'
import { type Readable, Store } from '../store'
import { strings } from '../strings'
import { nameIn, tokenFor } from '../token'
import { Call } from './Call'

export type Phase =
  | { at: 'preview'; joining: boolean }
  // Going in again: nothing to ask.
  | { at: 'joining' }
  // Somebody has to let us in; `attended`: they are there who can.
  | { at: 'waiting'; attended: boolean }
  | { at: 'in'; call: Call }
  | { at: 'ended'; code: string; trying: boolean; nextTry: number | undefined }

// How long joining waits for devices that are just starting.
const STARTING_MS = 3_000
// How much of the chat before one came is shown.
const RECALLED = 200
const FIRST_PAUSE = 2_000
const LONGEST_PAUSE = 30_000

export class RoomVisit {
  readonly room: string
  readonly watch: boolean
  // Whether this browser can do sound and video at all.
  readonly media = typeof RTCPeerConnection === 'function'
  readonly phase: Store<Phase>
  readonly capture: Capture

  private readonly invitation: Readable<Invitation | undefined> | undefined
  private name: string
  // What was on, to be on again.
  private wanted = { microphone: false, camera: false }
  private tries = 0
  private timer = 0
  private stop: AbortController | undefined
  private closed = false

  // `invitation`: what the page around ours says, as of now.
  constructor(room: string, watch: boolean, invitation?: Readable<Invitation | undefined>) {
    this.room = room
    this.watch = watch
    this.invitation = invitation
    this.name = this.knownAs
    this.capture = new Capture({ microphone: !watch && this.media, camera: !watch && this.media })
    const before = interruptedVisit(room)
    const invited = invitation?.get()
    if (before === undefined && invited?.join === true) {
      this.phase = new Store<Phase>({ at: 'joining' })
      this.wanted = { microphone: invited.microphone === true, camera: invited.camera === true }
    } else if (before === undefined) {
      this.phase = new Store<Phase>({ at: 'preview', joining: false })
    } else {
      this.phase = new Store<Phase>({ at: 'joining' })
      this.name = before.name
      this.wanted = { microphone: before.microphone, camera: before.camera }
    }
  }

  get knownAs(): string {
    const invited = this.invitation?.get()
    return invited?.name ?? nameIn(this.token) ?? remembered('name')
  }

  private get token(): string | undefined {
    return this.invitation?.get()?.token ?? tokenFor(location.pathname)
  }

  begin(): void {
    if (this.phase.get().at === 'joining') void this.again()
    else if (this.media && !this.watch) void this.capture.start()
  }

  // From the preview.
  async join(name: string): Promise<void> {
    const phase = this.phase.get()
    if (phase.at !== 'preview' || phase.joining) return
    this.name = name
    this.phase.set({ at: 'preview', joining: true })
    if (this.media && !this.watch) await this.capture.settled(STARTING_MS)
    if (this.closed) return
    const given = this.capture.handOver()
    this.wanted = { microphone: given.microphone !== undefined, camera: given.camera !== undefined }
    const call = await this.enter(given)
    if (call === undefined) {
      given.microphone?.stop()
      given.camera?.stop()
    }
  }

  // From the end, or after a reload: with the devices that were on.
  async again(): Promise<void> {
    clearTimeout(this.timer)
    const phase = this.phase.get()
    if (phase.at === 'in') return
    if (phase.at === 'ended' && phase.nextTry !== undefined)
      this.phase.set({ ...phase, trying: true, nextTry: undefined })
    else this.phase.set({ at: 'joining' })
    this.name = this.invitation?.get()?.name ?? this.name
    const call = await this.enter({})
    if (call === undefined) return
    void listDevices()
    if (this.watch || !this.media || !call.room.grant.publish) return
    if (this.wanted.microphone) void call.own.set('microphone', true)
    if (this.wanted.camera) void call.own.set('camera', true)
  }

  leave(): void {
    const phase = this.phase.get()
    if (phase.at !== 'in') return
    this.noteDevices(phase.call)
    phase.call.end()
    phase.call.room.leave()
    this.end('left')
  }

  // What is on now, so that a reload goes on with it.
  note(devices: { microphone: boolean; camera: boolean }): void {
    startVisit({ room: this.room, name: this.name, ...devices })
  }

  close(): void {
    this.closed = true
    clearTimeout(this.timer)
    this.stop?.abort()
    this.capture.close()
    const phase = this.phase.get()
    if (phase.at !== 'in') return
    phase.call.end()
    phase.call.room.leave()
    endVisit()
  }

  private async enter(given: {
    microphone?: MediaStreamTrack | undefined
    camera?: MediaStreamTrack | undefined
  }) {
    const stop = new AbortController()
    this.stop = stop
    const chat = new ChatLog()
    const { token } = this
    try {
      const room = await joinRoom({
        room: this.room,
        name: this.name,
        signal: stop.signal,
        // A tile that cannot be seen has no element.
        autoSubscribe: false,
        watch: this.watch,
        ...(token === undefined ? {} : { token }),
        ...(given.microphone === undefined ? {} : { audio: given.microphone }),
        ...(given.camera === undefined ? {} : { video: given.camera }),
        onWaiting: (attended) => this.wait(attended),
        onMessage: (type, data, from, meta) => {
          if (type === TYPE) chat.receive(data, from, meta)
        },
      })
      if (this.closed) {
        room.leave()
        return undefined
      }
      this.tries = 0
      void this.recall(room, chat)
      if (!room.grant.publish) {
        // One would see oneself and think that others do.
        void room.localParticipant.setMicrophoneEnabled(false)
        void room.localParticipant.setCameraEnabled(false)
        given.microphone?.stop()
        given.camera?.stop()
      }
      const call = new Call(room, chat, (reason) => {
        this.noteDevices(call)
        call.end()
        this.end(reason)
      })
      this.phase.set({ at: 'in', call })
      return call
    } catch (error) {
      if (this.closed) return undefined
      this.end(codeOf(error))
      return undefined
    }
  }

  private wait(attended: boolean): void {
    const phase = this.phase.get()
    if (this.closed) return
    if (phase.at === 'in') phase.call.notices.say(strings.wait.again)
    else this.phase.set({ at: 'waiting', attended })
  }

  // What was written before one came. Without it there is still everything from now on.
  private async recall(room: Room, chat: ChatLog): Promise<void> {
    const page = await room.history({ type: TYPE, limit: RECALLED }).catch(() => undefined)
    if (page !== undefined) chat.remember(page.messages, room.localParticipant.id)
  }

  private noteDevices(call: Call): void {
    const me = call.room.localParticipant
    this.wanted = { microphone: me.isMicrophoneEnabled, camera: me.isCameraEnabled }
  }

  private end(code: string): void {
    endVisit()
    let nextTry: number | undefined
    if (endingOf(code).keepsTrying === true) {
      const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.tries++)
      nextTry = Date.now() + pause
      this.timer = window.setTimeout(() => void this.again(), pause)
    }
    this.phase.set({ at: 'ended', code: endingCode(code), trying: false, nextTry })
  }
}
