package turn

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"time"
)

// keepPatience is how long a connection with an allocation may be silent: a client that uses it no more only refreshes it.
const keepPatience = lifetimeMost + time.Minute

// messageMost is the longest message on a connection: a packet, and what is around it.
const messageMost = maxPacket + 512

// link is a client by TCP.
type link struct {
	conn net.Conn
	from netip.AddrPort

	// Guarded by the server's mu.
	since   time.Time // when it had no allocation any more, or not yet
	closing bool
}

func newLink(c net.Conn, from netip.AddrPort, now time.Time) *link {
	return &link{conn: c, from: from, since: now}
}

func (*link) comparable()               {}
func (k *link) address() netip.AddrPort { return k.from }
func (*link) stream() bool              { return true }

// send does not wait. A connection that takes no more closes by itself.
func (k *link) send(p []byte) { _, _ = k.conn.Write(p) }

// keep is called when it has an allocation.
func (k *link) keep() {
	if c, ok := k.conn.(interface{ Patience(d time.Duration) }); ok {
		c.Patience(keepPatience)
	}
}

// read handles a connection's messages until it ends, and its allocation with it.
func (s *Server) read(k *link) {
	defer func() {
		_ = k.conn.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		if a := s.allocations[k]; a != nil {
			s.endLocked(a, time.Now())
		}
		delete(s.links, k)
	}()
	r := bufio.NewReaderSize(k.conn, 4096)
	for {
		p, skip, err := next(r)
		if err != nil {
			return
		}
		s.handle(k, p, time.Now())
		if _, err := r.Discard(skip); err != nil {
			return
		}
	}
}

// next gives the next message of a connection, which is good until skip bytes were discarded.
func next(r *bufio.Reader) (p []byte, skip int, err error) {
	head, err := r.Peek(4)
	if err != nil {
		return nil, 0, err
	}
	size := int(binary.BigEndian.Uint16(head[2:]))
	switch {
	case head[0]&0xc0 == 0: // STUN
		size += 20
		skip = size
	case isChannelData(head):
		size += 4
		skip = (size + 3) &^ 3
	default:
		return nil, 0, io.ErrUnexpectedEOF
	}
	if skip > messageMost {
		return nil, 0, io.ErrShortBuffer
	}
	p, err = r.Peek(skip)
	if err != nil {
		return nil, 0, err
	}
	return p[:size], skip, nil
}
