package datachannel

// wholeFrame is the largest frame that travels in one piece. It is what browsers and the SFU agree on as SCTP's largest
// message.
const wholeFrame = 65536

// MaxMessageBytes is the most that Limits.MessageBytes can be.
const MaxMessageBytes = 16 << 20

// envelope is more than a message has around its data: a type of 128 bytes that are all escaped, 100 recipients, and
// what is around a frame with bytes; or 100 changes of state.
const envelope = 64 << 10

// maxEntry is the largest entry a log takes.
const maxEntry = MaxMessageBytes + envelope

// Limits is what one session may ask of us. A zero field has its default.
type Limits struct {
	MessageBytes int // data of one message, as JSON on the wire or in bytes; 1 MiB, at most MaxMessageBytes
	LossyBytes   int // data of one lossy message; 1,000
	KeyBytes     int // key of the state; 256
	ValueBytes   int // value of the state; 256 KiB
	TypeBytes    int // type of a message; 128
	Recipients   int // ids in `to`; 100
	Depth        int // nesting of data; 32
	Objects      int // messages in one frame; 256

	MessagesPerSecond int // 200; above it and the burst the sender is slowed, nothing is dropped
	MessageBurst      int // 400
	BytesPerSecond    int // 256 KiB
	ByteBurst         int // 1 MiB
	LossyPerSecond    int // 200; above it and the burst they are dropped
	LossyBurst        int // 400
	ControlPerSecond  int // everything that is not `m`; 50
	ControlBurst      int // 200

	SignalFrames int // signalling frames that wait for the link; 64
	SignalBytes  int // their bytes; 1 MiB
	Replies      int // answers that wait on one link; 256
	ReplyBytes   int // their bytes; 1 MiB
}

// WithDefaults fills in what is zero.
func (l Limits) WithDefaults() Limits {
	orDefault(&l.MessageBytes, 1<<20)
	l.MessageBytes = min(l.MessageBytes, MaxMessageBytes)
	orDefault(&l.LossyBytes, 1000)
	orDefault(&l.KeyBytes, 256)
	orDefault(&l.ValueBytes, 256<<10)
	orDefault(&l.TypeBytes, 128)
	orDefault(&l.Recipients, 100)
	orDefault(&l.Depth, 32)
	orDefault(&l.Objects, 256)
	orDefault(&l.MessagesPerSecond, 200)
	orDefault(&l.MessageBurst, 400)
	orDefault(&l.BytesPerSecond, 256<<10)
	orDefault(&l.ByteBurst, 1<<20)
	orDefault(&l.LossyPerSecond, 200)
	orDefault(&l.LossyBurst, 400)
	orDefault(&l.ControlPerSecond, 50)
	orDefault(&l.ControlBurst, 200)
	orDefault(&l.SignalFrames, 64)
	orDefault(&l.SignalBytes, 1<<20)
	orDefault(&l.Replies, 256)
	orDefault(&l.ReplyBytes, 1<<20)
	return l
}

// FrameBytes is the largest frame that may come in pieces.
func (l Limits) FrameBytes() int { return max(l.MessageBytes, l.ValueBytes) + envelope }

func orDefault(v *int, def int) {
	if *v <= 0 {
		*v = def
	}
}
