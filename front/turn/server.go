// Package turn is a TURN server (RFC 8656) whose only peers are sockets of this process: it is a way to the server's own
// media where a network lets nothing through but TLS to one port. It cannot be made to send anything anywhere else,
// because it has no socket of its own: what a client sends to a peer is put into the queue of the socket that has this
// address, and what that socket sends to a relayed address comes back here. Relayed addresses are names within
// the process, of ranges that no network uses (RFC 2544, RFC 5180); packets that claim to come from there are dropped.
//
// With Config.Mesh its clients are peers of each other too, by their relayed addresses: two browsers that cannot reach each
// other meet here, and nobody else can be met.
//
// It knows STUN messages, credentials and quotas. It knows no ICE, no rooms and nothing of what it relays.
package turn

import (
	"crypto/rand"
	"errors"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parlorhq/parlor/internal/metrics"
)

// Realm is what credentials are for. It is short because it is in answers to anybody.
const Realm = "parlor"

const (
	// lifetime of an allocation that asks for none or for less, and the longest.
	lifetime     = 10 * time.Minute
	lifetimeMost = time.Hour

	permissionLife = 5 * time.Minute
	channelLife    = 10 * time.Minute

	// patience is how long a TCP connection may be without an allocation.
	patience = 5 * time.Second
)

// Limits are the caps. A zero field takes its default.
type Limits struct {
	Allocations   int // in all; 1200
	PerCredential int // 12
	PerIP         int // 200
	ByteRate      int // of one allocation, each way, per second; 1 MiB
}

// Config is what a Server needs.
type Config struct {
	Secret  []byte // of credentials; empty: one that nobody else knows
	Mesh    bool   // clients may relay to each other
	Limits  Limits
	Metrics *metrics.Metrics
}

// Server relays between its clients and the sockets it was given.
type Server struct {
	// Static after Serve.
	cfg      Config
	nonces   nonces
	peers    map[netip.AddrPort]*Socket
	four     bool // there are peers with IPv4 addresses
	six      bool
	replies  replies
	counts   counts
	stopping chan struct{}
	running  sync.WaitGroup

	mu sync.RWMutex
	// Guarded by mu.
	allocations map[client]*allocation
	relayed     map[netip.AddrPort]*allocation
	credentials map[string]int
	ips         map[netip.Addr]int
	links       map[*link]struct{}
	next        uint32 // relayed address to try
	closed      bool
}

// counts are read by metrics.
type counts struct {
	in, out, bytesIn, bytesOut atomic.Uint64
}

// New returns a server without peers.
func New(c Config) *Server {
	set := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&c.Limits.Allocations, 1200)
	set(&c.Limits.PerCredential, 12)
	set(&c.Limits.PerIP, 200)
	set(&c.Limits.ByteRate, 1<<20)
	if len(c.Secret) == 0 {
		c.Secret = random(32)
	}
	s := &Server{
		cfg: c, nonces: nonces{random(32)}, peers: map[netip.AddrPort]*Socket{}, stopping: make(chan struct{}),
		allocations: map[client]*allocation{}, relayed: map[netip.AddrPort]*allocation{},
		credentials: map[string]int{}, ips: map[netip.Addr]int{}, links: map[*link]struct{}{},
	}
	s.replies.init()
	s.register(c.Metrics)
	s.running.Go(s.sweepNowAndThen)
	return s
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // it never fails
	return b
}

func (s *Server) register(m *metrics.Metrics) {
	counter := func(name, help string, v *atomic.Uint64) {
		m.Counter(name, help, func() float64 { return float64(v.Load()) })
	}
	counter("parlor_turn_packets_in_total", "Packets relayed from TURN clients.", &s.counts.in)
	counter("parlor_turn_packets_out_total", "Packets relayed to TURN clients.", &s.counts.out)
	counter("parlor_turn_bytes_in_total", "Bytes of packets relayed from TURN clients.", &s.counts.bytesIn)
	counter("parlor_turn_bytes_out_total", "Bytes of packets relayed to TURN clients.", &s.counts.bytesOut)
	m.Gauge("parlor_turn_allocations", "TURN allocations.", func() float64 {
		s.mu.RLock()
		defer s.mu.RUnlock()
		return float64(len(s.allocations))
	})
}

