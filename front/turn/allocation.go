package turn

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pion/stun/v4"
)

// client is where TURN messages come from: an address at a socket, or a connection.
type client interface {
	comparable()
	address() netip.AddrPort
	stream() bool // messages must end at a multiple of four
	send(p []byte)
}

// peersMost is how many peers one client may have at a time, those of a mesh among them.
const peersMost = 64

// allocation is one client's.
type allocation struct {
	// Static.
	client client
	user   string
	relay  netip.AddrPort
	begun  [stun.TransactionIDSize]byte // the request that made it

	// Guarded by the server's mu.
	expires time.Time

	mu sync.Mutex
	// Guarded by mu, a leaf.
	peers   []peer
	in, out bucket
	frame   []byte
	id      uint64 // of the next Data indication
}

// peer is what an allocation has with one of the addresses it may have anything with.
type peer struct {
	at        netip.AddrPort
	socket    *Socket   // nil: another client
	permitted time.Time // until then
	channel   uint16    // 0: none
	bound     time.Time // until then
	last      bool      // of those that are the same socket, it was the last to be sent to
}

func newAllocation(c client, user string, relay netip.AddrPort, expires time.Time, rate int) *allocation {
	return &allocation{client: c, user: user, relay: relay, expires: expires, in: newBucket(rate), out: newBucket(rate)}
}

// peerLocked is what there is with a peer; it begins with nothing. It is nil where there are too many.
func (a *allocation) peerLocked(at netip.AddrPort, socket *Socket, now time.Time) *peer {
	free := -1
	for i := range a.peers {
		p := &a.peers[i]
		if p.at == at {
			return p
		}
		if p.socket == nil && !now.Before(p.permitted) && !now.Before(p.bound) {
			free = i
		}
	}
	switch {
	case free >= 0:
		a.peers[free] = peer{at: at, socket: socket}
		return &a.peers[free]
	case len(a.peers) >= peersMost:
		return nil
	}
	a.peers = append(a.peers, peer{at: at, socket: socket})
	return &a.peers[len(a.peers)-1]
}

// permit gives a permission: for an address with all its ports, as the RFC has it, where sockets are. Clients share
// addresses, and each is permitted by itself. False: there are too many.
func (s *Server) permit(a *allocation, peer netip.AddrPort, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	until, found := now.Add(permissionLife), false
	one := func(at netip.AddrPort, socket *Socket) bool {
		p := a.peerLocked(at, socket, now)
		if p != nil {
			p.permitted = until
		}
		return p != nil
	}
	for at, socket := range s.peers {
		if at.Addr() == peer.Addr() {
			found = true
			if !one(at, socket) {
				return false
			}
		}
	}
	return found || one(peer, nil)
}

// bind binds a channel to a peer, if neither is bound to another.
func (s *Server) bind(a *allocation, channel uint16, at netip.AddrPort, socket *Socket, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.peers {
		p := &a.peers[i]
		if p.channel != 0 && now.Before(p.bound) && (p.channel == channel) != (p.at == at) {
			return false
		}
		if p.channel == channel {
			p.channel = 0
		}
	}
	p := a.peerLocked(at, socket, now)
	if p == nil {
		return false
	}
	p.channel, p.bound, p.permitted = channel, now.Add(channelLife), now.Add(permissionLife)
	return true
}

// toPeer relays a packet to a peer by its address.
func (s *Server) toPeer(a *allocation, at netip.AddrPort, data []byte, now time.Time) {
	a.mu.Lock()
	i := slices.IndexFunc(a.peers, func(p peer) bool { return p.at == at && now.Before(p.permitted) })
	s.pass(a, i, data, now)
}

// toChannel relays a packet to a peer by its channel.
func (s *Server) toChannel(a *allocation, channel uint16, data []byte, now time.Time) {
	a.mu.Lock()
	i := slices.IndexFunc(a.peers, func(p peer) bool { return p.channel == channel && now.Before(p.bound) })
	s.pass(a, i, data, now)
}

