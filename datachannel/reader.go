package datachannel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"
)

// read is the goroutine that receives.
func (l *Link) read() error {
	s := l.session
	for {
		raw, binary, err := l.conn.ReadFrame()
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		if l.ctx.Err() != nil { // a transport may bring more while it says goodbye
			return context.Cause(l.ctx)
		}
		s.hear()
		if err := l.take(raw, binary); err != nil {
			return err
		}
	}
}

// take handles a frame, or a piece of one.
func (l *Link) take(raw []byte, binary bool) error {
	s := l.session
	err := l.takeFrame(raw, binary)
	switch {
	case errors.Is(err, ErrBadMessage):
		s.cfg.Metrics.Refused(codeBadMessage)
		s.Close(codeBadMessage, err.Error())
	case errors.Is(err, ErrTooLarge):
		s.cfg.Metrics.Refused(codeTooLarge)
		s.Close(codeLimit, err.Error())
	}
	return err
}

func (l *Link) takeFrame(raw []byte, binary bool) error {
	s := l.session
	if len(raw) > l.options.ReadBytes {
		return fmt.Errorf("%w: a frame of %d bytes, %d are allowed", ErrTooLarge, len(raw), l.options.ReadBytes)
	}
	prepaid := false
	if binary && len(raw) > 0 && raw[0] == framePiece {
		now := time.Now()
		if err := l.slow(s.payBytes(len(raw), now)); err != nil {
			return err
		}
		var done bool
		var err error
		if raw, binary, done, err = l.join.take(raw, s.cfg.Limits.FrameBytes(), now); err != nil || !done {
			return err
		}
		prepaid = true
		defer l.join.rest()
	}
	var err error
	if l.inbound, err = decodeFrame(l.inbound[:0], raw, binary, s.cfg.Limits); err == nil {
		err = l.handle(prepaid)
	}
	clear(l.inbound) // it must not keep the frame
	if cap(l.inbound) > 32 {
		l.inbound = nil
	}
	return err
}

// handle does what a frame says, object by object. What it posts is told at the end, in one piece, and before each wait.
func (l *Link) handle(prepaid bool) error {
	s := l.session
	defer s.log.wake.tell(l.wake)
	for i := range l.inbound {
		in := &l.inbound[i]
		if err := l.slow(s.pay(in, prepaid, time.Now())); err != nil {
			return err
		}
		switch in.Kind {
		case kindMessage, kindState:
			s.post(l, in, time.Now())
		case kindLossy:
			s.postLossy(in, time.Now())
		case kindAttach:
			s.attach(l, in)
		case kindAck:
			s.confirm(in.Position)
		case kindPing:
			s.answer(l, whole(appendPong(nil, in.ID), false))
		case kindHistory:
			text, binary := s.log.recollect(question{in.ID, in.Before, in.Limit, in.Type}, time.Now())
			s.answer(l, whole(text, binary))
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

func (s *Session) answer(l *Link, f frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replyLocked(l, f)
}

// signalsFrom says whether l is the link that signalling is taken from.
func (s *Session) signalsFrom(l *Link) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.signal == l && !s.closed
}

// slow waits because the client is above its rate. Meanwhile nothing is read from the link. What was taken before does not
// wait with it, and the client is not silent: it is we who do not listen.
func (l *Link) slow(wait time.Duration) error {
	if wait <= 0 {
		return nil
	}
	l.session.cfg.Metrics.Refused("slowed")
	l.session.log.wake.tell(l.wake)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		l.session.hear()
		return nil
	case <-l.session.done:
		return ErrClosed
	case <-l.ctx.Done():
		return context.Cause(l.ctx)
	}
}
