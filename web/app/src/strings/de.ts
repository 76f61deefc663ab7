import type { Source } from '/sdk/parlor.js'
import type { Device } from '../media/problem'
import { pluralsOf } from './plurals'
import type { PartOfStrings } from './shape'

const plural = pluralsOf('de')

const deviceName: Record<Device, string> = { camera: 'Kamera', microphone: 'Mikrofon' }
const kinds = { ...deviceName, speaker: 'Lautsprecher' }
// Wen oder was.
const yourSource: Record<Source, string> = {
  camera: 'deine Kamera',
  microphone: 'dein Mikrofon',
  screen: 'deinen Bildschirm',
  screen_audio: 'den Ton deines Bildschirms',
  other: 'deine Spur',
}

export const de: PartOfStrings = {
  product: 'Parlor',
  titleInRoom: (room) => `${room} · Parlor`,
  language: 'Sprache',

  lobby: {
    headline: 'Ein Raum zum Reden.',
    line: 'Videogespräche, die im Browser aufgehen. Link teilen, und alle sind da: nichts zu installieren, kein Konto.',
    name: 'Dein Name',
    namePlaceholder: 'Ada',
    room: 'Raum',
    another: 'Anderen Namen vorschlagen',
    go: 'Weiter',
    foot: 'Du kannst Kamera und Mikrofon prüfen, bevor dich jemand sieht.',
  },

  preview: {
    heading: (room) => `Bereit für ${room}?`,
    watching: (room) => `Bereit, bei ${room} zuzusehen?`,
    name: 'Dein Name',
    microphone: 'Mikrofon',
    camera: 'Kamera',
    speaker: 'Lautsprecher',
    systemDefault: 'Wie im System eingestellt',
    numbered: (kind, n) => `${kinds[kind]} ${n}`,
    none: (kind) => (kind === 'camera' ? 'Keine Kamera gefunden' : `Kein ${kinds[kind]} gefunden`),
    level: 'Pegel des Mikrofons',
    asking: 'Dein Browser fragt nach Kamera und Mikrofon',
    cameraOff: 'Kamera ist aus',
    starting: 'Kamera geht an',
    join: 'Beitreten',
    joinWithout: 'Ohne Kamera und Mikrofon beitreten',
    joinChat: 'Nur mit Chat beitreten',
    watch: 'Zusehen',
    joining: 'Trittst bei',
    otherRoom: 'Anderer Raum',
    tryAgain: 'Noch einmal',
  },

  device: {
    turnOn: (device) => `${deviceName[device]} einschalten`,
    turnOff: (device) => `${deviceName[device]} ausschalten`,
    mute: 'Mikrofon stummschalten',
    unmute: 'Stummschaltung aufheben',
    options: (device) => (device === 'camera' ? 'Kamera wählen' : 'Ton einstellen'),
  },

  background: {
    heading: 'Hintergrund',
    none: 'Wie er ist',
    blur: 'Verschwommen',
    slow: 'Der Hintergrund ist nicht mehr verschwommen: Dieses Gerät ist zu langsam dafür.',
    failed: 'Der Hintergrund kann hier nicht verschwommen gezeigt werden.',
  },

  problem: {
    denied: {
      title: (what) => `${what}: nicht erlaubt`,
      chrome:
        'Klicke auf das Symbol links neben der Adresse, erlaube es für diese Seite und versuche es noch einmal.',
      firefox:
        'Klicke auf das durchgestrichene Symbol links neben der Adresse, hebe die Sperre auf und versuche es noch einmal.',
      safari: 'Öffne Safari › Einstellungen für diese Website, wähle Erlauben und versuche es noch einmal.',
      ios: 'Tippe auf das Seitensymbol links neben der Adresse, dann auf Website-Einstellungen, wähle Erlauben und versuche es noch einmal.',
      other: 'Erlaube es in den Einstellungen des Browsers für diese Seite und versuche es noch einmal.',
    },
    dismissed: {
      title: (what) => `${what}: noch nicht erlaubt`,
      how: 'Versuche es noch einmal und wähle Zulassen, wenn der Browser fragt.',
    },
    system: {
      title: (what) => `${what}: vom System gesperrt`,
      how: 'Der Computer lässt diesen Browser nicht darauf zugreifen. Erlaube es in den Datenschutzeinstellungen des Systems und versuche es noch einmal.',
    },
    missing: {
      title: (what) => `${what}: nichts gefunden`,
      how: 'Schließe etwas an, dann erscheint es hier von selbst, oder tritt ohne bei.',
    },
    busy: {
      title: (what) => `${what}: in Gebrauch`,
      how: 'Ein anderes Programm oder ein anderer Tab benutzt es. Schließe das und versuche es noch einmal.',
    },
    ended: {
      title: (what) => `${what}: getrennt`,
      how: 'Schließe es wieder an oder wähle ein anderes.',
    },
    insecure: {
      title: () => 'Kamera und Mikrofon brauchen eine sichere Seite',
      how: (origin) =>
        `Browser erlauben sie nur auf https:// und localhost, und diese Seite kam von ${origin}. Bitte die Betreiber des Servers um eine https-Adresse. Zum Zusehen, Zuhören und Chatten kannst du schon beitreten.`,
    },
    unsupported: {
      title: () => 'Dieser Browser kann keine Kamera und kein Mikrofon benutzen',
      how: 'Aktuelle Versionen von Chrome, Edge, Firefox und Safari können es. Beitreten kannst du trotzdem.',
    },
    failed: {
      title: (what) => `${what}: geht nicht an`,
      how: 'Versuche es noch einmal, wähle ein anderes Gerät oder tritt ohne bei.',
    },
    screenFailed:
      'Der Bildschirm wird nicht geteilt. Vielleicht erlaubt das System diesem Browser nicht, ihn aufzunehmen.',
    camera: 'Kamera',
    microphone: 'Mikrofon',
    both: 'Kamera und Mikrofon',
  },

  noWebRTC: {
    title: 'Dieser Browser kann keine Videogespräche',
    how: 'Er hat kein WebRTC, oder es ist abgeschaltet. Du kannst beitreten und chatten; für Ton und Bild nimm eine aktuelle Version von Chrome, Edge, Firefox oder Safari.',
  },

  room: {
    you: '(du)',
    justYou: 'Du',
    someone: 'Gast',
    muted: 'stumm',
    screenOf: (name) => `Bildschirm von ${name}`,
    yourScreen: 'Dein Bildschirm',
    sharing: 'Du teilst deinen Bildschirm mit allen hier.',
    stopSharing: 'Nicht mehr teilen',
    share: 'Bildschirm teilen',
    chat: 'Chat',
    people: 'Leute',
    copied: 'Einladungslink kopiert',
    leave: 'Verlassen',
    controls: 'Steuerung des Gesprächs',
    stage: 'Leute im Raum',
    pages: 'Seiten mit Leuten',
    page: (n, of) => `Seite ${n} von ${of}`,
    nextPage: 'Nächste Seite',
    previousPage: 'Vorige Seite',
    alone: 'Noch ist niemand hier',
    aloneHow: 'Schicke den Link denen, die kommen sollen.',
    joined: (name) => `${name} ist da`,
    left: (name) => `${name} ist gegangen`,
    lost: (name) => `${name} hat die Verbindung verloren`,
    unread: (n) => `${n} ungelesen`,
    hereNow: (n) => plural(n, { one: '# Person hier', other: '# Leute hier' }),
    watching: (n) => plural(n, { one: '# schaut zu', other: '# schauen zu' }),
    offAir: 'Noch ist niemand auf Sendung',
    offAirHow: 'Sobald jemand da ist, zeigt diese Seite ihn.',
    hear: 'Der Browser hält den Ton zurück, bis du klickst.',
    hearButton: 'Klicken, um zu hören',
    reconnecting: 'Verbindung verloren. Sie wird wiederhergestellt…',
    stillReconnecting: 'Der Server antwortet nicht. Es wird weiter versucht…',
    noMedia:
      'Kein Ton und kein Bild: Dieses Netz oder ein Proxy darin lässt nur Webseiten durch. Der Chat geht.',
    reset: 'Du warst zu lange weg, um alles aufzuheben: Vielleicht fehlen Nachrichten im Chat.',
    refused: (source) =>
      `Dieser Raum nimmt ${yourSource[source]} nicht an: Niemand sonst bekommt etwas davon.`,
    microphoneOn: 'Mikrofon an',
    microphoneOff: 'Mikrofon aus',
    cameraOn: 'Kamera an',
    cameraOff: 'Kamera aus',
    close: 'Schließen',
    fullscreen: 'Vollbild',
    weak: 'schwache Verbindung',
    gone: 'Verbindung verloren',
    paused: 'Angehalten: Deine Verbindung ist zu langsam',
    muteThem: (name) => `${name} stummschalten`,
    stopThem: (name) => `${name} anhalten`,
    mutedBy: (name, source) =>
      source === 'screen'
        ? `${name} hat deinen Bildschirm angehalten`
        : `${name} hat ${yourSource[source]} stummgeschaltet`,
    audioOnly: 'Nur Ton: Die Bilder der anderen sind aus.',
    showPictures: 'Bilder zeigen',
    more: 'Mehr',
    mediaAway: 'Ton und Bild kommen gerade nicht durch. Ein anderer Weg wird gesucht…',
    whatGetsThrough: 'Ansehen, was durchkommt',
    react: 'Reaktion senden',
    reacted: (name, emoji, more) =>
      more === 0
        ? `${name}: ${emoji}`
        : `${name}: ${emoji}${plural(more, { one: ' und eine weitere', other: ' und # weitere' })}`,
    raiseHand: 'Hand heben',
    lowerHand: 'Hand senken',
    raised: (name) => `${name} hat die Hand gehoben`,
    lowered: 'Deine Hand wurde gesenkt',
    handUp: (place) => `Hand gehoben, Nummer ${place}`,
    lowerTheirs: (name) => `Hand von ${name} senken`,
    lowerAll: 'Alle Hände senken',
    hands: 'Gehobene Hände',
    everyone: 'Alle hier',
    showSelf: 'Mein eigenes Bild zeigen',
    fullScreen: 'Vollbild',
    pip: 'Bild im Bild',
    talking: 'Man hört dich, solange du die Leertaste hältst',
    pin: (name) => `${name} groß zeigen`,
    unpin: (name) => `${name} nicht mehr groß zeigen`,
  },

  host: {
    host: 'Leitung',
    lock: 'Raum abschließen',
    locked: 'Abgeschlossen: niemand Neues kommt herein',
    lobby: 'Leute einzeln hereinlassen',
    endForAll: 'Für alle beenden',
    endHeading: 'Für alle beenden?',
    endText: 'Alle werden aus dem Raum gesetzt, du auch. Der Link gilt weiter.',
    remove: (name) => `${name} entfernen`,
    removeHeading: (name) => `${name} entfernen?`,
    removeText:
      'Wer entfernt wird, ist sofort draußen. Mit dem Link geht es zurück, außer der Raum ist abgeschlossen oder du lässt Leute einzeln herein.',
    removeButton: 'Entfernen',
    cancel: 'Abbrechen',
    notNow: 'Das kam nicht durch. Versuche es noch einmal, wenn die Verbindung wieder da ist.',
    waiting: (n) => (n === 1 ? 'Jemand möchte herein' : `${n} Leute möchten herein`),
    waits: (names) => `${names.join(', ')} ${names.length === 1 ? 'möchte' : 'möchten'} herein`,
    admit: (name) => `${name} hereinlassen`,
    admitAll: 'Alle herein',
    deny: (name) => `${name} wegschicken`,
    youAre: 'Du leitest jetzt den Raum',
    is: (name) => `${name} leitet jetzt den Raum`,
    saysLocked: (locked, by) => {
      const done = locked ? 'abgeschlossen' : 'aufgeschlossen'
      if (by === undefined) return `Der Raum ist ${done}`
      return by === '' ? `Du hast den Raum ${done}` : `${by} hat den Raum ${done}`
    },
    saysLobby: (lobby, by) =>
      `${lobby ? 'Wer neu ist, wartet auf Einlass' : 'Wer neu ist, kommt gleich herein'}${by ? ` (${by})` : ''}`,
    removed: (name) => `${name} wurde entfernt`,
  },

  wait: {
    title: (room) => `Warten · ${room} · Parlor`,
    heading: 'Warten auf Einlass',
    attended:
      'Wer den Raum leitet, sieht deinen Namen und kann dich hereinlassen. Lass diese Seite offen; es geht von selbst weiter.',
    unattended:
      'Noch ist niemand da, der dich hereinlassen kann. Lass diese Seite offen: Wer kommt, sieht, dass du wartest.',
    unseen: 'Bis dahin sieht und hört dich niemand, und du niemanden.',
    stop: 'Nicht mehr warten',
    again: 'Du warst zu lange weg: Jemand muss dich wieder hereinlassen.',
  },

  invite: {
    heading: 'Leute einladen',
    how: 'Wer diesen Link hat, kommt damit herein, aus jedem Browser.',
    copy: 'Link kopieren',
    share: 'Teilen',
    byHand: 'Markiere den Link und kopiere ihn.',
    code: 'Der Link als Code für Telefone',
  },

  reactions: {
    '👍': 'Daumen hoch',
    '❤️': 'Herz',
    '👏': 'Klatschen',
    '😂': 'Lachen',
    '🎉': 'Feiern',
    '😮': 'Staunen',
    '🤔': 'Nachdenken',
    '👋': 'Winken',
  },

  layouts: { heading: 'Anordnung', auto: 'Automatisch', grid: 'Gitter', speaker: 'Wer spricht' },

  settings: { heading: 'Einstellungen', devices: 'Kamera, Mikrofon und Lautsprecher' },

  keys: {
    heading: 'Tastenkürzel',
    escape: 'Schließen, was offen ist',
    single: 'Diese Tasten benutzen',
    singleHow: 'Aus: Nur Leertaste, Esc und ? bewirken etwas.',
    talk: 'Sprechen, während man stumm ist',
    space: 'Leertaste halten',
    orSpace: (key) => `${key}, oder Leertaste halten`,
    microphone: 'Mikrofon an oder aus',
    camera: 'Kamera an oder aus',
  },

  network: {
    heading: 'Verbindung',
    state: 'Zustand',
    connected: 'Verbunden',
    reconnecting: 'Verbindet neu',
    messages: 'Nachrichten',
    media: 'Ton und Bild',
    quality: 'Qualität',
    audioOnly: 'Nur Ton',
    audioOnlyHow: 'Keine Bilder der anderen: braucht wenig von deiner Verbindung.',
    transport: { webrtc: 'Datenkanal', websocket: 'WebSocket', sse: 'Ereignisstrom', poll: 'Long Polling' },
    roundTrip: 'Hin und zurück',
    sending: 'Gesendet',
    receiving: 'Empfangen',
    lost: 'Unterwegs verloren',
    test: 'Diese Verbindung prüfen',
    lostBoth: (sent, received) =>
      `${(received * 100).toFixed(1)} % herein, ${(sent * 100).toFixed(1)} % hinaus`,
    ways: { udp: 'UDP', tcp: 'TCP', relay: 'Relais' },
    qualities: {
      excellent: 'Sehr gut',
      good: 'Gut',
      poor: 'Schlecht',
      lost: 'Verloren',
      unknown: 'Noch nicht bekannt',
    },
    mediaStates: {
      none: 'Nicht in diesem Browser',
      connecting: 'Verbindet',
      connected: 'WebRTC',
      failed: 'Gesperrt: Nur Webseiten kommen durch',
    },
  },

  board: {
    open: 'Whiteboard öffnen',
    close: 'Whiteboard schließen',
    named: (name) => `Whiteboard: ${name}`,
    loading: 'Das Whiteboard wird geholt…',
    numbered: (n) => `Tafel ${n}`,
    others: (n) => (n === 1 ? '1 Person daran' : `${n} Personen daran`),
    company: (names, count) =>
      count > names.length
        ? `${names.join(', ')} und ${count - names.length} weitere sind hier`
        : `Auch hier: ${names.join(', ')}`,
    offered: (who, board) => `${who} hat das Whiteboard „${board}“ geöffnet. Klicken, um mitzukommen.`,
    readOnly: 'Nur ansehen',
    all: 'Tafeln dieses Raums',
    add: 'Neue Tafel',
    name: 'Name der Tafel',
    rename: 'Umbenennen',
    renameIt: (name) => `${name} umbenennen`,
    cancel: 'Abbrechen',
    keep: 'Behalten',
    delete: 'Löschen',
    remove: (name) => `${name} löschen`,
    removeHow: (name) => `„${name}“ für alle löschen? Das lässt sich nicht rückgängig machen.`,
    menu: 'Speichern oder leeren',
    formats: {
      png: 'Als Bild speichern (PNG)',
      svg: 'Als Zeichnung speichern (SVG)',
      excalidraw: 'Zum Weiterzeichnen speichern (Excalidraw)',
    },
    clear: 'Tafel leeren',
    clearAll: 'Tafel leeren?',
    clearHow: 'Diese Tafel für alle leeren? Solange du auf ihr bleibst, kannst du das rückgängig machen.',
    alone: 'Personen ausblenden',
    beside: 'Personen zeigen',
    notSaved: 'Etwas ließ sich nicht auf die Tafel bringen und wurde zurückgenommen.',
    notPicture: 'Bilder auf einer Tafel sind PNG, JPEG, GIF oder WebP.',
    none: 'In diesem Raum gibt es noch kein Whiteboard.',
  },

  chat: {
    heading: 'Chat',
    placeholder: 'Nachricht schreiben',
    send: 'Senden',
    readOnly: 'Deine Einladung lässt dich hier mitlesen, aber nicht schreiben.',
    empty: 'Noch keine Nachrichten',
    emptyHow: 'Nachrichten sind für alle im Raum, auch für die, die später kommen.',
    mine: 'Du',
    failed: 'Nicht gesendet',
    sending: 'Wird gesendet',
    newBelow: 'Neue Nachrichten',
    tooLong: 'Diese Nachricht ist zu lang.',
    attach: 'Datei senden',
    drop: 'Dateien hier ablegen, um sie an alle zu senden',
    save: (file) => `${file} speichern`,
    sendingFile: (file) => `${file} wird gesendet`,
    cancel: (file) => `${file} nicht senden`,
    remove: 'Entfernen',
    gone: 'Nicht mehr da',
    tooMany: (n) => `Höchstens ${n} Dateien auf einmal`,
    notTaken: (code, largest) =>
      ({
        too_large: `Größer als ${largest}`,
        storage_full: 'Der Raum hat keinen Platz für weitere Dateien',
        rate_limited: 'Zu viele Dateien auf einmal',
        not_allowed: 'Hier dürfen keine Dateien gesendet werden',
        bad_message: 'Die Datei ist leer oder kam nicht ganz an',
      })[code] ?? 'Nicht gesendet',
    says: (name, text) => `${name}: ${text}`,
  },

  endings: {
    left: {
      title: 'Du hast den Raum verlassen',
      text: 'Der Link gilt weiter: Du kannst jederzeit wiederkommen.',
    },
    room_closed: {
      title: 'Der Raum wurde geschlossen',
      text: 'Wer ihn leitet, hat ihn für alle beendet. Bitte um einen neuen Link, wenn es weitergehen soll.',
    },
    ended: {
      title: 'Du hast es für alle beendet',
      text: 'Alle sind aus dem Raum. Der Link gilt weiter.',
    },
    denied: {
      title: 'Du wurdest nicht hereingelassen',
      text: 'Jemand im Raum hat deinen Namen gesehen und sich dagegen entschieden. Wenn das ein Irrtum war, frage dort nach oder versuche es noch einmal.',
    },
    lobby_full: {
      title: 'Zu viele warten',
      text: 'Mehr Leute können nicht auf Einlass warten. Versuche es noch einmal, wenn einige drinnen sind.',
    },
    removed: {
      title: 'Du wurdest aus dem Raum entfernt',
      text: 'Jemand, der diesen Raum leitet, hat deinen Besuch beendet. Frage nach, wenn das ein Versehen war.',
    },
    replaced: {
      title: 'Du bist in einem anderen Tab in diesem Raum',
      text: 'Eine andere Seite hat diesen Platz übernommen, damit du nicht doppelt hier bist. Mache dort weiter oder nimm ihn zurück.',
    },
    idle: {
      title: 'Du warst lange weg',
      text: 'Von dieser Seite kam eine Weile nichts, und der Server hat ihren Platz freigegeben.',
    },
    session_not_found: {
      title: 'Die Verbindung war zu lange weg',
      text: 'Der Server hebt deinen Platz im Raum nicht mehr auf. Neu beizutreten dauert einen Augenblick.',
    },
    slow_consumer: {
      title: 'Deine Verbindung kam nicht mit',
      text: 'Im Raum wurde mehr gesagt, als das Netz zu dir trug. Tritt noch einmal bei; ohne Kamera geht es leichter.',
    },
    origin: {
      title: 'Diese Seite darf diesen Server nicht benutzen',
      text: 'Der Server nimmt nur Seiten von Adressen, die seine Betreiber erlaubt haben, und diese gehört nicht dazu.',
    },
    room_full: {
      title: 'Der Raum ist voll',
      text: 'Es sind so viele Leute darin, wie er fasst. Versuche es noch einmal, wenn jemand gegangen ist.',
    },
    room_locked: {
      title: 'Der Raum ist abgeschlossen',
      text: 'Im Augenblick kommt niemand Neues hinein. Bitte jemanden darin, ihn aufzuschließen.',
    },
    room_not_found: {
      title: 'Diesen Raum gibt es nicht',
      text: 'Vielleicht ist er zu Ende, oder im Link ist ein Fehler. Prüfe den Namen mit denen, die dich eingeladen haben.',
    },
    unauthorized: {
      title: 'Du brauchst eine Einladung',
      text: 'Dieser Server lässt Leute nur mit einem persönlichen Link ein, und dieser Link enthält keinen, den er kennt. Bitte um deinen und öffne ihn so, wie er kam.',
    },
    token_expired: {
      title: 'Deine Einladung ist abgelaufen',
      text: 'Der Link galt nur für begrenzte Zeit. Bitte um einen neuen.',
    },
    not_allowed: {
      title: 'Deine Einladung ist nicht hierfür',
      text: 'Sie ist für einen anderen Raum oder erlaubt nicht, was du versucht hast. Bitte, wer sie geschickt hat, um eine andere.',
    },
    bad_name: {
      title: 'Dieser Name geht nicht',
      text: 'Der Name des Raums oder deiner ist leer, zu lang oder enthält Zeichen, die niemand sehen kann. Wähle einen anderen.',
    },
    too_many_rooms: {
      title: 'Der Server ist voll',
      text: 'Er hat so viele Räume, wie er kann. Versuche es in einer Weile noch einmal.',
    },
    overloaded: {
      title: 'Der Server ist beschäftigt',
      text: 'Er nimmt niemanden auf, bis er nachgekommen ist. Diese Seite versucht es von selbst weiter.',
    },
    draining: {
      title: 'Der Server startet neu',
      text: 'Er wird aktualisiert oder zieht um. Diese Seite versucht es von selbst weiter; es dauert höchstens eine Minute.',
    },
    rate_limited: {
      title: 'Zu viele Versuche',
      text: 'Der Server bittet um eine Pause. Warte ein wenig und versuche es noch einmal.',
    },
    unreachable: {
      title: 'Der Server antwortet nicht',
      text: 'Vielleicht ist er aus, vielleicht dein Netz. Diese Seite versucht es weiter; wenn du weißt, dass der Server wieder da ist, lade sie neu.',
    },
    too_large: {
      title: 'Etwas war zu groß',
      text: 'Diese Seite hat dem Server mehr auf einmal geschickt, als er nimmt. Lade sie neu und tritt noch einmal bei.',
    },
    limit_exceeded: {
      title: 'Der Server hat die Verbindung beendet',
      text: 'Diese Seite hat mehr gebraucht, als der Server einer Person gibt. Tritt noch einmal bei; kommt es wieder, sage es den Betreibern.',
    },
    unknown_participant: {
      title: 'Diese Person ist nicht mehr hier',
      text: 'Tritt noch einmal bei, um zu sehen, wer da ist.',
    },
    bad_message: {
      title: 'Der Server hat diese Seite nicht verstanden',
      text: 'Wahrscheinlich wurde er aktualisiert, während sie offen war. Lade sie neu.',
    },
    gap: {
      title: 'Die Verbindung kam aus dem Takt',
      text: 'Tritt noch einmal bei, dann stimmt sie wieder.',
    },
    stale_link: {
      title: 'Die Verbindung kam aus dem Takt',
      text: 'Eine andere hat ihren Platz eingenommen. Tritt noch einmal bei, dann stimmt es wieder.',
    },
    conflict: {
      title: 'Jemand war schneller',
      text: 'Was du geändert hast, haben andere inzwischen geändert. Tritt noch einmal bei, um zu sehen, wie es steht.',
    },
    state_full: {
      title: 'Der Raum ist voller Dinge',
      text: 'Er behält so viel, wie er kann. Lösche etwas und versuche es noch einmal.',
    },
    not_stored: {
      title: 'Der Server konnte nicht behalten, was du geschickt hast',
      text: 'Seine Platte nimmt nichts mehr auf, also bekam es niemand. Sage es den Betreibern und versuche es später noch einmal.',
    },
    bad_offer: {
      title: 'Browser und Server finden nichts Gemeinsames',
      text: 'Der Server kann mit dem, was dieser Browser für Ton und Bild anbietet, nichts anfangen. Aktualisiere den Browser oder nimm einen anderen.',
    },
    too_many_media: {
      title: 'Zu viele Kameras und Bildschirme auf einmal',
      text: 'Diese Seite hat mehr Bilder geschickt, als der Server von einer Person nimmt. Tritt mit weniger noch einmal bei.',
    },
    storage_full: {
      title: 'Für weitere Dateien ist kein Platz',
      text: 'Der Raum oder der ganze Server hält so viele Dateien, wie er darf. Ältere machen nach einer Weile Platz.',
    },
    not_found: {
      title: 'Diese Datei ist nicht mehr da',
      text: 'Dateien bleiben so lange wie ihr Raum, und eine Weile, wenn niemand sie ansieht. Bitte noch einmal darum.',
    },
    internal: {
      title: 'Etwas ist schiefgegangen',
      text: 'Das lag nicht an dir. Tritt noch einmal bei; kommt es wieder, sage es den Betreibern des Servers.',
    },
  },

  ended: {
    rejoin: 'Wieder beitreten',
    retry: 'Noch einmal',
    reload: 'Seite neu laden',
    home: 'Zum Anfang',
    here: 'Hier weitermachen',
    retryIn: (seconds) => `Nächster Versuch in ${seconds} s`,
    retrying: 'Wird gerade versucht',
  },
}
