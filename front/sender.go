package front

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// turns is how many batches a caller sends that others filled while it sent its own.
	turns = 2

	// maxDatagram is the largest UDP packet over IPv4.
	maxDatagram = 65_507
)

var errTooLarge = errors.New("udp: packet is larger than any can be")

// line is what a sender sends on.
type line interface {
	// one sends a packet, or reports false if that would mean to wait. Many goroutines may at a time.
	one(p []byte, to netip.AddrPort) bool

	// all sends the messages of b from next on and returns the one at which it would have to wait, or their number. If it
	// may wait it returns only then. Only one goroutine at a time calls it.
	all(b *batch, next int, wait bool) int

	// segments is how many packets may go as one message.
	segments() int
}

// sender gives packets to a line without ever waiting for it.
//
// Most go out at once, from the caller's goroutine, beside those of other callers. Those of bursts to many wait for each other where that pays (see
// pace), a millisecond at most, so that the kernel gets each burst as one; what else is sent meanwhile passes them.
// What goes to one destination keeps its order. Whoever sends a batch has the right to send, and looks again at what
// others queued meanwhile before letting go of it: they do while there is a batch on its way. The flusher is who sends when a timer says so, and who waits for a line
// that is full.
//
// The queue is a batch that fills while another is sent. A caller that finds it full sends it, or waits for who is
// sending, which is as long as the kernel takes to copy a batch; if the kernel takes no more, what comes is dropped:
// what it has is older, but would go first anyway. Errors are the network's: they are counted and cost nothing but the
// packet.
type sender struct {
	// Static after newSender.
	line   line
	counts *counts
	start  time.Time
	wake   chan struct{}
	timer  *time.Timer
	done   chan struct{}

	mu sync.Mutex
	// Guarded by mu.
	pace    pace
	queue   *batch        // fills
	since   time.Duration // when it began to
	urgent  bool          // it is not to wait for the timer
	sending bool          // somebody has the right to send batches
	handed  bool          // it is the flusher's, and waits for it
	full    bool          // the line took no more
	closed  bool
	memory  []byte    // of both batches
	moved   sync.Cond // any of these changed for those who wait

	// Owned by who has the right to send.
	out  *batch
	next int // of its messages
}

func newSender(l line, c *counts) *sender {
	s := &sender{
		line: l, counts: c, start: time.Now().Add(-2 * gather), wake: make(chan struct{}, 1),
		timer: time.NewTimer(time.Hour), done: make(chan struct{}), memory: borrow(2 * batchBytes),
	}
	s.queue, s.out = newBatch(s.memory[:batchBytes:batchBytes]), newBatch(s.memory[batchBytes:])
	s.timer.Stop()
	s.moved.L = &s.mu
	go s.flush()
	return s
}

// write sends p soon. It keeps nothing of it.
func (s *sender) write(p []byte, to netip.AddrPort) error {
	if len(p) > maxDatagram {
		return errTooLarge
	}
	now := time.Since(s.start)
	s.mu.Lock()
	defer s.mu.Unlock()
	at := place(to)
	waits := s.pace.waits(at, now)
	if !waits && !s.queue.holds(at) && !s.sending && !s.closed {
		s.mu.Unlock()
		taken := s.line.one(p, to)
		s.mu.Lock()
		if taken {
			return nil
		}
		if !s.sending && !s.closed {
			s.full, s.sending = true, true
			s.handLocked()
		}
		return s.enqueueLocked(p, to, now, true)
	}
	err := s.enqueueLocked(p, to, now, !waits || s.lateLocked(now))
	if s.urgent && !s.sending {
		s.sending = true
		s.letGoLocked()
	}
	return err
}

// lateLocked says whether the queue waited long enough.
func (s *sender) lateLocked(now time.Duration) bool {
	return !s.queue.empty() && now-s.since >= gather
}

// enqueueLocked puts p into the queue, and makes room for it first if it must and can.
func (s *sender) enqueueLocked(p []byte, to netip.AddrPort, now time.Duration, urgent bool) error {
	for !s.closed && !s.queue.fits(len(p)) {
		switch {
		case s.full:
			s.counts.dropped(dropFull, 1)
			return nil
		case s.sending:
			s.moved.Wait()
		default:
			s.sending, s.urgent = true, true
			s.letGoLocked()
		}
	}
	if s.closed {
		return net.ErrClosed
	}
	s.urgent = s.urgent || urgent
	if s.queue.empty() {
		s.since = now
		if !s.urgent {
			s.timer.Reset(gather)
		}
	}
	s.queue.add(p, to)
	return nil
}

// letGoLocked gives up the right to send, after what must not wait was sent.
func (s *sender) letGoLocked() {
	for i := 0; s.urgent; i++ {
		if i == turns || !s.sendLocked(false) {
			s.handLocked()
			return
		}
	}
	s.sending = false
	s.moved.Broadcast()
}

// handLocked gives the right to send to the flusher.
func (s *sender) handLocked() {
	s.handed = true
	s.moved.Broadcast()
	s.nudge()
}

func (s *sender) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// sendLocked sends what is left of the batch that goes out, or the queue as the next. It reports false if the line took
// no more.
func (s *sender) sendLocked(wait bool) bool {
	if s.out.empty() {
		s.out, s.queue = s.queue, s.out
		s.urgent = false
		s.moved.Broadcast()
	}
	s.mu.Unlock()
	if s.next == 0 {
		s.out.plan(s.line.segments())
	}
	s.next = s.line.all(s.out, s.next, wait)
	done := s.next >= len(s.out.messages)
	if done {
		s.out.reset()
		s.next = 0
	}
	s.mu.Lock()
	if s.full = !done; s.full {
		s.moved.Broadcast()
	}
	return done
}

// flush sends what waited long enough, and waits for a line that is full, until the sender is closed.
func (s *sender) flush() {
	defer close(s.done)
	for !s.flushed() {
		select {
		case <-s.wake:
		case <-s.timer.C:
		}
	}
}

// flushed does what there is to do, and reports whether that was the last of it.
func (s *sender) flushed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.closed && s.sending && !s.handed {
		s.moved.Wait()
	}
	if s.sending && !s.handed {
		s.urgent = s.urgent || !s.queue.empty()
		return false
	}
	s.sending, s.handed = true, false
	for !s.out.empty() || !s.queue.empty() && (s.closed || s.urgent || s.lateLocked(time.Since(s.start))) {
		if !s.sendLocked(false) {
			s.sendLocked(true)
		}
	}
	if !s.queue.empty() {
		s.timer.Reset(gather - (time.Since(s.start) - s.since))
	}
	s.sending = false
	s.moved.Broadcast()
	return s.closed
}

// close sends what is queued and waits until that is done. Only the line can end it sooner.
func (s *sender) close() {
	s.mu.Lock()
	s.closed = true
	s.moved.Broadcast()
	s.mu.Unlock()
	s.nudge()
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	giveBack(s.memory)
	s.memory = nil
}