// pass relays to peer i, -1 for none. It lets a.mu go.
func (s *Server) pass(a *allocation, i int, data []byte, now time.Time) {
	if i < 0 {
		a.mu.Unlock()
		s.cfg.Metrics.Dropped("turn_no_permission")
		return
	}
	if !a.in.take(len(data), now) {
		a.mu.Unlock()
		s.cfg.Metrics.Dropped("turn_rate")
		return
	}
	socket, at := a.peers[i].socket, a.peers[i].at
	for k := range a.peers {
		if a.peers[k].socket == socket {
			a.peers[k].last = k == i
		}
	}
	a.mu.Unlock()
	s.counts.in.Add(1)
	s.counts.bytesIn.Add(uint64(len(data)))
	if socket == nil {
		s.fromClient(at, a.relay, data, now)
		return
	}
	socket.inject(data, a.relay)
}

// fromClient relays what another client sends to a relayed address, if the client there permits it.
func (s *Server) fromClient(relay, from netip.AddrPort, data []byte, now time.Time) {
	s.toClient(relay, data, now, func(p peer) bool { return p.at == from && p.socket == nil })
}

// fromPeer relays what a socket sends to a relayed address, if somebody there asked it.
func (s *Server) fromPeer(relay netip.AddrPort, from *Socket, data []byte, now time.Time) {
	s.toClient(relay, data, now, func(p peer) bool { return p.last && p.socket == from })
}

// toClient relays to the client that has a relayed address, what came from that one of its peers.
func (s *Server) toClient(relay netip.AddrPort, data []byte, now time.Time, from func(peer) bool) {
	s.mu.RLock()
	a := s.relayed[relay]
	s.mu.RUnlock()
	if a == nil {
		s.cfg.Metrics.Dropped("turn_gone")
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.IndexFunc(a.peers, from)
	if i < 0 || len(data) > maxPacket {
		s.cfg.Metrics.Dropped("turn_no_permission")
		return
	}
	if !a.out.take(len(data), now) {
		s.cfg.Metrics.Dropped("turn_rate")
		return
	}
	switch p := &a.peers[i]; {
	case p.channel != 0 && now.Before(p.bound):
		a.frame = binary.BigEndian.AppendUint16(a.frame[:0], p.channel)
		a.frame = binary.BigEndian.AppendUint16(a.frame, uint16(len(data)))
		a.frame = append(a.frame, data...)
		for a.client.stream() && len(a.frame)%4 != 0 {
			a.frame = append(a.frame, 0)
		}
	case now.Before(p.permitted):
		a.id++
		a.frame = appendData(a.frame[:0], a.id, p.at, data)
	default:
		s.cfg.Metrics.Dropped("turn_no_permission")
		return
	}
	s.counts.out.Add(1)
	s.counts.bytesOut.Add(uint64(len(data)))
	a.client.send(a.frame)
}

// appendData writes a Data indication.
func appendData(b []byte, id uint64, from netip.AddrPort, data []byte) []byte {
	begin := len(b)
	b = append(b, 0x00, 0x17, 0, 0, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint64(b, id)
	ip, family := from.Addr().AsSlice(), byte(1)
	if len(ip) == 16 {
		family = 2
	}
	b = append(b, 0x00, 0x12, 0, byte(4+len(ip)), 0, family)
	b = binary.BigEndian.AppendUint16(b, from.Port()^0x2112)
	for i, x := range ip {
		b = append(b, x^b[begin+4+i]) // with the cookie, then the transaction
	}
	b = binary.BigEndian.AppendUint16(b, 0x0013)
	b = binary.BigEndian.AppendUint16(b, uint16(len(data)))
	b = append(b, data...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	binary.BigEndian.PutUint16(b[begin+2:], uint16(len(b)-begin-20))
	return b
}
