package front

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// receiveSize is what pion's mux takes.
	receiveSize  = 8192
	receiveRooms = 32

	// coalescedSize is the largest message that the kernel joins.
	coalescedSize  = 1 << 16
	coalescedRooms = 16
)

// receiver takes packets from the kernel, as many as wait, and gives them out one by one.
type receiver struct {
	// Static after newReceiver.
	raw    syscall.RawConn
	counts *counts
	try    func(fd uintptr) bool // r.attempt: made once, because making it allocates

	mu sync.Mutex
	// Guarded by mu.
	in    *incoming
	came  int           // rooms with messages
	at    int           // the next of them to look at
	errno syscall.Errno // of the last call
	more  bool          // there is something left of the message before it:
	rest  []byte
	size  int // of its packets
	from  netip.AddrPort

	closed bool
}

func newReceiver(raw syscall.RawConn, c *counts, coalesces bool) *receiver {
	count, size := receiveRooms, receiveSize
	if coalesces {
		count, size = coalescedRooms, coalescedSize
	}
	r := &receiver{raw: raw, counts: c, in: newIncoming(count, size)}
	r.try = r.attempt
	return r
}

// read waits for a packet that p can hold.
func (r *receiver) read(p []byte) (int, netip.AddrPort, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		for !r.more {
			if err := r.openLocked(); err != nil {
				return 0, netip.AddrPort{}, err
			}
		}
		packet := r.rest[:min(r.size, len(r.rest))]
		r.rest = r.rest[len(packet):]
		r.more = len(r.rest) > 0
		if len(packet) > len(p) {
			r.counts.dropped(dropTruncated, 1)
			continue
		}
		return copy(p, packet), r.from, nil
	}
}

// close waits for reads to end, which closing the socket makes them do.
func (r *receiver) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed, r.more, r.rest = true, false, nil
	giveBack(r.in.memory)
}

// openLocked opens the next message, if it is good, and waits for some if there is none.
func (r *receiver) openLocked() error {
	if r.closed {
		return net.ErrClosed
	}
	if r.at == r.came {
		for i := range r.came {
			r.in.clear(i)
		}
		r.at, r.came = 0, 0
		if err := r.raw.Read(r.try); err != nil {
			return err
		}
		if r.errno != 0 {
			return os.NewSyscallError("recvmmsg", r.errno)
		}
	}
	p, size, from, whole := r.in.message(r.at)
	r.at++
	if !whole {
		r.counts.dropped(dropTruncated, 1)
		return nil
	}
	r.rest, r.size, r.from, r.more = p, max(size, 1), from, true
	r.counts.packetsIn.Add(uint64(max(1, (len(p)+r.size-1)/r.size)))
	return nil
}

// attempt returns false to be called again when something came.
func (r *receiver) attempt(fd uintptr) bool {
	r.counts.callsIn.Add(1)
	r.came, r.errno = r.in.receive(fd)
	if r.errno != 0 {
		r.came = 0
	}
	return r.errno != unix.EAGAIN
}
