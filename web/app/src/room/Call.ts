// A room one is in, as the page needs it: the SDK's room with what is shown of it, its chat, one's own devices, and
// the words that pass. Begins when joined, ends once.

import { maySend, mayWrite, type Participant, type Room, type Source } from '/sdk/parlor.js'
import { Boards } from '../board/Boards'
import { PREFIX } from '../board/keys'
import { gaveUp } from '../background/background'
import { type ChatLog, TYPE, type Upload } from '../chat/ChatLog'
import { Store } from '../store'
import { strings } from '../strings'
import { Hands } from './hands'
import { Hosting } from './Hosting'
import { Notices } from './Notices'
import { OwnDevices } from './OwnDevices'
import { type Emoji, REACTION, Reactions } from './reactions'
import { followRoom, type RoomView } from './roomView'

// Mutes what somebody sends, for everybody.
export type Mute = (participantId: string, source: Source) => void

// Of one go: what is dropped by mistake is a folder.
const MOST_FILES = 10

export class Call {
  readonly room: Room
  readonly chat: ChatLog
  readonly own: OwnDevices
  readonly view: Store<RoomView>
  readonly notices = new Notices()
  readonly reactions = new Reactions()
  readonly hands: Hands
  readonly host: Hosting
  readonly boards: Boards
  // The browser holds sound back until there is a click.
  readonly silent = new Store(false)
  // No pictures of others are wanted.
  readonly audioOnly = new Store(false)
  private readonly offs: (() => void)[]
  private hinted = ''

  constructor(room: Room, chat: ChatLog, disconnected: (reason: string) => void) {
    this.room = room
    this.chat = chat
    this.own = new OwnDevices(room)
    this.host = new Hosting(room, this.notices)
    const { view, end } = followRoom(room)
    this.view = view
    this.hands = new Hands(room, {
      raised: (id) => {
        const participant = room.participants.get(id)
        if (participant !== undefined) this.notices.say(strings.room.raised(nameOf(participant)))
      },
      lowered: () => this.notices.say(strings.room.lowered),
    })
    this.boards = new Boards(room, mayDraw(room), {
      offered: (board, by) =>
        this.notices.say(strings.board.offered(by || strings.room.someone, board.name), false, () =>
          this.boards.open(board.id),
        ),
      refused: (code) => this.notices.say(strings.board.refused[code] ?? strings.board.notSaved),
    })
    this.offs = [
      end,
      this.own.follow(),
      () => this.hands.end(),
      () => this.reactions.end(),
      room.on('message', (type: string, data: unknown, from: Participant, { sentAt, lossy }) => {
        if (type === REACTION && !lossy)
          this.reactions.receive(data, { id: from.id, name: nameOf(from) }, sentAt)
      }),
      room.on('participantDisconnected', (p: Participant) => this.reactions.forget(p.id)),
      room.on('participantConnected', (p: Participant) => this.pass(p, strings.room.joined)),
      room.on('participantDisconnected', (p: Participant, why: string) =>
        this.pass(p, why === 'removed' ? strings.host.removed : strings.room.left),
      ),
      chat.state.subscribe(() => this.hint()),
      room.on('reset', () => {
        chat.beginAnew()
        this.notices.say(strings.room.reset)
      }),
      room.on('publishRefused', ({ source }) => this.notices.say(strings.room.refused(source))),
      room.on('trackMuted', ({ source }, participant, by) => {
        if (by !== undefined && participant === room.localParticipant)
          this.notices.say(strings.room.mutedBy(nameOf(by), source))
      }),
      gaveUp.subscribe(() => {
        const why = gaveUp.get()
        if (why !== undefined) this.notices.say(strings.background[why])
      }),
      room.on('audioBlocked', () => this.silent.set(true)),
      room.on('disconnected', (reason: string) =>
        disconnected(reason === 'room_closed' && this.host.ended ? 'ended' : reason),
      ),
    ]
    window.parlor = room
  }

  say(text: string): void {
    void this.chat.send(text, this.room.localParticipant, this.post)
  }

  sayAgain(key: string): void {
    void this.chat.again(key, this.upload, this.post)
  }

  // Whether one is here to see and hear, and no more.
  get watches(): boolean {
    return this.room.localParticipant.isWatching
  }

  // Whether files may be sent: not everyone may, and not every server takes some.
  get mayAttach(): boolean {
    return maySend(this.room.grant, TYPE) && (this.room.limits?.fileBytes ?? 0) > 0
  }

  sendFiles(files: readonly File[]): void {
    if (files.length > MOST_FILES) this.notices.say(strings.chat.tooMany(MOST_FILES))
    for (const file of files.slice(0, MOST_FILES))
      void this.chat.sendFile(file, this.room.localParticipant, this.upload, this.post)
  }

  react(emoji: Emoji): void {
    this.reactions.send(emoji, strings.room.justYou, this.post)
  }

  // Ours goes up, or down again.
  turnHand(): void {
    const { id } = this.room.localParticipant
    void (this.hands.state.get().includes(id) ? this.hands.lower(id) : this.hands.raise())
  }

  // From a click, or it does nothing.
  async hear(): Promise<void> {
    await this.room.startAudio()
    this.silent.set(false)
  }

  setAudioOnly(on: boolean): void {
    this.room.setAudioOnly(on)
    this.audioOnly.set(on)
  }

  turnBoard(): void {
    const { open } = this.boards.view.get()
    const other = this.boards.suggest()
    if (open !== undefined) this.boards.open(undefined)
    else if (other !== undefined) this.boards.open(other)
    else if (this.boards.mayWrite) this.boards.add(strings.board.numbered)
    else this.notices.say(strings.board.none)
  }

  // For everybody, if we may. Only they themselves can undo it.
  mute(participantId: string, source: Source): void {
    const participant = this.room.participants.get(participantId)
    const track = participant?.getTrack(source)
    if (participant !== undefined && track !== undefined && !track.muted) participant.mute(track)
  }

  end(): void {
    this.own.end()
    for (const off of this.offs.splice(0)) off()
    this.host.end()
    this.notices.close()
    this.chat.close()
    this.boards.close()
    if (window.parlor === this.room) delete window.parlor
  }

  // Hundreds who watch come and go without a word.
  private pass(participant: Participant, words: (name: string) => string): void {
    if (!participant.isWatching) this.notices.say(words(nameOf(participant)))
  }

  // A message that comes while the chat is closed passes by on the stage.
  private hint(): void {
    const { messages, open } = this.chat.state.get()
    if (open) this.notices.chatSeen()
    const last = messages.findLast((m) => !m.mine && m.past !== true)
    if (last === undefined || last.key === this.hinted) return
    this.hinted = last.key
    if (!open) this.notices.say(strings.chat.says(last.name || strings.room.someone, last.text), true)
  }

  private readonly upload: Upload = (file, options) => this.room.upload(file, options)

  private readonly post = (type: string, data: unknown) => this.room.sendMessage(type, data)
}

const mayDraw = (room: Room): boolean => mayWrite(room.grant, PREFIX)

const nameOf = (participant: Participant): string => participant.name || strings.room.someone

declare global {
  interface Window {
    parlor?: Room
  }
}
