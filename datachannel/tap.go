package datachannel

import (
	"context"
	"fmt"
	"time"
)

// lossyBatch is how many bytes of lossy messages go between two frames of the log.
const lossyBatch = 8 << 10

// listenLatest opens or closes a link's place among the room's lossy messages. The session's mu is held.
func (l *Link) listenLatest(on bool) {
	if l.lossy != nil {
		l.lossy.close()
		l.lossy = nil
	}
	if latest := l.session.cfg.Latest; on && latest != nil {
		l.lossy = latest.read(l.session.view, l.wake)
	}
}

// latest is a frame of lossy messages, if there are new ones and no channel of their own to carry them. Such a channel says
// nothing when it is dead: it is trusted as long as the one beside it carries the log.
func (l *Link) latest() frame {
	if l.lossy == nil || l.kind == DataChannel && l.session.fast != nil {
		return frame{}
	}
	text, binary := l.lossy.appendSeen(l.buf[:0], lossyBatch)
	if len(text) == 0 {
		return frame{}
	}
	l.lossy.took() // if the link breaks, the next one begins anew
	l.buf = text
	return whole(text, binary)
}

// fast is the lossy channel of a session, as the session knows it.
type fast struct {
	cancel context.CancelCauseFunc
	wake   chan struct{} // room for one
}

// RunLossy carries lossy messages over a channel of their own until it ends or the session does. A newer one supersedes
// it. It returns why it ended, when the channel is closed.
func (s *Session) RunLossy(conn LossyConn) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	me := &fast{cancel, make(chan struct{}, 1)}
	s.mu.Lock()
	if s.closed || s.cfg.Latest == nil {
		cancel(ErrClosed)
	} else {
		if s.fast != nil {
			s.fast.cancel(ErrSuperseded)
		}
		s.fast = me
	}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.fast == me {
			s.fast = nil
			s.wakeLocked(s.data) // which carries them now
		}
	}()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var inbound []Inbound
	link := lossyLink{
		latest: s.cfg.Latest, view: s.view, conn: conn, metrics: s.cfg.Metrics, wake: me.wake, trusted: s.onChannel,
		guard: func(f func() error) error { return s.guard(cancel, f) },
		take: func(frame []byte, binary bool) (err error) {
			inbound, err = s.takeLossy(inbound[:0], frame, binary)
			return err
		},
	}
	return link.run(ctx)
}

// onChannel says whether a data channel carries the log.
func (s *Session) onChannel() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data != nil && s.data.kind == DataChannel
}

// takeLossy takes the lossy messages of a frame. There may be nothing else in it.
func (s *Session) takeLossy(into []Inbound, raw []byte, binary bool) ([]Inbound, error) {
	s.hear()
	in, err := decodeFrame(into, raw, binary, s.cfg.Limits)
	defer clear(in) // it must not keep the frame
	if err != nil {
		return in[:0], err
	}
	for i := range in {
		if in[i].Kind != kindLossy {
			return in[:0], fmt.Errorf("%w: %.32q on the lossy channel", ErrBadMessage, in[i].Kind)
		}
		s.postLossy(&in[i], time.Now())
	}
	return in[:0], nil
}
