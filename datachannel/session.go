// Package datachannel moves messages between the people of one room: a log with a total order, sessions that are
// places in it, and links that move a session on.
//
// It knows frames, offsets and the data messages of docs/protocol.md (m, attach, ack, ping and their answers). It does
// not know WebSockets or WebRTC, only a Conn; nor who is in the room or what they may do, only a Poster that takes
// messages or refuses them. Signalling passes through it as bytes, because it shares a link with messages.
//
// A recipient holds no queue. The writer of its link takes what lies beyond its cursor, as one frame, when the one
// before has gone; a reader that is so slow that the log was cut under its cursor is told so (`reset`) and gets a
// snapshot. What a peer can make grow is bounded by Limits and LogConfig.
//
// Locks, in the order in which they may be taken: Session.order, the room's, Session.mu, Log.mu. A Poster is called
// with order held, a Snapshot with none, and neither with mu held; so a room may call a Session under its own lock.
package datachannel

import (
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/internal/metrics"
)

// Message is what a session sends. Data is valid until Post returns.
type Message struct {
	Type    string
	Data    json.RawMessage
	To      []string // nil: everyone; never empty otherwise
	From    string   // the session's participant
	Session string
	N       uint64
}

// Entry is the message as an entry of the log.
func (m *Message) Entry() Entry {
	return Entry{
		Kind: EntryMessage, From: m.From, Session: m.Session, N: m.N,
		To: m.To, Direct: m.To != nil, Type: m.Type, Data: m.Data,
	}
}

// Poster takes the messages of a room. It appends one entry with the message's Session and N to the log and returns
// nil, or appends nothing and returns an error: a Refusal if the sender is to know why.
type Poster interface {
	Post(m Message, now time.Time) error
}

// SessionConfig is what a session is made of.
type SessionConfig struct {
	Log         *Log
	ID          string // of the session
	Participant string
	Position    uint64 // up to where the client has seen the log: that of its first snapshot
	Poster      Poster
	Limits      Limits

	// Signals takes what a WebSocket link brings and is not a data message, on the goroutine of Link.Run. It owns raw.
	Signals func(l *Link, kind string, raw json.RawMessage)
	// Snapshot is the room as of a position of the log: the `participants` of a reset.
	Snapshot func() (position uint64, participants json.RawMessage)

	Metrics *metrics.Metrics
	Logger  zerolog.Logger
}

// Session is one client's place in a room. It outlives its links.
type Session struct {
	// Static after NewSession.
	cfg   SessionConfig
	log   *Log
	view  viewer
	done  chan struct{}
	heard atomic.Int64 // nanoseconds since 1970

	// order makes "is n the next one" and "post it" one step. Held while the Poster is called, never for waiting.
	order sync.Mutex

	mu sync.Mutex
	// Guarded by mu.
	lastN     uint64 // messages taken; written with order held as well
	gen       uint64
	data      *Link  // carries the log
	cursor    uint64 // up to where the log was given to data
	confirmed uint64
	greeting  greeting // what data must be told before more of the log
	signal    *Link    // the newest WebSocket
	channel   *Link    // the newest data channel
	signals   [][]byte // wait for signal
	waiting   int      // their bytes
	messages  Bucket
	bytes     Bucket
	control   Bucket
	closed    bool
	code      string
	text      string
}

// greeting is the answer to an attach, or the notice that the log was cut.
type greeting struct {
	due    bool
	reason string // of a reset; empty for `attached`
}

// NewSession returns a session without links.
func NewSession(c SessionConfig) *Session {
	c.Limits = c.Limits.WithDefaults()
	s := &Session{
		cfg: c, log: c.Log, view: viewer{c.ID, c.Participant}, done: make(chan struct{}),
		cursor: c.Position, confirmed: c.Position,
		messages: NewBucket(c.Limits.MessagesPerSecond, c.Limits.MessageBurst),
		bytes:    NewBucket(c.Limits.BytesPerSecond, c.Limits.ByteBurst),
		control:  NewBucket(c.Limits.ControlPerSecond, c.Limits.ControlBurst),
	}
	s.hear()
	return s
}

// ID is the session's.
func (s *Session) ID() string { return s.cfg.ID }

// Confirmed is up to where the client has handed the log to its application.
func (s *Session) Confirmed() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.confirmed
}

