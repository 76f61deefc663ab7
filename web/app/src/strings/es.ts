import type { Source } from '/sdk/parlor.js'
import type { Device } from '../media/problem'
import { pluralsOf } from './plurals'
import type { PartOfStrings } from './shape'

const plural = pluralsOf('es')

const theDevice: Record<Device, string> = { camera: 'la cámara', microphone: 'el micrófono' }
const kinds = { camera: 'Cámara', microphone: 'Micrófono', speaker: 'Altavoz' }
const none = { camera: 'ninguna cámara', microphone: 'ningún micrófono', speaker: 'ningún altavoz' }
const yourSource: Record<Source, string> = {
  camera: 'tu cámara',
  microphone: 'tu micrófono',
  screen: 'tu pantalla',
  screen_audio: 'el sonido de tu pantalla',
  other: 'tu pista',
}

export const es: PartOfStrings = {
  product: 'Parlor',
  titleInRoom: (room) => `${room} · Parlor`,
  language: 'Idioma',

  lobby: {
    headline: 'Una sala para hablar.',
    line: 'Videollamadas que se abren en el navegador. Comparte el enlace y ya están todos: nada que instalar, sin cuenta.',
    name: 'Tu nombre',
    namePlaceholder: 'Ada',
    room: 'Sala',
    another: 'Proponer otro nombre',
    go: 'Continuar',
    foot: 'Puedes probar la cámara y el micrófono antes de que te vea nadie.',
  },

  preview: {
    heading: (room) => `¿Todo listo para entrar en ${room}?`,
    watching: (room) => `¿Todo listo para ver ${room}?`,
    name: 'Tu nombre',
    microphone: 'Micrófono',
    camera: 'Cámara',
    speaker: 'Altavoz',
    systemDefault: 'El del sistema',
    numbered: (kind, n) => `${kinds[kind]} ${n}`,
    none: (kind) => `No se encuentra ${none[kind]}`,
    level: 'Nivel del micrófono',
    asking: 'El navegador pide permiso para la cámara y el micrófono',
    cameraOff: 'La cámara está apagada',
    starting: 'Encendiendo la cámara',
    join: 'Entrar',
    joinWithout: 'Entrar sin cámara ni micrófono',
    joinChat: 'Entrar solo con el chat',
    watch: 'Ver',
    joining: 'Entrando',
    otherRoom: 'Otra sala',
    tryAgain: 'Reintentar',
  },

  device: {
    turnOn: (device) => `Encender ${theDevice[device]}`,
    turnOff: (device) => `Apagar ${theDevice[device]}`,
    mute: 'Silenciar el micrófono',
    unmute: 'Activar el micrófono',
    options: (device) => (device === 'camera' ? 'Opciones de cámara' : 'Opciones de sonido'),
  },

  background: {
    heading: 'Fondo',
    none: 'Tal cual',
    blur: 'Desenfocado',
    slow: 'El fondo ya no se desenfoca: este dispositivo es demasiado lento.',
    failed: 'Aquí no se puede desenfocar el fondo.',
  },

  problem: {
    denied: {
      title: (what) => `${what}: acceso bloqueado`,
      chrome:
        'Pulsa el icono a la izquierda de la dirección, permite el acceso a esta página y vuelve a intentarlo.',
      firefox:
        'Pulsa el icono tachado a la izquierda de la dirección, quita el bloqueo y vuelve a intentarlo.',
      safari: 'Abre Safari › Ajustes de este sitio web, elige Permitir y vuelve a intentarlo.',
      ios: 'Toca el icono de la página a la izquierda de la dirección, luego Ajustes del sitio web, elige Permitir y vuelve a intentarlo.',
      other: 'Permite el acceso en los ajustes del navegador para esta página y vuelve a intentarlo.',
    },
    dismissed: {
      title: (what) => `${what}: falta el permiso`,
      how: 'Vuelve a intentarlo y elige Permitir cuando el navegador pregunte.',
    },
    system: {
      title: (what) => `${what}: bloqueo del sistema`,
      how: 'El equipo no deja que este navegador lo use. Permítelo en los ajustes de privacidad del sistema y vuelve a intentarlo.',
    },
    missing: {
      title: (what) => `${what}: no se encuentra`,
      how: 'Conecta uno y aparecerá aquí, o entra sin él.',
    },
    busy: {
      title: (what) => `${what}: en uso`,
      how: 'Lo tiene otro programa u otra pestaña. Ciérralo y vuelve a intentarlo.',
    },
    ended: {
      title: (what) => `${what}: desconexión`,
      how: 'Vuelve a conectarlo o elige otro.',
    },
    insecure: {
      title: () => 'La cámara y el micrófono necesitan una página segura',
      how: (origin) =>
        `Los navegadores solo los permiten en https:// y en localhost, y esta página viene de ${origin}. Pide una dirección https a quien lleva el servidor. Ya puedes entrar para ver, oír y chatear.`,
    },
    unsupported: {
      title: () => 'Este navegador no puede usar cámara ni micrófono',
      how: 'Un Chrome, Edge, Firefox o Safari actual sí puede. Puedes entrar igualmente.',
    },
    failed: {
      title: (what) => `${what}: no arranca`,
      how: 'Vuelve a intentarlo, elige otro dispositivo o entra sin él.',
    },
    screenFailed: 'No se pudo compartir la pantalla. Quizá el sistema no deja que este navegador la grabe.',
    camera: 'Cámara',
    microphone: 'Micrófono',
    both: 'Cámara y micrófono',
  },

  noWebRTC: {
    title: 'Este navegador no puede hacer videollamadas',
    how: 'No tiene WebRTC, o está desactivado. Puedes entrar y chatear; para sonido e imagen usa un Chrome, Edge, Firefox o Safari actual.',
  },

  room: {
    you: '(tú)',
    justYou: 'Tú',
    someone: 'Invitado',
    muted: 'en silencio',
    screenOf: (name) => `Pantalla de ${name}`,
    yourScreen: 'Tu pantalla',
    sharing: 'Estás compartiendo tu pantalla con todos.',
    stopSharing: 'Dejar de compartir',
    share: 'Compartir pantalla',
    chat: 'Chat',
    people: 'Gente',
    copied: 'Enlace de invitación copiado',
    leave: 'Salir',
    controls: 'Controles de la llamada',
    stage: 'Gente en la sala',
    pages: 'Páginas de gente',
    page: (n, of) => `Página ${n} de ${of}`,
    nextPage: 'Página siguiente',
    previousPage: 'Página anterior',
    alone: 'Aún no hay nadie más',
    aloneHow: 'Envía el enlace a quien deba venir.',
    joined: (name) => `${name} ha entrado`,
    left: (name) => `${name} ha salido`,
    lost: (name) => `${name} ha perdido la conexión`,
    unread: (n) => plural(n, { one: '# sin leer', other: '# sin leer' }),
    hereNow: (n) => plural(n, { one: '# persona aquí', other: '# personas aquí' }),
    watching: (n) => plural(n, { one: '# persona mira', other: '# personas miran' }),
    offAir: 'Todavía no hay nadie en antena',
    offAirHow: 'Esta página mostrará a quien hable en cuanto llegue.',
    hear: 'El navegador retiene el sonido hasta que pulses.',
    hearButton: 'Pulsa para oír',
    reconnecting: 'Conexión perdida. Reconectando…',
    stillReconnecting: 'El servidor no responde. Seguimos intentándolo…',
    noMedia:
      'Sin sonido ni imagen: esta red, o un proxy en ella, solo deja pasar páginas web. El chat funciona.',
    reset: 'Estuviste fuera demasiado tiempo: puede que falten mensajes del chat.',
    refused: (source) => `Esta sala no acepta ${yourSource[source]}: nadie más lo recibe.`,
    microphoneOn: 'Micrófono activado',
    microphoneOff: 'Micrófono silenciado',
    cameraOn: 'Cámara encendida',
    cameraOff: 'Cámara apagada',
    close: 'Cerrar',
    fullscreen: 'Pantalla completa',
    weak: 'conexión débil',
    gone: 'conexión perdida',
    paused: 'En pausa: tu conexión es demasiado lenta',
    muteThem: (name) => `Silenciar a ${name}`,
    stopThem: (name) => `Parar a ${name}`,
    mutedBy: (name, source) =>
      source === 'screen' ? `${name} ha parado tu pantalla` : `${name} ha silenciado ${yourSource[source]}`,
    audioOnly: 'Solo sonido: las imágenes de los demás están apagadas.',
    showPictures: 'Mostrar imágenes',
    more: 'Más',
    mediaAway: 'El sonido y la imagen no llegan ahora. Buscando otro camino…',
    whatGetsThrough: 'Ver qué pasa por la red',
    react: 'Enviar una reacción',
    reacted: (name, emoji, more) =>
      more === 0
        ? `${name}: ${emoji}`
        : `${name}: ${emoji}${plural(more, { one: ' y una reacción más', other: ' y # reacciones más' })}`,
    raiseHand: 'Levantar la mano',
    lowerHand: 'Bajar la mano',
    raised: (name) => `${name} ha levantado la mano`,
    lowered: 'Te han bajado la mano',
    handUp: (place) => `Mano levantada, número ${place}`,
    lowerTheirs: (name) => `Bajar la mano de ${name}`,
    lowerAll: 'Bajar todas las manos',
    hands: 'Manos levantadas',
    everyone: 'Todos los presentes',
    showSelf: 'Mostrar mi imagen',
    fullScreen: 'Pantalla completa',
    pip: 'Imagen dentro de imagen',
    talking: 'Se te oye mientras mantengas Espacio',
    pin: (name) => `Mostrar a ${name} en grande`,
    unpin: (name) => `Dejar de mostrar a ${name} en grande`,
  },

  host: {
    host: 'Modera',
    lock: 'Cerrar la sala',
    locked: 'Cerrada: no entra nadie nuevo',
    lobby: 'Dejar entrar de uno en uno',
    endForAll: 'Terminar para todos',
    endHeading: '¿Terminar para todos?',
    endText: 'Todos salen de la sala, tú también. El enlace sigue valiendo para otra vez.',
    remove: (name) => `Sacar a ${name}`,
    removeHeading: (name) => `¿Sacar a ${name}?`,
    removeText:
      'Sale en el acto. Con el enlace puede volver, salvo que la sala esté cerrada o dejes entrar de uno en uno.',
    removeButton: 'Sacar',
    cancel: 'Cancelar',
    notNow: 'No ha llegado. Inténtalo otra vez cuando vuelva la conexión.',
    waiting: (n) => (n === 1 ? 'Alguien quiere entrar' : `${n} personas quieren entrar`),
    waits: (names) => `${names.join(', ')} ${names.length === 1 ? 'quiere' : 'quieren'} entrar`,
    admit: (name) => `Dejar entrar a ${name}`,
    admitAll: 'Que entren todos',
    deny: (name) => `No dejar entrar a ${name}`,
    youAre: 'Ahora moderas tú la sala',
    is: (name) => `Ahora modera la sala ${name}`,
    saysLocked: (locked, by) => {
      if (by === undefined) return locked ? 'La sala está cerrada' : 'La sala está abierta'
      if (by === '') return locked ? 'Has cerrado la sala' : 'Has abierto la sala'
      return `${by} ha ${locked ? 'cerrado' : 'abierto'} la sala`
    },
    saysLobby: (lobby, by) =>
      `${lobby ? 'Quien llega espera a que le dejen entrar' : 'Quien llega entra enseguida'}${by ? ` (${by})` : ''}`,
    removed: (name) => `${name} ya no está: le han sacado`,
  },

  wait: {
    title: (room) => `En espera · ${room} · Parlor`,
    heading: 'Esperando a que te dejen entrar',
    attended:
      'Quien modera la sala ve tu nombre y puede dejarte entrar. Deja esta página abierta; sigue por sí sola.',
    unattended:
      'Todavía no hay nadie que pueda dejarte entrar. Deja esta página abierta: quien llegue verá que esperas.',
    unseen: 'Hasta entonces nadie te ve ni te oye, ni tú a nadie.',
    stop: 'Dejar de esperar',
    again: 'Has estado fuera demasiado tiempo: alguien tiene que dejarte entrar otra vez.',
  },

  invite: {
    heading: 'Invitar a gente',
    how: 'Quien tenga este enlace entra con él, desde cualquier navegador.',
    copy: 'Copiar enlace',
    share: 'Compartir',
    byHand: 'Selecciona el enlace y cópialo.',
    code: 'El enlace como código para teléfonos',
  },

  reactions: {
    '👍': 'Pulgar arriba',
    '❤️': 'Corazón',
    '👏': 'Aplauso',
    '😂': 'Risa',
    '🎉': 'Fiesta',
    '😮': 'Sorpresa',
    '🤔': 'Pensando',
    '👋': 'Saludo',
  },

  layouts: { heading: 'Disposición', auto: 'Automática', grid: 'Cuadrícula', speaker: 'Quien habla' },

  settings: { heading: 'Ajustes', devices: 'Cámara, micrófono y altavoz' },

  keys: {
    heading: 'Atajos de teclado',
    escape: 'Cerrar lo que está abierto',
    single: 'Usar estas teclas',
    singleHow: 'Desactivado: solo Espacio, Esc y ? hacen algo.',
    talk: 'Hablar estando en silencio',
    space: 'mantener Espacio',
    orSpace: (key) => `${key}, o mantener Espacio`,
    microphone: 'Activar o silenciar el micrófono',
    camera: 'Encender o apagar la cámara',
  },

  network: {
    heading: 'Conexión',
    state: 'Estado',
    connected: 'Conectado',
    reconnecting: 'Reconectando',
    messages: 'Mensajes',
    media: 'Sonido e imagen',
    quality: 'Calidad',
    audioOnly: 'Solo sonido',
    audioOnlyHow: 'Sin imágenes de los demás: exige poco a tu conexión.',
    transport: {
      webrtc: 'Canal de datos',
      websocket: 'WebSocket',
      sse: 'Flujo de eventos',
      poll: 'Long polling',
    },
    roundTrip: 'Ida y vuelta',
    sending: 'Enviando',
    receiving: 'Recibiendo',
    lost: 'Perdido por el camino',
    test: 'Probar esta conexión',
    lostBoth: (sent, received) =>
      `${(received * 100).toFixed(1)} % de entrada, ${(sent * 100).toFixed(1)} % de salida`,
    ways: { udp: 'UDP', tcp: 'TCP', relay: 'Relé' },
    qualities: {
      excellent: 'Excelente',
      good: 'Buena',
      poor: 'Mala',
      lost: 'Perdida',
      unknown: 'Aún no se sabe',
    },
    mediaStates: {
      none: 'No en este navegador',
      connecting: 'Conectando',
      connected: 'WebRTC',
      failed: 'Bloqueado: solo pasan páginas web',
    },
  },

  board: {
    open: 'Abrir la pizarra',
    close: 'Cerrar la pizarra',
    named: (name) => `Pizarra: ${name}`,
    loading: 'Cargando la pizarra…',
    numbered: (n) => `Pizarra ${n}`,
    others: (n) => (n === 1 ? '1 persona en ella' : `${n} personas en ella`),
    company: (names, count) =>
      count > names.length
        ? `${names.join(', ')} y ${count - names.length} más están aquí`
        : `También aquí: ${names.join(', ')}`,
    offered: (who, board) => `${who} ha abierto la pizarra «${board}». Haz clic para acompañar.`,
    readOnly: 'Solo lectura',
    all: 'Pizarras de esta sala',
    add: 'Nueva pizarra',
    name: 'Nombre de la pizarra',
    rename: 'Cambiar nombre',
    renameIt: (name) => `Cambiar el nombre de ${name}`,
    cancel: 'Cancelar',
    keep: 'Conservar',
    delete: 'Eliminar',
    remove: (name) => `Eliminar ${name}`,
    removeHow: (name) => `¿Eliminar «${name}» para todos? No se puede recuperar.`,
    menu: 'Guardar o vaciar',
    formats: {
      png: 'Guardar como imagen (PNG)',
      svg: 'Guardar como dibujo (SVG)',
      excalidraw: 'Guardar para seguir dibujando (Excalidraw)',
    },
    clear: 'Vaciar la pizarra',
    clearAll: '¿Vaciar la pizarra?',
    clearHow: '¿Vaciar esta pizarra para todos? Puedes deshacerlo mientras sigas en ella.',
    alone: 'Ocultar a las personas',
    beside: 'Mostrar a las personas',
    notSaved: 'Algo no se pudo poner en la pizarra y se ha retirado.',
    notPicture: 'Las imágenes de una pizarra son PNG, JPEG, GIF o WebP.',
    none: 'Todavía no hay ninguna pizarra en esta sala.',
  },

  chat: {
    heading: 'Chat',
    placeholder: 'Escribe un mensaje',
    send: 'Enviar',
    readOnly: 'Tu invitación te deja leer aquí, pero no escribir.',
    empty: 'Aún no hay mensajes',
    emptyHow: 'Los mensajes son para todos en la sala, también para quien llegue después.',
    mine: 'Tú',
    failed: 'No enviado',
    sending: 'Enviando',
    newBelow: 'Mensajes nuevos',
    tooLong: 'Este mensaje es demasiado largo.',
    attach: 'Enviar un archivo',
    drop: 'Suelta aquí los archivos para enviarlos a todos',
    save: (file) => `Guardar ${file}`,
    sendingFile: (file) => `Enviando ${file}`,
    cancel: (file) => `No enviar ${file}`,
    remove: 'Quitar',
    gone: 'Ya no está',
    tooMany: (n) => `Como mucho ${n} archivos a la vez`,
    notTaken: (code, largest) =>
      ({
        too_large: `Pesa más de ${largest}`,
        storage_full: 'En la sala no caben más archivos',
        rate_limited: 'Demasiados archivos a la vez',
        not_allowed: 'Aquí no se pueden enviar archivos',
        bad_message: 'El archivo está vacío o no llegó entero',
      })[code] ?? 'No enviado',
    says: (name, text) => `${name}: ${text}`,
  },

  endings: {
    left: { title: 'Has salido de la sala', text: 'El enlace sigue valiendo: puedes volver cuando quieras.' },
    room_closed: {
      title: 'La sala se ha cerrado',
      text: 'Quien la lleva la ha terminado para todos. Pide un enlace nuevo si queréis seguir.',
    },
    ended: {
      title: 'Lo has terminado para todos',
      text: 'Todos han salido de la sala. El enlace sigue valiendo para otra vez.',
    },
    denied: {
      title: 'No te han dejado entrar',
      text: 'Alguien en la sala ha visto tu nombre y ha decidido que no. Si ha sido un error, pregúntale o inténtalo otra vez.',
    },
    lobby_full: {
      title: 'Esperan demasiados',
      text: 'No puede esperar más gente a entrar. Inténtalo cuando algunos estén dentro.',
    },
    removed: {
      title: 'Te han sacado de la sala',
      text: 'Alguien que lleva esta sala ha terminado tu visita. Si fue un error, pregúntale.',
    },
    replaced: {
      title: 'Estás en esta sala en otra pestaña',
      text: 'Otra página ha ocupado este lugar para que no estés dos veces. Sigue allí o recupéralo.',
    },
    idle: {
      title: 'Estuviste mucho tiempo fuera',
      text: 'Durante un rato no llegó nada de esta página y el servidor liberó su lugar.',
    },
    session_not_found: {
      title: 'La conexión se perdió demasiado tiempo',
      text: 'El servidor ya no guarda tu lugar en la sala. Volver a entrar es un momento.',
    },
    slow_consumer: {
      title: 'Tu conexión no daba abasto',
      text: 'En la sala se decía más de lo que la red te traía. Vuelve a entrar; apagar la cámara ayuda.',
    },
    origin: {
      title: 'Esta página no puede usar ese servidor',
      text: 'El servidor solo acepta páginas de direcciones permitidas por quien lo lleva, y esta no lo es.',
    },
    room_full: {
      title: 'La sala está llena',
      text: 'Hay tanta gente como cabe. Vuelve a intentarlo cuando salga alguien.',
    },
    room_locked: {
      title: 'La sala está cerrada con llave',
      text: 'Por ahora no entra nadie más. Pide a alguien de dentro que la abra.',
    },
    room_not_found: {
      title: 'Esa sala no existe',
      text: 'Puede que haya terminado, o que el enlace tenga un error. Comprueba el nombre con quien te invitó.',
    },
    unauthorized: {
      title: 'Necesitas una invitación',
      text: 'Este servidor solo deja entrar con un enlace personal, y este no lleva ninguno que conozca. Pide el tuyo y ábrelo tal como llegó.',
    },
    token_expired: {
      title: 'Tu invitación ha caducado',
      text: 'El enlace valía solo un tiempo. Pide uno nuevo.',
    },
    not_allowed: {
      title: 'Tu invitación no es para esto',
      text: 'Es para otra sala, o no permite lo que intentaste. Pide una que sí a quien te la envió.',
    },
    bad_name: {
      title: 'Ese nombre no sirve',
      text: 'El nombre de la sala o el tuyo está vacío, es demasiado largo o tiene caracteres que nadie ve. Elige otro.',
    },
    too_many_rooms: {
      title: 'El servidor está lleno',
      text: 'Tiene todas las salas que puede. Vuelve a intentarlo dentro de un rato.',
    },
    overloaded: {
      title: 'El servidor está ocupado',
      text: 'No acepta a nadie más hasta ponerse al día. Esta página vuelve a intentarlo sola.',
    },
    draining: {
      title: 'El servidor se está reiniciando',
      text: 'Se está actualizando o trasladando. Esta página vuelve a intentarlo sola; será un minuto como mucho.',
    },
    rate_limited: {
      title: 'Demasiados intentos',
      text: 'El servidor pide una pausa. Espera un poco y vuelve a intentarlo.',
    },
    unreachable: {
      title: 'El servidor no responde',
      text: 'Puede que esté caído, o que lo esté tu red. Esta página sigue intentándolo; si sabes que ha vuelto, recárgala.',
    },
    too_large: {
      title: 'Algo era demasiado grande',
      text: 'Esta página envió al servidor más de lo que acepta de una vez. Recárgala y vuelve a entrar.',
    },
    limit_exceeded: {
      title: 'El servidor terminó la conexión',
      text: 'Esta página usó más de lo que el servidor da a una persona. Vuelve a entrar; si se repite, díselo a quien lo lleva.',
    },
    unknown_participant: {
      title: 'Esa persona ya no está aquí',
      text: 'Vuelve a entrar para ver quién está.',
    },
    bad_message: {
      title: 'El servidor no entendió esta página',
      text: 'Lo más probable es que se actualizara mientras estaba abierta. Recárgala.',
    },
    gap: { title: 'La conexión perdió el paso', text: 'Vuelve a entrar para arreglarlo.' },
    stale_link: {
      title: 'La conexión perdió el paso',
      text: 'Otra ha ocupado su lugar. Vuelve a entrar para arreglarlo.',
    },
    conflict: {
      title: 'Alguien fue más rápido',
      text: 'Lo que cambiaste lo cambiaron otros mientras tanto. Vuelve a entrar para ver cómo está.',
    },
    state_full: {
      title: 'La sala está llena de cosas',
      text: 'Guarda todo lo que puede. Borra algo y vuelve a intentarlo.',
    },
    not_stored: {
      title: 'El servidor no pudo guardar lo que enviaste',
      text: 'Su disco no admite nada más, así que nadie lo recibió. Díselo a quien lo lleva y vuelve a intentarlo más tarde.',
    },
    bad_offer: {
      title: 'El navegador y el servidor no se entienden',
      text: 'El servidor no puede usar lo que este navegador ofrece para sonido e imagen. Actualiza el navegador o prueba con otro.',
    },
    too_many_media: {
      title: 'Demasiadas cámaras y pantallas a la vez',
      text: 'Esta página envió más imágenes de las que el servidor acepta de una persona. Vuelve a entrar con menos.',
    },
    storage_full: {
      title: 'No hay sitio para más archivos',
      text: 'La sala, o todo el servidor, guarda tantos archivos como puede. Los más viejos dejan sitio al cabo de un rato.',
    },
    not_found: {
      title: 'Ese archivo ya no está',
      text: 'Los archivos duran lo que su sala, y un rato si nadie los mira. Vuelve a pedirlo.',
    },
    internal: {
      title: 'Algo ha ido mal',
      text: 'No fue culpa tuya. Vuelve a entrar; si se repite, díselo a quien lleva el servidor.',
    },
  },

  ended: {
    rejoin: 'Volver a entrar',
    retry: 'Reintentar',
    reload: 'Recargar la página',
    home: 'Volver al inicio',
    here: 'Usarlo aquí',
    retryIn: (seconds) => `Nuevo intento en ${seconds} s`,
    retrying: 'Intentándolo ahora',
  },
}
