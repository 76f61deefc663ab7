import type { PartOfStrings } from './shape'
import { pluralsOf } from './plurals'

const plural = pluralsOf('ar')

// Names are often written the other way round than the sentence: each stands for itself (FSI … PDI).
const own = (name: string): string => `\u2068${name}\u2069`

const kinds = { camera: 'كاميرا', microphone: 'ميكروفون', speaker: 'مكبّر صوت' }
const theDevice = { camera: 'الكاميرا', microphone: 'الميكروفون' }

export const ar: PartOfStrings = {
  product: 'Parlor',
  titleInRoom: (room) => `${own(room)} · Parlor`,
  language: 'اللغة',

  lobby: {
    headline: 'غرفة للحديث.',
    line: 'مكالمات فيديو تُفتح في المتصفّح. شارك الرابط فيدخل الجميع: بلا تثبيت وبلا حساب.',
    name: 'اسمك',
    namePlaceholder: 'ليلى',
    room: 'الغرفة',
    another: 'اقترح اسمًا آخر',
    go: 'متابعة',
    foot: 'يمكنك تجربة الكاميرا والميكروفون قبل أن يراك أحد.',
  },

  preview: {
    heading: (room) => `هل أنت مستعدّ لدخول ${own(room)}؟`,
    watching: (room) => `هل أنت مستعدّ لمشاهدة ${own(room)}؟`,
    name: 'اسمك',
    microphone: 'الميكروفون',
    camera: 'الكاميرا',
    speaker: 'مكبّر الصوت',
    systemDefault: 'الافتراضي في النظام',
    numbered: (kind, n) => `${kinds[kind]} ${n}`,
    none: (kind) => `لا يوجد ${kinds[kind]}`,
    level: 'مستوى الميكروفون',
    asking: 'يطلب المتصفّح الإذن باستعمال الكاميرا والميكروفون',
    cameraOff: 'الكاميرا مطفأة',
    starting: 'جارٍ تشغيل الكاميرا',
    join: 'دخول',
    joinWithout: 'دخول بلا كاميرا ولا ميكروفون',
    joinChat: 'دخول للدردشة فقط',
    watch: 'مشاهدة',
    joining: 'جارٍ الدخول',
    otherRoom: 'غرفة أخرى',
    tryAgain: 'أعد المحاولة',
  },

  device: {
    turnOn: (device) => `تشغيل ${theDevice[device]}`,
    turnOff: (device) => `إيقاف ${theDevice[device]}`,
    mute: 'كتم الميكروفون',
    unmute: 'إلغاء كتم الميكروفون',
    options: (device) => (device === 'camera' ? 'خيارات الكاميرا' : 'خيارات الصوت'),
  },

  background: {
    heading: 'الخلفية',
    none: 'كما هي',
    blur: 'مموّهة',
    slow: 'لم تعد الخلفية مموّهة: هذا الجهاز أبطأ من ذلك.',
    failed: 'لا يمكن تمويه الخلفية هنا.',
  },

  problem: {
    camera: 'الكاميرا',
    microphone: 'الميكروفون',
    both: 'الكاميرا والميكروفون',
  },

  room: {
    you: '(أنت)',
    justYou: 'أنت',
    someone: 'ضيف',
    muted: 'مكتوم',
    screenOf: (name) => `شاشة ${own(name)}`,
    yourScreen: 'شاشتك',
    sharing: 'أنت تشارك شاشتك مع كلّ من هنا.',
    stopSharing: 'إيقاف المشاركة',
    share: 'مشاركة الشاشة',
    chat: 'الدردشة',
    people: 'الحاضرون',
    copied: 'نُسخ رابط الدعوة',
    leave: 'مغادرة',
    controls: 'أزرار المكالمة',
    stage: 'الحاضرون في الغرفة',
    pages: 'صفحات الحاضرين',
    page: (n, of) => `صفحة ${n} من ${of}`,
    nextPage: 'الصفحة التالية',
    previousPage: 'الصفحة السابقة',
    alone: 'لا أحد غيرك هنا بعد',
    aloneHow: 'أرسل الرابط إلى من تريد حضوره.',
    joined: (name) => `دخل ${own(name)}`,
    left: (name) => `غادر ${own(name)}`,
    lost: (name) => `انقطع اتصال ${own(name)}`,
    unread: (n) =>
      plural(n, {
        zero: 'لا رسائل جديدة',
        one: 'رسالة جديدة',
        two: 'رسالتان جديدتان',
        few: '# رسائل جديدة',
        many: '# رسالة جديدة',
        other: '# رسالة جديدة',
      }),
    hereNow: (n) =>
      plural(n, {
        zero: 'لا أحد هنا',
        one: 'شخص واحد هنا',
        two: 'شخصان هنا',
        few: '# أشخاص هنا',
        many: '# شخصًا هنا',
        other: '# شخص هنا',
      }),
    watching: (n) =>
      plural(n, {
        zero: 'لا أحد يشاهد',
        one: 'مشاهد واحد',
        two: 'مشاهدان',
        few: '# مشاهدين',
        many: '# مشاهدًا',
        other: '# مشاهد',
      }),
    offAir: 'لا أحد على الهواء بعد',
    offAirHow: 'ستعرضه هذه الصفحة حالما يظهر.',
    hear: 'يحبس المتصفّح الصوت إلى أن تنقر.',
    hearButton: 'انقر لتسمع',
    reconnecting: 'انقطع الاتصال. جارٍ إعادته…',
    stillReconnecting: 'الخادم لا يجيب. المحاولة مستمرّة…',
    microphoneOn: 'الميكروفون يعمل',
    microphoneOff: 'الميكروفون مكتوم',
    cameraOn: 'الكاميرا تعمل',
    cameraOff: 'الكاميرا مطفأة',
    close: 'إغلاق',
    fullscreen: 'ملء الشاشة',
    weak: 'اتصال ضعيف',
    gone: 'انقطع الاتصال',
    paused: 'متوقّف: اتصالك بطيء جدًّا',
    muteThem: (name) => `كتم ${own(name)}`,
    stopThem: (name) => `إيقاف ${own(name)}`,
    audioOnly: 'الصوت فقط: صور الآخرين مطفأة.',
    showPictures: 'إظهار الصور',
    more: 'المزيد',
    react: 'إرسال تفاعل',
    raiseHand: 'رفع اليد',
    lowerHand: 'خفض اليد',
    raised: (name) => `رفع ${own(name)} يده`,
    lowered: 'خُفضت يدك',
    lowerTheirs: (name) => `خفض يد ${own(name)}`,
    lowerAll: 'خفض كلّ الأيدي',
    hands: 'الأيدي المرفوعة',
    everyone: 'كلّ من هنا',
    showSelf: 'إظهار صورتي',
    fullScreen: 'ملء الشاشة',
    pip: 'صورة داخل صورة',
    talking: 'يُسمع صوتك ما دمت تضغط مفتاح المسافة',
    pin: (name) => `تكبير ${own(name)}`,
    unpin: (name) => `إنهاء تكبير ${own(name)}`,
  },

  invite: {
    heading: 'دعوة الناس',
    how: 'من معه هذا الرابط يدخل به من أيّ متصفّح.',
    copy: 'نسخ الرابط',
    share: 'مشاركة',
    byHand: 'حدّد الرابط وانسخه.',
    code: 'الرابط رمزًا للهواتف',
  },

  layouts: { heading: 'الترتيب', auto: 'تلقائي', grid: 'شبكة', speaker: 'المتحدّث' },

  settings: { heading: 'الإعدادات', devices: 'الكاميرا والميكروفون ومكبّر الصوت' },

  keys: { heading: 'اختصارات لوحة المفاتيح', escape: 'إغلاق المفتوح' },

  wait: {
    heading: 'في انتظار الإذن بالدخول',
    unseen: 'حتى ذلك الحين لا يراك أحد ولا يسمعك، ولا تراهم ولا تسمعهم.',
    stop: 'إنهاء الانتظار',
  },

  network: {
    heading: 'الاتصال',
    state: 'الحالة',
    connected: 'متّصل',
    reconnecting: 'جارٍ إعادة الاتصال',
    messages: 'الرسائل',
    media: 'الصوت والصورة',
    quality: 'الجودة',
    audioOnly: 'الصوت فقط',
    audioOnlyHow: 'بلا صور الآخرين: لا يحتاج إلا القليل من اتصالك.',
    transport: {
      webrtc: 'قناة بيانات',
      websocket: 'WebSocket',
      sse: 'دفق أحداث',
      poll: 'استعلام طويل',
    },
    sending: 'إرسال',
    receiving: 'استقبال',
    test: 'اختبار هذا الاتصال',
    qualities: {
      excellent: 'ممتازة',
      good: 'جيّدة',
      poor: 'ضعيفة',
      lost: 'مفقودة',
      unknown: 'غير معروفة بعد',
    },
    mediaStates: {
      none: 'غير متاح في هذا المتصفّح',
      connecting: 'جارٍ الاتصال',
      connected: 'WebRTC',
      failed: 'محجوب: لا تمرّ إلا صفحات الويب',
    },
  },

  chat: {
    heading: 'الدردشة',
    placeholder: 'اكتب رسالة',
    send: 'إرسال',
    readOnly: 'تتيح لك دعوتك القراءة هنا لا الكتابة.',
    empty: 'لا رسائل بعد',
    emptyHow: 'الرسائل لكلّ من في الغرفة، ولمن يأتي لاحقًا أيضًا.',
    mine: 'أنت',
    failed: 'لم تُرسل',
    sending: 'جارٍ الإرسال',
    newBelow: 'رسائل جديدة',
    tooLong: 'هذه الرسالة طويلة جدًّا.',
    attach: 'إرسال ملف',
    drop: 'أفلت الملفات هنا لإرسالها إلى الجميع',
    save: (file) => `حفظ ${own(file)}`,
    sendingFile: (file) => `جارٍ إرسال ${own(file)}`,
    cancel: (file) => `عدم إرسال ${own(file)}`,
    remove: 'إزالة',
    gone: 'لم يعد موجودًا',
    tooMany: (n) => `${n} ملفات على الأكثر في المرّة الواحدة`,
    notTaken: (code, largest) =>
      ({
        too_large: `أكبر من ${own(largest)}`,
        storage_full: 'لا مكان في الغرفة لمزيد من الملفات',
        rate_limited: 'ملفات كثيرة في وقت واحد',
        not_allowed: 'لا يُسمح بإرسال الملفات هنا',
        bad_message: 'الملف فارغ أو لم يصل كاملًا',
      })[code] ?? 'لم تُرسل',
    says: (name, text) => `${own(name)}: ${own(text)}`,
  },

  endings: {
    left: { title: 'غادرت الغرفة', text: 'يبقى الرابط صالحًا: يمكنك العودة متى شئت.' },
    room_closed: {
      title: 'أُغلقت الغرفة',
      text: 'أنهاها القائم عليها للجميع. اطلب منه رابطًا جديدًا إن أردت المتابعة.',
    },
    removed: {
      title: 'أُخرجت من الغرفة',
      text: 'أنهى أحد القائمين على هذه الغرفة زيارتك. إن كان ذلك خطأً فاسأله.',
    },
    room_full: { title: 'الغرفة ممتلئة', text: 'فيها من الناس ما تتّسع له. أعد المحاولة حين يغادر أحد.' },
    room_locked: {
      title: 'الغرفة مقفلة',
      text: 'لا يدخل أحد جديد الآن. اطلب ممّن في الداخل أن يفتحها.',
    },
    unauthorized: {
      title: 'تحتاج إلى دعوة',
      text: 'لا يُدخل هذا الخادم إلا من معه رابط شخصي، وليس في هذا الرابط ما يعرفه. اطلب رابطك وافتحه كما أُرسل.',
    },
    token_expired: {
      title: 'انتهت صلاحية دعوتك',
      text: 'كان الرابط صالحًا لمدّة محدودة. اطلب رابطًا جديدًا.',
    },
    unreachable: {
      title: 'الخادم لا يجيب',
      text: 'ربّما تعطّل هو أو شبكتك. تواصل هذه الصفحة المحاولة؛ وإن عرفت أنّه عاد فأعد تحميلها.',
    },
    internal: {
      title: 'حدث خطأ ما',
      text: 'لم يكن ذلك منك. ادخل من جديد؛ وإن تكرّر فأخبر القائم على الخادم.',
    },
  },

  ended: {
    rejoin: 'الدخول من جديد',
    retry: 'أعد المحاولة',
    reload: 'إعادة تحميل الصفحة',
    home: 'العودة إلى البداية',
    here: 'استعملها هنا',
    retryIn: (seconds) => `محاولة جديدة بعد ${seconds} ث`,
    retrying: 'جارٍ إعادة المحاولة',
  },
}
