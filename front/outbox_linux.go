package front

import (
	"net/netip"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// outbox is the line of a socket.
type outbox struct {
	// Static after newOutbox.
	raw     syscall.RawConn
	counts  *counts
	tryAll  func(fd uintptr) bool // o.attemptAll: made once, because making it allocates
	v6      bool                  // the socket's family
	singles sync.Pool             // of *single

	// Owned by who sends batches.
	outgoing
	cut  int // the most packets in a message
	b    *batch
	next int
	wait bool
}

// single is one packet that goes by itself.
type single struct {
	try   func(fd uintptr) // s.attempt: made once, because making it allocates
	to    destination
	p     []byte
	errno syscall.Errno
}

func newOutbox(raw syscall.RawConn, c *counts, v6, segments bool) *outbox {
	o := &outbox{raw: raw, counts: c, v6: v6, outgoing: outgoing{v6: v6}, cut: 1}
	if segments {
		o.cut = maxSegments
	}
	o.tryAll = o.attemptAll
	o.singles.New = func() any {
		s := new(single)
		s.try = s.attempt
		return s
	}
	return o
}

func (o *outbox) segments() int {
	return o.cut
}

// one does not take the lock that makes writers of a net.Conn wait for each other: the kernel sends for many at a time.
func (o *outbox) one(p []byte, to netip.AddrPort) bool {
	s, _ := o.singles.Get().(*single)
	defer o.singles.Put(s)
	if !s.to.put(to, o.v6) {
		o.counts.dropped(dropUnsendable, 1)
		return true
	}
	s.p = p
	err := o.raw.Control(s.try)
	s.p = nil
	switch {
	case err != nil:
		o.counts.dropped(dropClosed, 1)
		return true
	case s.errno == unix.EAGAIN:
		o.counts.callsOut.Add(1)
		return false
	}
	o.counts.callsOut.Add(1)
	if s.errno == 0 {
		o.counts.packetsOut.Add(1)
	} else {
		o.counts.dropped(dropUnsendable, 1)
	}
	return true
}

func (s *single) attempt(fd uintptr) {
	s.errno = s.to.send(fd, s.p)
}

func (o *outbox) all(b *batch, next int, wait bool) int {
	o.b, o.next, o.wait = b, next, wait
	err := o.raw.Write(o.tryAll)
	o.b = nil
	if err != nil { // closed, or as long in closing as it may be
		for _, m := range b.messages[o.next:] {
			o.counts.dropped(dropClosed, int(m.end-m.begin))
		}
		return len(b.messages)
	}
	return o.next
}

// attemptAll returns false to be called again when the kernel takes more.
func (o *outbox) attemptAll(fd uintptr) bool {
	for o.next < len(o.b.messages) {
		o.counts.callsOut.Add(1)
		n, errno := o.sendAll(fd, o.b, o.next)
		first := o.b.messages[o.next]
		switch {
		case errno == 0:
			last := o.b.messages[o.next+n-1]
			o.counts.packetsOut.Add(uint64(last.end - first.begin))
			o.next += n
		case errno == unix.EAGAIN:
			return !o.wait
		case first.end-first.begin > 1:
			// The packets may be larger than a network on the way takes whole (EINVAL), which is this destination's alone.
			// Where packets cannot be cut at all (EIO: no checksums in hardware, or IPsec) it isn't worth asking again.
			if errno == unix.EIO {
				o.cut = 1
			}
			o.b.split(o.next)
		default:
			o.counts.dropped(dropUnsendable, 1)
			o.next++
		}
	}
	return true
}