// Peer says under which other addresses a socket is known to clients, besides its own. It is called before anything is
// served.
func (s *Server) Peer(socket *Socket, known ...netip.Addr) {
	own := socket.local
	for _, ip := range append([]netip.Addr{own.Addr()}, known...) {
		s.peer(socket, netip.AddrPortFrom(ip.Unmap(), own.Port()))
	}
}

// Name gives a socket that is a peer a name beside its addresses, of the ranges of relayed ones: who cannot take an
// address as it is reaches the socket under this one, by the server alone.
func (s *Server) Name(socket *Socket) netip.AddrPort {
	six := socket.local.Addr().Is6()
	for n := ^uint32(0); ; n-- {
		at := relayAddress(n, six)
		if s.peer(socket, at) {
			return at
		}
	}
}

func (s *Server) peer(socket *Socket, at netip.AddrPort) bool {
	if _, taken := s.peers[at]; taken {
		return false
	}
	s.peers[at] = socket
	s.four = s.four || at.Addr().Is4()
	s.six = s.six || at.Addr().Is6()
	return true
}

// Serve takes connections of TURN over TCP, whose writes must not wait, until the listener is closed.
func (s *Server) Serve(l net.Listener) error {
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		remote, ok := c.RemoteAddr().(*net.TCPAddr)
		if !ok {
			_ = c.Close()
			continue
		}
		k := newLink(c, netip.AddrPortFrom(remote.AddrPort().Addr().Unmap(), uint16(remote.Port)), time.Now())
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			_ = c.Close()
			return nil
		}
		s.links[k] = struct{}{}
		s.running.Go(func() { s.read(k) })
		s.mu.Unlock()
	}
}

// Close ends all connections and allocations.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.stopping)
	links := slices.Collect(maps.Keys(s.links))
	clear(s.allocations)
	clear(s.relayed)
	s.mu.Unlock()
	for _, k := range links {
		_ = k.conn.Close()
	}
	s.running.Wait()
	return nil
}

func (s *Server) sweepNowAndThen() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			s.sweep(now)
		case <-s.stopping:
			return
		}
	}
}

// sweep ends allocations whose time is over, and connections that have none for too long.
func (s *Server) sweep(now time.Time) {
	var idle []*link // closing may wait for the network
	s.mu.Lock()
	for _, a := range s.allocations {
		if !now.Before(a.expires) {
			s.endLocked(a, now)
		}
	}
	for k := range s.links {
		if s.allocations[k] == nil && now.Sub(k.since) >= patience && !k.closing {
			k.closing = true
			idle = append(idle, k)
		}
	}
	s.mu.Unlock()
	for _, k := range idle {
		s.cfg.Metrics.Refused("turn_idle")
		_ = k.conn.Close()
	}
}

// addLocked makes an allocation, or says by which cap there is none.
func (s *Server) addLocked(c client, user string, six, even bool, expires time.Time) (a *allocation, refused string) {
	ip := c.address().Addr()
	l := s.cfg.Limits
	switch {
	case s.closed || len(s.allocations) >= l.Allocations:
		return nil, "turn_allocations"
	case s.credentials[user] >= l.PerCredential:
		return nil, "turn_allocations_per_credential"
	case s.ips[ip] >= l.PerIP:
		return nil, "turn_allocations_per_ip"
	}
	relay := relayAddress(s.next, six)
	for s.relayed[relay] != nil || s.peers[relay] != nil || even && relay.Port()%2 == 1 {
		s.next++
		relay = relayAddress(s.next, six)
	}
	s.next++
	a = newAllocation(c, user, relay, expires, l.ByteRate)
	s.allocations[c] = a
	s.relayed[relay] = a
	s.credentials[user]++
	s.ips[ip]++
	return a, ""
}

func (s *Server) endLocked(a *allocation, now time.Time) {
	c := a.client
	if s.allocations[c] != a {
		return
	}
	delete(s.allocations, c)
	delete(s.relayed, a.relay)
	less(s.credentials, a.user)
	less(s.ips, c.address().Addr())
	if k, ok := c.(*link); ok {
		k.since = now
	}
}

// less takes one off a count.
func less[K comparable](counts map[K]int, k K) {
	if counts[k]--; counts[k] <= 0 {
		delete(counts, k)
	}
}

func (s *Server) allocation(c client) *allocation {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.allocations[c]
}
