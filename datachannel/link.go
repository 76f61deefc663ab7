package datachannel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
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
	Hello     []byte // first frame on a WebSocket: `joined` or `resumed`
	Attached  bool   // it is the data link at once, as generation 1: the WebSocket that joined
	ReadBytes int    // largest frame to take; 64 KiB, on a WebSocket 512 KiB since it carries SDP
	BatchSize int    // bytes of a log frame; 48 KiB, on a WebSocket 64 KiB
}

// Link is one connection of a session: one goroutine reads (that of Run), one writes.
type Link struct {
	// Static after Open.
	session *Session
	conn    Conn
	kind    Kind
	options LinkOptions
	batch   int
	largest int           // frame the transport can carry; 0: any
	wake    chan struct{} // room for one
	ctx     context.Context
	cancel  context.CancelCauseFunc // ends the link; the first cause counts

	// Owned by the reader.
	inbound []Inbound

	// Owned by the writer.
	buf []byte // the frame it sends, unless that came to it whole

	// Guarded by session.mu.
	replies [][]byte // wait to be sent: at most Limits.Replies
	gapTold bool     // the client knows that a message is missing
}

// Open gives the session a link over conn. A newer link supersedes the older one of its kind. The caller calls Run.
func (s *Session) Open(conn Conn, kind Kind, o LinkOptions) *Link {
	l := &Link{session: s, conn: conn, kind: kind, wake: make(chan struct{}, 1)}
	l.ctx, l.cancel = context.WithCancelCause(context.Background())
	switch kind {
	case DataChannel:
		orDefault(&o.ReadBytes, maxFrame)
		orDefault(&o.BatchSize, 48<<10)
		l.largest = maxFrame
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
			s.signals, s.waiting = [][]byte{o.Hello}, len(o.Hello)
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

// Kind is what the link runs over.
func (l *Link) Kind() Kind { return l.kind }

// Session is whose link it is.
func (l *Link) Session() *Session { return l.session }

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

// guard runs f so that a fault of ours which a peer found costs it its session and nobody else anything.
func (l *Link) guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			l.session.cfg.Metrics.Refused("panic")
			l.session.cfg.Logger.Error().Interface("panic", p).Bytes("stack", debug.Stack()).Msg("link failed")
			err = fmt.Errorf("panic: %v", p)
			l.session.Close(codeInternal, "our fault")
			l.cancel(err)
		}
	}()
	return f()
}

func (l *Link) write() error {
	for {
		out := l.session.next(l)
		if out.frame != nil {
			if err := l.conn.WriteFrame(out.frame, out.binary); err != nil {
				return fmt.Errorf("write: %w", err)
			}
		}
		if out.last {
			return ErrClosed
		}
		if l.ctx.Err() != nil {
			return context.Cause(l.ctx)
		}
		if out.frame != nil {
			continue
		}
		l.rest()
		select {
		case <-l.wake:
		case <-l.ctx.Done():
			return context.Cause(l.ctx)
		}
	}
}

// rest gives back a buffer that a burst has made large, so that idle links are small.
func (l *Link) rest() {
	if cap(l.buf) > 8<<10 {
		l.buf = nil
	}
}

func (l *Link) read() error {
	s := l.session
	for {
		frame, _, err := l.conn.ReadFrame()
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		if l.ctx.Err() != nil { // a transport may bring more while it says goodbye
			return context.Cause(l.ctx)
		}
		s.hear()
		if len(frame) > l.options.ReadBytes {
			s.cfg.Metrics.Refused(codeTooLarge)
			s.Close(codeLimit, fmt.Sprintf("a frame of %d bytes, %d are allowed", len(frame), l.options.ReadBytes))
			return ErrTooLarge
		}
		l.inbound, err = Decode(l.inbound[:0], frame, s.cfg.Limits)
		if err == nil {
			err = l.handle()
		}
		clear(l.inbound) // it must not keep the frame
		if cap(l.inbound) > 32 {
			l.inbound = nil
		}
		if errors.Is(err, ErrBadMessage) {
			s.cfg.Metrics.Refused(codeBadMessage)
			s.Close(codeBadMessage, err.Error())
		}
		if err != nil {
			return err
		}
	}
}

// handle does what a frame says, object by object.
func (l *Link) handle() error {
	s := l.session
	for i := range l.inbound {
		in := &l.inbound[i]
		if err := l.slow(s.pay(in, time.Now())); err != nil {
			return err
		}
		switch in.Kind {
		case kindMessage:
			s.post(l, in, time.Now())
		case kindAttach:
			s.attach(l, in)
		case kindAck:
			s.confirm(in.Position)
		case kindPing:
			s.mu.Lock()
			s.replyLocked(l, appendPong(nil, in.ID))
			s.mu.Unlock()
		default:
			if !l.kind.Signals() {
				return fmt.Errorf("%w: %.32q on a data channel", ErrBadMessage, in.Kind)
			}
			if s.signalsFrom(l) && s.cfg.Signals != nil {
				s.cfg.Signals(l, in.Kind, bytes.Clone(in.Raw))
			}
		}
	}
	return nil
}

// signalsFrom says whether l is the link that signalling is taken from.
func (s *Session) signalsFrom(l *Link) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.signal == l && !s.closed
}

// slow waits because the client is above its rate. Meanwhile nothing is read from the link.
func (l *Link) slow(wait time.Duration) error {
	if wait <= 0 {
		return nil
	}
	l.session.cfg.Metrics.Refused("slowed")
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-l.session.done:
		return ErrClosed
	case <-l.ctx.Done():
		return context.Cause(l.ctx)
	}
}
