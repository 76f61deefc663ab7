package front

import (
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// outbox is the line of a socket.
type outbox struct {
	// Static after newOutbox.
	raw    syscall.RawConn
	counts *counts
	tryOne func(fd uintptr) bool // o.attemptOne, and so on: made once, because making them allocates
	tryAll func(fd uintptr) bool

	// Owned by who sends.
	outgoing
	cut   int // the most packets in a message
	to    netip.AddrPort
	p     []byte
	b     *batch
	next  int
	wait  bool
	taken bool
}

func newOutbox(raw syscall.RawConn, c *counts, v6, segments bool) *outbox {
	o := &outbox{raw: raw, counts: c, outgoing: outgoing{v6: v6}, cut: 1}
	if segments {
		o.cut = maxSegments
	}
	o.tryOne, o.tryAll = o.attemptOne, o.attemptAll
	return o
}

func (o *outbox) segments() int {
	return o.cut
}

func (o *outbox) one(p []byte, to netip.AddrPort) bool {
	o.p, o.to, o.taken = p, to, false
	err := o.raw.Write(o.tryOne)
	o.p = nil
	if err != nil {
		o.counts.dropped(dropClosed, 1)
		return true
	}
	return o.taken
}

func (o *outbox) attemptOne(fd uintptr) bool {
	o.counts.callsOut.Add(1)
	errno := o.sendOne(fd, o.p, o.to)
	switch errno {
	case 0:
		o.counts.packetsOut.Add(1)
	case unix.EAGAIN:
		return true
	default:
		o.counts.dropped(dropUnsendable, 1)
	}
	o.taken = true
	return true
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