// Transport is what carries the log now; false if nothing does.
func (s *Session) Transport() (Kind, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.data == nil {
		return 0, false
	}
	return s.data.kind, true
}

// Signalled says whether there is a WebSocket.
func (s *Session) Signalled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.signal != nil
}

// LastHeard is when the client last sent anything, on any link.
func (s *Session) LastHeard() time.Time { return time.Unix(0, s.heard.Load()) }

func (s *Session) hear() { s.heard.Store(time.Now().UnixNano()) }

// Done is closed when the session is: by Close, or because the client broke the protocol.
func (s *Session) Done() <-chan struct{} { return s.done }

// Reason is why the session was closed; the code is empty while it is not.
func (s *Session) Reason() (code, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.code, s.text
}

// Close ends the session: `closed` is the last frame on its WebSocket, then all links end. It does not wait for that;
// who called Link.Run sees it return. The first call decides.
func (s *Session) Close(code, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed, s.code, s.text = true, code, message
	close(s.done)
	s.wakeLocked(s.signal, s.channel, s.data)
}

func (s *Session) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// Signal sends a frame of signalling over the newest WebSocket, in the order of the calls. The caller does not touch
// frame again. Without a WebSocket the frame is dropped: `resumed` says anew how things are. ErrOverflow means that
// the client doesn't read; the caller closes the session.
func (s *Session) Signal(frame []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if s.signal == nil {
		return nil
	}
	if len(s.signals) >= s.cfg.Limits.SignalFrames || s.waiting+len(frame) > s.cfg.Limits.SignalBytes {
		s.cfg.Metrics.Dropped("signal_queue")
		return fmt.Errorf("signalling to %s: %w", s.cfg.ID, ErrOverflow)
	}
	s.signals = append(s.signals, frame)
	s.waiting += len(frame)
	s.wakeLocked(s.signal)
	return nil
}

// post takes message in from l: if it is the next one it is in the log when post returns, as itself or refused.
func (s *Session) post(l *Link, in *Inbound, now time.Time) {
	s.order.Lock()
	defer s.order.Unlock()
	s.mu.Lock()
	last := s.lastN
	if s.closed || s.data != l || in.N <= last {
		s.mu.Unlock()
		return
	}
	if in.N > last+1 {
		if !l.gapTold { // one answer for a whole burst
			l.gapTold = true
			s.cfg.Metrics.Refused(codeGap)
			s.replyLocked(l, appendError(nil, kindMessage, codeGap,
				fmt.Sprintf("message %d came after %d", in.N, last)))
		}
		s.mu.Unlock()
		return
	}
	l.gapTold = false
	s.mu.Unlock()

	var err error
	if in.Refusal != nil {
		err = *in.Refusal
	} else {
		err = s.cfg.Poster.Post(Message{
			Type: in.Type, Data: in.Data, To: in.To, From: s.cfg.Participant, Session: s.cfg.ID, N: in.N,
		}, now)
	}
	if err != nil {
		s.refuse(in.N, err, now)
	}

	s.mu.Lock()
	s.lastN = in.N
	s.mu.Unlock()
}

// refusalCost is how many messages a refused one counts for: everyone's history has an entry less for it.
const refusalCost = 10

func (s *Session) refuse(n uint64, err error, now time.Time) {
	r := refusalOf(err)
	s.cfg.Metrics.Refused(r.Code)
	if r.Code == codeInternal {
		s.cfg.Logger.Error().Err(err).Uint64("n", n).Msg("message not stored")
	}
	s.mu.Lock()
	s.messages.Take(refusalCost-1, now)
	s.mu.Unlock()
	if _, err := s.log.Append(Entry{Kind: EntryRefused, Session: s.cfg.ID, N: n, Code: r.Code, Text: r.Text}, now); err != nil {
		s.cfg.Logger.Error().Err(err).Uint64("n", n).Msg("refusal not stored")
	}
}

// pay charges for one object and returns how long to wait before it is handled.
func (s *Session) pay(in *Inbound, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in.Kind != kindMessage {
		return s.control.Take(1, now)
	}
	return max(s.messages.Take(1, now), s.bytes.Take(len(in.Raw), now))
}

func (s *Session) wakeLocked(links ...*Link) {
	for _, l := range links {
		if l != nil {
			l.wakeUp()
		}
	}
}
