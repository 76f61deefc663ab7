// What tests may hold on to. Everything else about the page's markup may change without notice.
//
//   data-testid           where
//   lobby                 the first page, at /
//   name                  the text field for one's name (lobby and preview)
//   room                  the text field for the room's name (lobby)
//   continue              lobby: go on to the preview
//   language              lobby and preview: the select for the language
//   preview               the page before joining; data-state on it: "asking" | "ready" (devices settled, one way or the other)
//   self-video            preview: one's own picture
//   level                 preview: the microphone's level; data-level on it: 0..100
//   microphone, camera    the toggles, in preview and room; aria-pressed says whether the device is on
//   microphone-select, camera-select, speaker-select   the device pickers of the preview
//   background            preview and settings: the select for what is behind oneself; where the browser can blur it
//   problem               preview: one notice per device problem; data-problem: denied | missing | busy | insecure | …
//   join                  the join button (preview)
//   in-room               the room; data-connection: "connected" | "reconnecting"; data-room: its name
//   stage                 the area with the tiles; data-layout: "grid" | "duet" | "spotlight"
//   share, chat-toggle, people-toggle, invite, network, leave   controls of the room
//   more                  opens the menu with everything that has no place among them; what is in it keeps its own id
//   settings-toggle, keys-toggle   in it: open `settings`, a panel, and `keys`, a sheet
//   invite-sheet   opened by invite; invite-link, invite-copy in it
//   pip-toggle     opens or closes the small window; pip is what is in that
//   network-details   in the panel of `network`: what the connection is and carries
//   react, hand, self-view   actions: reactions to choose from, one's hand up or down, one's own picture shown or not
//   hand-up   on a tile: a raised hand, with its place
//   lower-hand, lower-all   in `people`, for who may
//   unread                count of unread messages on the chat toggle
//   people-count          the number of people here
//   chat                  the chat panel;  chat-input, chat-send in it
//   chat-attach, chat-file   in it: the button that opens the files of the machine, and the field that takes them
//   chat-card, chat-picture   a file in a message, as a card or shown
//   watching              how many only watch; data-count
//   messages              the list;  message  one of them; data-from: participant id, data-state: pending | sent | failed
//   audio-only            in the panel of `network`: the switch for sound only; aria-checked
//   pages                 the buttons that turn the pages of the stage, when not all fit; data-page, data-of: from 1
//   next-page, previous-page   in it
//   board-toggle          opens a whiteboard, and closes it
//   board                 the whiteboard; in it board-picker (board-list, board-add, board-rename, board-delete, board-name), board-menu
//                         (board-save with data-format, board-clear), board-confirm, board-alone, board-full, board-close, board-company
//   notice                a passing notice (somebody joined or left)
//   banner                reconnecting, or audio that waits for a click (click-to-hear is its button)
//   lock, lobby-switch, end-for-all   in `more`, for those who may moderate; the first two say by aria-checked whether they are on
//   locked                the sign that the room is locked
//   remove                in `people`, beside each of the others: puts them out, after `confirm`
//   confirm               a sheet that asks once more; yes  its button that does it
//   knocks                who waits to be let in; admit, deny beside each of them, admit-all
//   waiting               the page in front of a room with a lobby; data-attended: somebody is there who can let one in
//   ended                 the page after; data-reason: a code of docs/protocol.md or of the SDK
//   rejoin, reload, home  its buttons
//   doctor                the page at /doctor; data-state: "trying" | "done"
//   doctor-check          one way; data-check: its name, data-state: works | fails | untried | trying
//   doctor-finding        what was found; data-code: as in docs/doctor.md
//   doctor-again          tries again
//
//   data-participant=ID   a tile or audio element of that participant; data-local on one's own
//   data-track=ID         the <video> or <audio> element that shows this track; data-source: camera | screen | microphone | screen_audio
//   data-video="on|off"   on a tile: whether it shows a picture
//   data-speaking, data-paused   on a tile, while it is so;  data-quality="good|poor|lost|unknown"
//   pin, mute             buttons on a tile; mute only for those who may
//
// A page that is reloaded while in a room joins again by itself, with the same devices on.

export const testids = {
  lock: 'lock',
  lobbySwitch: 'lobby-switch',
  endForAll: 'end-for-all',
  locked: 'locked',
  remove: 'remove',
  confirm: 'confirm',
  yes: 'yes',
  knocks: 'knocks',
  admit: 'admit',
  admitAll: 'admit-all',
  deny: 'deny',
  waiting: 'waiting',
  lobby: 'lobby',
  name: 'name',
  room: 'room',
  continue: 'continue',
  language: 'language',
  preview: 'preview',
  selfVideo: 'self-video',
  level: 'level',
  microphone: 'microphone',
  camera: 'camera',
  microphoneSelect: 'microphone-select',
  cameraSelect: 'camera-select',
  speakerSelect: 'speaker-select',
  background: 'background',
  problem: 'problem',
  join: 'join',
  inRoom: 'in-room',
  stage: 'stage',
  share: 'share',
  chatToggle: 'chat-toggle',
  peopleToggle: 'people-toggle',
  invite: 'invite',
  network: 'network',
  leave: 'leave',
  more: 'more',
  inviteSheet: 'invite-sheet',
  inviteLink: 'invite-link',
  inviteCopy: 'invite-copy',
  pipToggle: 'pip-toggle',
  pip: 'pip',
  networkDetails: 'network-details',
  react: 'react',
  hand: 'hand',
  selfView: 'self-view',
  handUp: 'hand-up',
  lowerHand: 'lower-hand',
  lowerAll: 'lower-all',
  settingsToggle: 'settings-toggle',
  settings: 'settings',
  keysToggle: 'keys-toggle',
  keys: 'keys',
  audioOnly: 'audio-only',
  pages: 'pages',
  nextPage: 'next-page',
  previousPage: 'previous-page',
  pin: 'pin',
  mute: 'mute',
  unread: 'unread',
  chat: 'chat',
  chatInput: 'chat-input',
  chatSend: 'chat-send',
  chatAttach: 'chat-attach',
  chatFile: 'chat-file',
  chatCard: 'chat-card',
  chatPicture: 'chat-picture',
  messages: 'messages',
  message: 'message',
  people: 'people',
  boardToggle: 'board-toggle',
  board: 'board',
  boardPicker: 'board-picker',
  boardList: 'board-list',
  boardAdd: 'board-add',
  boardRename: 'board-rename',
  boardDelete: 'board-delete',
  boardName: 'board-name',
  boardMenu: 'board-menu',
  boardSave: 'board-save',
  boardClear: 'board-clear',
  boardConfirm: 'board-confirm',
  boardAlone: 'board-alone',
  boardFull: 'board-full',
  boardClose: 'board-close',
  boardCompany: 'board-company',
  watching: 'watching',
  notice: 'notice',
  banner: 'banner',
  clickToHear: 'click-to-hear',
  ended: 'ended',
  rejoin: 'rejoin',
  reload: 'reload',
  home: 'home',
  doctor: 'doctor',
  doctorCheck: 'doctor-check',
  doctorFinding: 'doctor-finding',
  doctorAgain: 'doctor-again',
} as const
