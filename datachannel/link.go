package datachannel

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
)

// Conn moves frames over one transport.
type Conn interface {
	// ReadFrame returns the next frame, which is the caller's until the next ReadFrame, and whether it is binary. Only
	// one goroutine reads.
	ReadFrame() (frame []byte, binary bool, err error)
	// WriteFrame sends a frame and does not keep it. It may wait up to a deadline of its own. Only one goroutine writes.
	WriteFrame(frame []byte, binary bool) error
	// CloseConn ends the transport and makes the others return. It may be called at any time; code is WebSocket's.
	CloseConn(code int, reason string) error
}

// Instant is a Conn that can say that WriteFrame would not wait now.
type Instant interface {
	Conn
	Instant() bool
}

// Kind is what a link runs over.
type Kind uint8

const (
	// WebSocket carries signalling too, as do SSE and Poll.
	WebSocket Kind = iota + 1
	// DataChannel is the reliable data channel.
	DataChannel
	// SSE is a stream of server-sent events, with POST upwards.
	SSE
	// Poll is long polls, with POST upwards.
	Poll
)

// Signals says whether links of this kind carry signalling.
func (k Kind) Signals() bool { return k != DataChannel }

func (k Kind) String() string {
	switch k {
	case WebSocket:
		return "websocket"
	case DataChannel:
		return "datachannel"
	case SSE:
		return "sse"
	case Poll:
		return "poll"
	}
	return "unknown"
}

// WebSocket close codes of docs/protocol.md.
const (
	closeNormal     = 1000
	closeGoingAway  = 1001
	closeTooLarge   = 1009
	closeSuperseded = 4000
)

// LinkOptions are what is particular to a link. Zero fields have defaults.
type LinkOptions struct {
	Hello     []byte // first frame on a link that signals: `joined` or `resumed`
	Attached  bool   // it is the data link at once, as generation 1: the link that joined
	ReadBytes int    // largest frame to take whole; 64 KiB, on links that signal 512 KiB since they carry SDP
	BatchSize int    // bytes of a log frame; 48 KiB, else 64 KiB
}

// Link is one connection of a session: one goroutine reads (that of Run), one writes.
type Link struct {
	// Static after Open.
	session *Session
	conn    Conn
	instant Instant // conn, if it is one; nil otherwise
	kind    Kind
	options LinkOptions
	batch   int
	pieces  int           // bytes of a piece of a large frame; 0: the transport takes any frame
	wake    chan struct{} // room for one
	ctx     context.Context
	cancel  context.CancelCauseFunc // ends the link; the first cause counts

	// Owned by the reader.
	inbound []Inbound
	join    joiner

	// writing is held by who sends: the writer, or a goroutine that serves it. What follows is theirs.
	writing sync.Mutex

	buf []byte // the frame it sends, unless that came to it whole
	cut []byte // a piece of large, or the parts of a frame joined

	// Guarded by session.mu.
	replies    []frame // wait to be sent: at most Limits.Replies
	replyBytes int
	gapTold    bool          // the client knows that a message is missing
	large      splitter      // is being sent in pieces
	lossyTurn  bool          // lossy messages go before more of the log
	lossy      *latestReader // nil: it does not carry the log
}

// Open gives the session a link over conn. A newer link supersedes the older one of its kind. The caller calls Run.
func (s *Session) Open(conn Conn, kind Kind, o LinkOptions) *Link {
	l := &Link{session: s, conn: conn, kind: kind, wake: make(chan struct{}, 1)}
	l.ctx, l.cancel = context.WithCancelCause(context.Background())
	l.instant, _ = conn.(Instant)
	switch kind {
	case DataChannel:
		orDefault(&o.ReadBytes, wholeFrame)
		orDefault(&o.BatchSize, 48<<10)
		l.pieces = 16_000
	case WebSocket:
		orDefault(&o.ReadBytes, 512<<10)
		orDefault(&o.BatchSize, 64_000)
		l.pieces = 64_000
	default:
		orDefault(&o.ReadBytes, 512<<10)
		orDefault(&o.BatchSize, 64<<10)
	}
	l.options, l.batch = o, o.BatchSize

	s.mu.Lock()
	defer s.mu.Unlock()
	former := &s.channel
	if kind.Signals() {
		former = &s.signal
		// What waited for the older one is said anew by Hello.
		s.signals, s.waiting = nil, 0
		if o.Hello != nil {
			s.signals, s.waiting = []signal{{frame: o.Hello}}, len(o.Hello)
		}
	}
	if *former != nil {
		(*former).cancel(ErrSuperseded)
	}
	*former = l
	if o.Attached && s.gen == 0 && !s.closed {
		s.gen = 1
		s.carryLocked(l)
	}
	l.wakeUp()
	s.hear()
	return l
}

// Heard notes a sign of life that is not a frame: a WebSocket's pong.
func (l *Link) Heard() { l.session.hear() }

func (l *Link) wakeUp() {
	select {
	case l.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Run moves frames until the link ends: the transport fails, ctx is done, a newer link supersedes it or the session is
// closed. It returns why, when both its goroutines have ended and the transport is closed.
func (l *Link) Run(ctx context.Context) error {
	defer l.session.forget(l)
	closed := make(chan struct{})
	context.AfterFunc(l.ctx, func() {
		defer close(closed)
		l.wakeUp()
		code, reason := l.farewell()
		// An error here says that it was closed before.
		_ = l.conn.CloseConn(code, reason)
	})
	stop := context.AfterFunc(ctx, func() { l.cancel(context.Cause(ctx)) })
	defer stop()

	var writer sync.WaitGroup
	writer.Go(func() { l.cancel(l.guard(l.write)) })
	err := l.guard(l.read)
	if !l.session.isClosed() { // else the writer ends the link, after what is to be said last
		l.cancel(err)
	}
	writer.Wait()
	<-closed
	return context.Cause(l.ctx)
}

// farewell is what the transport is closed with.
func (l *Link) farewell() (code int, reason string) {
	cause := context.Cause(l.ctx)
	switch {
	case errors.Is(cause, ErrSuperseded):
		return closeSuperseded, "superseded"
	case errors.Is(cause, ErrTooLarge):
		return closeTooLarge, "too large"
	case errors.Is(cause, ErrClosed):
		code, _ := l.session.Reason()
		if code == codeDraining {
			return closeGoingAway, code
		}
		return closeNormal, code
	case errors.Is(cause, context.Canceled):
		return closeGoingAway, "going away"
	case errors.Is(cause, ErrSilent):
		return closeGoingAway, "silent"
	}
	return closeNormal, ""
}

// forget takes a link that has ended out of its session.
func (s *Session) forget(l *Link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.data == l {
		s.carryLocked(nil)
		s.greeting = greeting{}
	}
	if s.signal == l {
		s.signal, s.signals, s.waiting = nil, nil, 0
	}
	if s.channel == l {
		s.channel = nil
	}
}

func (l *Link) guard(f func() error) error { return l.session.guard(l.cancel, f) }

// guard runs f so that a fault of ours which a peer found costs it its session and nobody else anything.
func (s *Session) guard(cancel context.CancelCauseFunc, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.cfg.Metrics.Refused("panic")
			s.cfg.Logger.Error().Interface("panic", p).Bytes("stack", debug.Stack()).Msg("link failed")
			err = fmt.Errorf("panic: %v", p)
			s.Close(codeInternal, "our fault")
			cancel(err)
		}
	}()
	return f()
}
