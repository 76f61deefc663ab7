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
	if in.Gen < s.gen || in.Gen == s.gen && s.data != l { // the same again comes from a POST that was repeated
		s.cfg.Metrics.Refused("stale_attach")
		s.replyLocked(l, whole(appendError(nil, kindAttach, codeBadMessage,
			fmt.Sprintf("generation %d is not above %d", in.Gen, s.gen)), false))
		return
	}
	s.gen = in.Gen
	s.carryLocked(l)
	s.cursor = in.Position
	s.greeting = greeting{due: true, reason: s.log.reach(in.Epoch, in.Position)}
	switch {
	case s.greeting.reason == "" && in.Position < s.cfg.Since:
		s.greeting.reason = resetTrimmed // what was said before it came is not for it
	case in.Cells != nil:
		if s.greeting.reason == "" && !s.pageLocked(in.Position, *in.Cells) {
			s.greeting.reason = resetTrimmed // of the state it has a part, and the rest is no more
		}
	case s.greeting.reason == resetTrimmed:
		s.greeting.since = in.Position
	}
	if s.greeting.reason == "" {
		s.confirmLocked(in.Position, in.Cells == nil)
	}
	l.gapTold = false
	l.wakeUp()
}

// carryLocked makes l the data link, or none with nil.
func (s *Session) carryLocked(l *Link) {
	if s.data == l {
		return
	}
	if s.data != nil {
		s.log.wake.unwatch(s.data.wake)
		s.data.listenLatest(false)
	}
	s.data = l
	if l != nil {
		r := waiter{wake: l.wake}
		if l.instant != nil {
			r.serve = l.serve
		}
		s.log.wake.watch(r)
		l.listenLatest(true)
	}
	if s.fast != nil {
		select {
		case s.fast.wake <- struct{}{}:
		default: // it will look anyway
		}
	}
}

// pageLocked goes on with a snapshot of which the client has the first cells. False: there is no such snapshot.
func (s *Session) pageLocked(position, cells uint64) bool {
	if s.paging.snap == nil || s.paging.snap.Position != position || cells > uint64(len(s.paging.snap.Cells)) {
		return false
	}
	s.paging.at = int(cells)
	return true
}

// confirm takes the client's word for what it has handed to its application.
func (s *Session) confirm(position uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if position <= s.cursor { // else it was never given
		s.confirmLocked(position, !s.paging.due())
	}
}

// confirmLocked gives up a snapshot which the client has: it is at a position, and complete says that it has the whole state
// of that.
func (s *Session) confirmLocked(position uint64, complete bool) {
	if complete && s.paging.snap != nil && position >= s.paging.snap.Position {
		s.paging = paging{}
	}
}

// outgoing is what the writer of a link does next.
type outgoing struct {
	frame frame // empty: wait for a wake-up
	done  bool  // there is nothing behind it: what comes now wakes the link
	last  bool  // then the link ends
}

// next decides what l sends now. Its writer calls it; the frame is good until the next call.
func (s *Session) next(l *Link) outgoing {
	for {
		out, g, snapshot := s.choose(l)
		if !snapshot {
			return out
		}
		if out, ok := s.begin(l, g); ok {
			return out
		}
	}
}

// begin makes the snapshot that g is for, and the reset that brings it. The room's lock comes before mu, so the snapshot
// is taken without mu; whether l still is to send it is looked at after.
func (s *Session) begin(l *Link, g generation) (outgoing, bool) {
	s.order.Lock() // a message that is being posted is counted: it may be behind the snapshot, where its fate is never seen
	defer s.order.Unlock()
	snap := Snapshot{View: View{Position: s.log.Head(), Full: true}}
	if s.cfg.Snapshot != nil {
		snap = s.cfg.Snapshot(g.since)
	}
	return s.reset(l, g, &snap)
}

