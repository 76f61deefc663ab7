package turn

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/stun/v4"
)

// injectedMost is how many packets from clients may wait for a socket's reader.
const injectedMost = 512

// packetConn is a UDP socket as pion reads and writes it without allocating.
type packetConn interface {
	net.PacketConn
	ReadFromAddrPort(p []byte) (int, netip.AddrPort, error)
	WriteToAddrPort(p []byte, to netip.AddrPort) (int, error)
}

// Socket is a UDP socket that is also a peer of the server: its reader gets what came from the network, but for what is
// TURN, and what clients of the server relay to it; and what it writes to a relayed address goes to that client.
//
// It also answers STUN binding requests that are not ICE.
type Socket struct {
	packetConn
	server *Server
	local  netip.AddrPort

	waiting atomic.Int32
	waking  atomic.Bool
	packets sync.Pool // of *injected

	mu sync.Mutex
	// Guarded by mu.
	queue []*injected

	// Owned by the reader.
	taken []*injected // of these,
	next  int         // the next to be read
}

type injected struct {
	from netip.AddrPort
	size int
	data [maxPacket]byte
}

// Socket makes one of a UDP socket, which is read by one goroutine.
func (s *Server) Socket(c net.PacketConn) (*Socket, error) {
	at, ok := c.LocalAddr().(*net.UDPAddr)
	if !ok {
		return nil, fmt.Errorf("turn: %s is no UDP address", c.LocalAddr())
	}
	p, ok := c.(packetConn)
	if !ok {
		u, ok := c.(*net.UDPConn)
		if !ok {
			return nil, fmt.Errorf("turn: a socket of an unknown kind: %T", c)
		}
		p = plain{u}
	}
	local := at.AddrPort()
	return &Socket{
		packetConn: p, server: s, local: netip.AddrPortFrom(local.Addr().Unmap(), local.Port()),
		packets: sync.Pool{New: func() any { return &injected{} }},
	}, nil
}

// plain is the standard library's socket.
type plain struct{ *net.UDPConn }

// ReadFromAddrPort waits for a packet.
func (p plain) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	return p.ReadFromUDPAddrPort(b)
}

// WriteToAddrPort sends one.
func (p plain) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return p.WriteToUDPAddrPort(b, to)
}

// ReadFromAddrPort waits for a packet that is not TURN.
func (s *Socket) ReadFromAddrPort(p []byte) (int, netip.AddrPort, error) {
	for {
		if s.waiting.Load() > 0 {
			if n, from, ok := s.take(p); ok {
				return n, from, nil
			}
		}
		n, from, err := s.packetConn.ReadFromAddrPort(p)
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				// Somebody woke us. The order matters: who comes after waking is reset wakes again.
				if err := s.SetReadDeadline(time.Time{}); err != nil {
					return 0, netip.AddrPort{}, err
				}
				s.waking.Store(false)
				continue
			}
			return 0, netip.AddrPort{}, err
		}
		if isRelayed(from.Addr()) {
			s.server.cfg.Metrics.Dropped("turn_forged")
			continue
		}
		if isTURN(p[:n]) {
			s.server.handle(at{s, netip.AddrPortFrom(from.Addr().Unmap(), from.Port())}, p[:n], time.Now())
			continue
		}
		return n, from, nil
	}
}

// WriteToAddrPort sends a packet, to the network or to a client of the server.
func (s *Socket) WriteToAddrPort(p []byte, to netip.AddrPort) (int, error) {
	if isRelayed(to.Addr()) {
		s.server.fromPeer(netip.AddrPortFrom(to.Addr().Unmap(), to.Port()), s, p, time.Now())
		return len(p), nil
	}
	return s.packetConn.WriteToAddrPort(p, to)
}

// ReadFrom is ReadFromAddrPort.
func (s *Socket) ReadFrom(p []byte) (int, net.Addr, error) {
	n, from, err := s.ReadFromAddrPort(p)
	if err != nil {
		return 0, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// WriteTo is WriteToAddrPort.
func (s *Socket) WriteTo(p []byte, to net.Addr) (int, error) {
	a, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, net.InvalidAddrError("not UDP")
	}
	return s.WriteToAddrPort(p, a.AddrPort())
}

// inject gives the reader a packet as if it had come from there.
func (s *Socket) inject(p []byte, from netip.AddrPort) {
	i := s.packets.Get().(*injected)
	i.from, i.size = from, copy(i.data[:], p)
	s.mu.Lock()
	full := len(s.queue) >= injectedMost
	if !full {
		s.queue = append(s.queue, i)
		s.waiting.Add(1)
	}
	s.mu.Unlock()
	if full {
		s.packets.Put(i)
		s.server.cfg.Metrics.Dropped("turn_queue_full")
		return
	}
	if !s.waking.Swap(true) {
		_ = s.SetReadDeadline(time.Unix(1, 0)) // a socket that is closed needs no waking
	}
}

// take gives the oldest packet that was injected, if there is one.
func (s *Socket) take(p []byte) (int, netip.AddrPort, bool) {
	if s.next == len(s.taken) {
		s.mu.Lock()
		s.taken, s.queue = s.queue, s.taken[:0]
		s.mu.Unlock()
		s.next = 0
		if len(s.taken) == 0 {
			return 0, netip.AddrPort{}, false
		}
	}
	i := s.taken[s.next]
	s.taken[s.next] = nil
	s.next++
	s.waiting.Add(-1)
	n, from := copy(p, i.data[:i.size]), i.from
	s.packets.Put(i)
	return n, from, true
}

// isTURN says whether a packet is for the TURN server rather than for ICE, DTLS or SRTP (RFC 7983).
func isTURN(p []byte) bool {
	switch {
	case len(p) < 4:
		return false
	case p[0]&0xc0 == 0x40:
		return true
	case p[0] > 1 || !stun.IsMessage(p):
		return false
	}
	var t stun.MessageType
	t.ReadValue(uint16(p[0])<<8 | uint16(p[1]))
	if t.Method != stun.MethodBinding {
		return true
	}
	return t.Class == stun.ClassRequest && !hasUsername(p)
}

// hasUsername says whether a STUN message names somebody, as checks of ICE do.
func hasUsername(p []byte) bool {
	for p = p[20:]; len(p) >= 4; {
		size := 4 + (int(p[2])<<8|int(p[3])+3)&^3
		if p[0] == 0 && p[1] == byte(stun.AttrUsername) {
			return true
		}
		if size > len(p) {
			break
		}
		p = p[size:]
	}
	return false
}

// at is a client by UDP.
type at struct {
	socket *Socket
	from   netip.AddrPort
}

func (at) comparable()               {}
func (a at) address() netip.AddrPort { return a.from }
func (at) stream() bool              { return false }
func (a at) send(p []byte)           { _, _ = a.socket.packetConn.WriteToAddrPort(p, a.from) }
