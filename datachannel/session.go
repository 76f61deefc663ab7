// Package datachannel moves messages between the people of one room: a log with a total order, sessions that are
// places in it, and links that move a session on.
//
// It knows frames, offsets and the data messages of docs/protocol.md (m, s, e, attach, ack, ping, history and their
// answers). It does not know WebSockets, HTTP or WebRTC, only a Conn; nor who is in the room or what they may do, only a
// Poster that takes messages or refuses them; nor disks, only a Store of rows. Signalling passes through it as bytes,
// because it shares a link with messages.
//
// A recipient holds no queue. The writer of its link takes what lies beyond its cursor, as one frame, when the one
// before has gone; a reader that is so slow that the log was cut under its cursor is told so (`reset`) and gets a
// snapshot. What a peer can make grow is bounded by Limits and LogConfig.
//
// Locks, in the order in which they may be taken: Session.order, the room's, Session.mu, Log.mu. A Poster is called
// and a Snapshot with order held, and neither with mu held; so a room may call a Session under its own lock. The
// locks of Keeper, waker and Latest are leaves.
package datachannel

import (
	"encoding/json"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/internal/metrics"
)

// SessionConfig is what a session is made of.
type SessionConfig struct {
	Log         *Log
	ID          string // of the session
	Participant string
	Position    uint64  // up to where the client has seen the log: that of its first snapshot
	Cells       []*Cell // state of that snapshot, which the client is to get
	Since       uint64  // position at which the client came: what was before is not for it
	Taken       uint64  // messages that were taken in a former life of the server
	Latest      *Latest // lossy messages of the room; nil: none
	Poster      Poster
	Limits      Limits

	// Signals takes what a link that signals brings and is not a data message, on the goroutine of Link.Run. It owns raw.
	Signals func(l *Link, kind string, raw json.RawMessage)
	// Snapshot is the room for a client that knows its state as of since, 0: that knows nothing.
	Snapshot func(since uint64) Snapshot

	Metrics *metrics.Metrics
	Logger  zerolog.Logger
}

// Snapshot is what a client gets that cannot go on in the log: everyone who is there as JSON, and the state.
type Snapshot struct {
	View
	Participants json.RawMessage
	About        []byte // more members of the message, as JSON without braces; empty: none
}

// Session is one client's place in a room. It outlives its links.
type Session struct {
	// Static after NewSession.
	cfg   SessionConfig
	log   *Log
	view  viewer
	done  chan struct{}
	born  time.Time
	heard atomic.Int64 // nanoseconds since born: how long somebody is silent is no matter of what time it is

	// order makes "is n the next one" and "post it" one step, and keeps "up to which n" and "as of which position" one
	// moment. Held while the Poster or Snapshot is called, never for waiting.
	order sync.Mutex

	mu sync.Mutex
	// Guarded by mu.
	lastN    uint64 // messages taken; written with order held as well
	gen      uint64
	data     *Link    // carries the log
	cursor   uint64   // up to where the log was given to data
	greeting greeting // what data must be told before more of the log
	paging   paging   // of a snapshot, before more of the log
	signal   *Link    // the newest link that signals
	channel  *Link    // the newest data channel
	fast     *fast    // the newest lossy channel
	signals  []signal // wait for signal
	waiting  int      // their bytes
	messages Bucket
	bytes    Bucket
	control  Bucket
	lossy    Bucket
	closed   bool
	code     string
	text     string
}

// greeting is the answer to an attach, or the notice that the log was cut.
type greeting struct {
	due    bool
	reason string // of a reset; empty for `attached`
	since  uint64 // of a reset: the client knows the state as of then; 0: it does not
}

// paging is a snapshot's state on its way.
type paging struct {
	snap *Snapshot // kept until the client says that it has it; nil: none
	at   int       // cells before it were sent
}

func (p *paging) due() bool { return p.snap != nil && p.at < len(p.snap.Cells) }

// NewSession returns a session without links.
func NewSession(c SessionConfig) *Session {
	c.Limits = c.Limits.WithDefaults()
	s := &Session{
		cfg: c, log: c.Log, view: viewer{c.ID, c.Participant}, done: make(chan struct{}), born: time.Now(),
		cursor: c.Position, lastN: c.Taken,
		messages: NewBucket(c.Limits.MessagesPerSecond, c.Limits.MessageBurst),
		bytes:    NewBucket(c.Limits.BytesPerSecond, c.Limits.ByteBurst),
		control:  NewBucket(c.Limits.ControlPerSecond, c.Limits.ControlBurst),
		lossy:    NewBucket(c.Limits.LossyPerSecond, c.Limits.LossyBurst),
	}
	if len(c.Cells) > 0 {
		s.paging.snap = &Snapshot{View: View{Position: c.Position, Cells: c.Cells, Full: true}}
	}
	s.cfg.Cells = nil
	s.hear()
	return s
}

// Signalled says whether there is a link that signals.
func (s *Session) Signalled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.signal != nil
}

// LastHeard is when the client last sent anything, on any link.
func (s *Session) LastHeard() time.Time { return s.born.Add(time.Duration(s.heard.Load())) }

// Hear notes a sign of life that came by no link.
func (s *Session) Hear() { s.hear() }

func (s *Session) hear() { s.heard.Store(int64(time.Since(s.born))) }

// Done is closed when the session is: by Close, or because the client broke the protocol.
func (s *Session) Done() <-chan struct{} { return s.done }

// Reason is why the session was closed; the code is empty while it is not.
func (s *Session) Reason() (code, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.code, s.text
}

// Close ends the session: `closed` is the last frame on the link that signals, then all links end. It does not wait for that;
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
	if s.fast != nil {
		s.fast.cancel(ErrClosed)
	}
}

// Cut ends all links. A client that was taken for lost does not go on with one that comes to life again: it opens
// another, as everyone does who comes back.
func (s *Session) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range []*Link{s.signal, s.channel, s.data} {
		if l != nil {
			l.cancel(ErrSilent)
		}
	}
	if s.fast != nil {
		s.fast.cancel(ErrSilent)
	}
	s.carryLocked(nil) // from now on nothing is taken from it
	s.greeting = greeting{}
}

func (s *Session) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

func (s *Session) wakeLocked(links ...*Link) {
	for _, l := range links {
		if l != nil {
			l.wakeUp()
		}
	}
}