// choose is next, but for a reset, of which it says only that a snapshot is needed.
func (s *Session) choose(l *Link) (out outgoing, g generation, snapshot bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if out, ok := s.urgentLocked(l); ok {
		return out, generation{}, false
	}
	if !l.large.empty() {
		return outgoing{frame: l.piece()}, generation{}, false
	}
	if s.data != l {
		return outgoing{}, generation{}, false
	}
	if s.greeting.due {
		return outgoing{}, generation{s.gen, s.greeting.since}, true
	}
	if s.paging.due() {
		var at int
		l.buf, at = appendState(l.buf[:0], s.paging.snap, s.paging.at, l.batch)
		s.paging.at = at
		return outgoing{frame: l.fit(whole(l.buf, false))}, generation{}, false
	}
	if l.lossyTurn {
		l.lossyTurn = false
		if f := l.latest(); f.size > 0 {
			return outgoing{frame: f}, generation{}, false
		}
	}
	l.lossy.look() // before the log: what it has now may be of somebody of whom the log tells
	f, position, ok := s.log.frame(l.buf, s.cursor, s.view, l.batch)
	if !ok {
		s.cfg.Metrics.Dropped("reader_trimmed")
		s.greeting = greeting{due: true, reason: resetTrimmed, since: s.cursor}
		return outgoing{}, generation{s.gen, s.cursor}, true
	}
	s.cursor = position
	if f.one != nil && !f.shared {
		l.buf = f.one // it may have grown
	}
	l.lossyTurn = f.size > 0 // the log does not keep lossy messages waiting for ever
	if f.size == 0 {
		return outgoing{frame: l.latest()}, generation{}, false
	}
	done := f.shared && l.lossy.idle() // what is shared reaches to the head
	out.frame = l.fit(f)
	out.done = done && l.large.empty()
	l.lossyTurn = l.lossyTurn && !done
	return out, generation{}, false
}

// urgentLocked is what goes before the log, and between the pieces of a large frame.
func (s *Session) urgentLocked(l *Link) (outgoing, bool) {
	if s.signal == l && len(s.signals) > 0 {
		return outgoing{frame: whole(s.takeSignalLocked(), false)}, true
	}
	if s.closed {
		if s.signal == l {
			l.buf = appendClosed(l.buf[:0], s.code, s.text)
			return outgoing{frame: whole(l.buf, false), last: true}, true
		}
		return outgoing{last: true}, true
	}
	if s.data == l && s.greeting.due && s.greeting.reason == "" {
		s.greeting = greeting{}
		l.buf = appendAttached(l.buf[:0], s.gen, s.lastN, s.log.Epoch())
		return outgoing{frame: whole(l.buf, false)}, true
	}
	if f, ok := l.reply(); ok {
		return outgoing{frame: l.fit(f)}, true
	}
	if !l.large.empty() && l.lossyTurn {
		l.lossyTurn = false
		if f := l.latest(); f.size > 0 {
			return outgoing{frame: f}, true
		}
	}
	return outgoing{}, false
}

// generation is for whom a snapshot is made, and from where on.
type generation struct{ gen, since uint64 }

// reset is the frame that tells l of a reset, unless l was told to do something else meanwhile.
func (s *Session) reset(l *Link, g generation, snap *Snapshot) (outgoing, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.data != l || s.gen != g.gen || !s.greeting.due || s.greeting.reason == "" {
		return outgoing{}, false
	}
	n := s.log.taken(s.cfg.ID, snap.Position, s.lastN)
	l.buf = appendReset(l.buf[:0], s.gen, s.greeting.reason, s.log.Epoch(), n, snap)
	s.greeting = greeting{}
	s.cursor = snap.Position
	s.cfg.Since = min(s.cfg.Since, snap.Position) // a log that was lost in part may not have got as far again
	s.paging = paging{snap: snap}
	if len(snap.Cells) == 0 {
		s.paging = paging{}
	}
	return outgoing{frame: l.fit(whole(l.buf, false))}, true
}

// replyLocked queues an answer on l. A client that asks and never reads loses the link.
func (s *Session) replyLocked(l *Link, f frame) {
	if len(l.replies) >= s.cfg.Limits.Replies || l.replyBytes+f.size > s.cfg.Limits.ReplyBytes && len(l.replies) > 0 {
		s.cfg.Metrics.Dropped("reply_queue")
		l.cancel(ErrOverflow)
		return
	}
	l.replies = append(l.replies, f)
	l.replyBytes += f.size
	l.wakeUp()
}
