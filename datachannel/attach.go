package datachannel

import "fmt"

// attach makes l the data link from position on. When it returns, no other link's writer begins another frame of the
// log and no message from another link is taken.
func (s *Session) attach(l *Link, in *Inbound) {
	s.order.Lock() // a message that is being posted is counted before we say up to which we have them
	defer s.order.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if in.Gen <= s.gen {
		s.cfg.Metrics.Refused("stale_attach")
		s.replyLocked(l, appendError(nil, kindAttach, codeBadMessage,
			fmt.Sprintf("generation %d is not above %d", in.Gen, s.gen)))
		return
	}
	s.gen = in.Gen
	s.carryLocked(l)
	s.cursor = in.Position
	reason := s.log.reach(in.Position)
	if in.Epoch != s.log.Epoch() {
		reason = resetEpoch
	}
	if reason == "" {
		s.confirmed = max(s.confirmed, in.Position)
	}
	s.greeting = greeting{due: true, reason: reason}
	l.gapTold = false
	l.wakeUp()
}

// carryLocked makes l the data link, or none with nil.
func (s *Session) carryLocked(l *Link) {
	if s.data == l {
		return
	}
	if s.data != nil {
		s.log.unwatch(s.data.wake)
	}
	s.data = l
	if l != nil {
		s.log.watch(l.wake)
	}
}

// confirm notes what the client has handed to its application.
func (s *Session) confirm(position uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if position <= s.cursor { // else it was never given
		s.confirmed = max(s.confirmed, position)
	}
}

// outgoing is what the writer of a link does next.
type outgoing struct {
	frame  []byte // nil: wait for a wake-up
	binary bool
	last   bool // then the link ends
}

// next decides what l sends now. Its writer calls it; the frame is good until the next call.
func (s *Session) next(l *Link) outgoing {
	for {
		out, gen, snapshot := s.choose(l)
		if !snapshot {
			return out
		}
		// The room's lock comes before ours, so its snapshot is taken without ours; whether l still is to send it is
		// looked at after.
		position, participants := s.log.Head(), []byte(nil)
		if s.cfg.Snapshot != nil {
			position, participants = s.cfg.Snapshot()
		}
		if out, ok := s.reset(l, gen, position, participants); ok {
			return out
		}
	}
}

// choose is next, but for a reset, of which it says only that a snapshot is needed.
func (s *Session) choose(l *Link) (out outgoing, gen uint64, snapshot bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.signal == l && len(s.signals) > 0 {
		first := s.signals[0]
		s.signals[0] = nil
		s.signals = s.signals[1:]
		s.waiting -= len(first)
		return outgoing{frame: first}, 0, false
	}
	if s.closed {
		if s.signal == l {
			l.buf = appendClosed(l.buf[:0], s.code, s.text)
			return outgoing{frame: l.buf, last: true}, 0, false
		}
		return outgoing{last: true}, 0, false
	}
	if s.data == l && s.greeting.due && s.greeting.reason == "" {
		s.greeting = greeting{}
		l.buf = appendAttached(l.buf[:0], s.gen, s.lastN)
		return outgoing{frame: l.buf}, 0, false
	}
	if len(l.replies) > 0 {
		first := l.replies[0]
		l.replies = l.replies[1:]
		return outgoing{frame: first}, 0, false
	}
	if s.data != l {
		return outgoing{}, 0, false
	}
	if s.greeting.due {
		return outgoing{}, s.gen, true
	}
	var position uint64
	var ok bool
	l.buf, position, ok = s.log.appendFrame(l.buf[:0], s.cursor, s.view, l.batch)
	if !ok {
		s.cfg.Metrics.Dropped("reader_trimmed")
		s.greeting = greeting{due: true, reason: resetTrimmed}
		return outgoing{}, s.gen, true
	}
	s.cursor = position
	if len(l.buf) == 0 {
		return outgoing{}, 0, false
	}
	return outgoing{frame: l.buf}, 0, false
}

// reset is the frame that tells l of a reset, unless l was told to do something else meanwhile.
func (s *Session) reset(l *Link, gen, position uint64, participants []byte) (outgoing, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.data != l || s.gen != gen || !s.greeting.due || s.greeting.reason == "" {
		return outgoing{}, false
	}
	l.buf = appendReset(l.buf[:0], s.gen, s.greeting.reason, s.log.Epoch(), position, s.lastN, participants)
	s.greeting = greeting{}
	if l.largest > 0 && len(l.buf) > l.largest {
		// So many people do not fit into a frame of this link. The client takes up another, and gets its reset there.
		s.cfg.Metrics.Refused("reset_too_large")
		s.carryLocked(nil)
		l.buf = appendError(l.buf[:0], kindAttach, codeTooLarge, "the room does not fit into a frame of this link")
		return outgoing{frame: l.buf}, true
	}
	s.cursor, s.confirmed = position, position
	return outgoing{frame: l.buf}, true
}

// replyLocked queues an answer on l. A client that asks and never reads loses the link.
func (s *Session) replyLocked(l *Link, out []byte) {
	if len(l.replies) >= s.cfg.Limits.Replies {
		s.cfg.Metrics.Dropped("reply_queue")
		l.cancel(ErrOverflow)
		return
	}
	l.replies = append(l.replies, out)
	l.wakeUp()
}
