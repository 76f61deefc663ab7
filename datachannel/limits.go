package datachannel

// What one frame on a data channel may have: browsers and the SFU agree on it as SCTP's largest message.
const maxFrame = 65536

// MaxMessageBytes is the most that Limits.MessageBytes can be. A frame of 65,536 bytes then holds one message with
// everything else at its limit: a type of 128 bytes that are all escaped (768), 100 recipients with ids of 64
// characters (6,700) and the envelope, on the way in; the sender's id and the head of a log frame on the way out.
const MaxMessageBytes = 56 << 10

// maxEntry is the largest entry a log takes: it must fit into one frame with nothing beside it.
const maxEntry = maxFrame - frameHead

// Limits is what one session may ask of us. A zero field has its default.
type Limits struct {
	MessageBytes int // data of one message, as JSON on the wire; default and most: MaxMessageBytes
	TypeBytes    int // type of a message; 128
	Recipients   int // ids in `to`; 100
	Depth        int // nesting of data; 32
	Objects      int // messages in one frame; 256

	MessagesPerSecond int // 200; above it and the burst the sender is slowed, nothing is dropped
	MessageBurst      int // 400
	BytesPerSecond    int // 256 KiB
	ByteBurst         int // 1 MiB
	ControlPerSecond  int // everything that is not `m`; 50
	ControlBurst      int // 200

	SignalFrames int // signalling frames that wait for the link; 64
	SignalBytes  int // their bytes; 1 MiB
	Replies      int // answers that wait on one link; 256
}

// WithDefaults fills in what is zero.
func (l Limits) WithDefaults() Limits {
	orDefault(&l.MessageBytes, MaxMessageBytes)
	l.MessageBytes = min(l.MessageBytes, MaxMessageBytes)
	orDefault(&l.TypeBytes, 128)
	orDefault(&l.Recipients, 100)
	orDefault(&l.Depth, 32)
	orDefault(&l.Objects, 256)
	orDefault(&l.MessagesPerSecond, 200)
	orDefault(&l.MessageBurst, 400)
	orDefault(&l.BytesPerSecond, 256<<10)
	orDefault(&l.ByteBurst, 1<<20)
	orDefault(&l.ControlPerSecond, 50)
	orDefault(&l.ControlBurst, 200)
	orDefault(&l.SignalFrames, 64)
	orDefault(&l.SignalBytes, 1<<20)
	orDefault(&l.Replies, 256)
	return l
}

func orDefault(v *int, def int) {
	if *v <= 0 {
		*v = def
	}
}
