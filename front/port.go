package front

import (
	"container/list"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parlorhq/parlor/internal/metrics"
)

// Why a TCP connection was refused.
const (
	refusedUndecided = "tcp_undecided"      // it was the oldest of too many that had not said what they speak
	refusedSilent    = "tcp_silent"         // it did not say so in time, or left before
	refusedUnknown   = "tcp_unknown"        // it speaks nothing that is served here
	refusedHandshake = "tls_handshake"      // TLS was not agreed upon
	refusedProxy     = "tcp_proxy_header"   // a proxy did not say well whom it brings
	refusedStreams   = "tcp_streams"        // too many connections for ICE and TURN in all
	refusedStreamsIP = "tcp_streams_per_ip" // or from one address
	refusedClosing   = "tcp_closing"        // who would have taken it is gone
)

// protoTURN is how a client of TURN over TLS may name it (RFC 7443). Few do.
const protoTURN = "stun.turn"

// PortConfig is what a Port needs. A zero count or time takes its default.
type PortConfig struct {
	// TLS is spoken with those who begin it; nil: with nobody.
	TLS *tls.Config
	// Undecided connections are those that have not said yet what they speak. Of more than that the oldest is closed: it
	// had the longest time. 1024.
	Undecided int
	// FirstBytes is how long a connection may take to say it, TLS handshake and all. 5 s.
	FirstBytes time.Duration
	// Streams bounds the connections for ICE and TURN, in all and from one address. 4096, 200.
	Streams, StreamsPerIP int
	// Proxies may say before the first byte whom they bring (PROXY protocol). Nobody else is believed.
	Proxies []netip.Prefix
	Metrics *metrics.Metrics
}

// Port is one TCP port on which several things are spoken, told apart by the first bytes that a client sends: HTTP, TLS,
// ICE (RFC 4571) and TURN; and within TLS by the first bytes there, HTTP or TURN. Neither the name a client asks for in TLS
// nor anything else it may leave out counts.
//
// Each is taken from a listener of its own. What nobody listens for is closed.
type Port struct {
	// Static after Serve was called.
	listener net.Listener
	cfg      PortConfig
	doors    map[kind]*door // HTTP, ICE, TURN, and TLS for HTTP within it

	told    [kinds]atomic.Uint64
	clients sync.WaitGroup

	mu sync.Mutex
	// Guarded by mu.
	undecided *list.List // of *arrival, oldest first
	streams   int
	perIP     map[string]int
	closed    bool
}

// NewPort makes a port of a listener. Listeners are to be taken from it before Serve.
func NewPort(l net.Listener, c PortConfig) *Port {
	set := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&c.Undecided, 1024)
	set(&c.Streams, 4096)
	set(&c.StreamsPerIP, 200)
	if c.FirstBytes <= 0 {
		c.FirstBytes = 5 * time.Second
	}
	if c.TLS != nil {
		c.TLS = c.TLS.Clone()
		c.TLS.NextProtos = append([]string{"h2", "http/1.1", protoTURN}, c.TLS.NextProtos...)
	}
	p := &Port{listener: l, cfg: c, doors: map[kind]*door{}, undecided: list.New(), perIP: map[string]int{}}
	p.register(c.Metrics)
	return p
}

func (p *Port) register(m *metrics.Metrics) {
	for k, name := range map[kind]string{kindHTTP: "http", kindTLS: "tls", kindICE: "ice", kindTURN: "turn"} {
		told := &p.told[k]
		m.Counter("parlor_tcp_"+name+"_total", "TCP connections that spoke "+name+", also within TLS.",
			func() float64 { return float64(told.Load()) })
	}
	m.Gauge("parlor_tcp_undecided", "TCP connections that have not said yet what they speak.", func() float64 {
		p.mu.Lock()
		defer p.mu.Unlock()
		return float64(p.undecided.Len())
	})
	m.Gauge("parlor_tcp_streams", "TCP connections for ICE and TURN.", func() float64 {
		p.mu.Lock()
		defer p.mu.Unlock()
		return float64(p.streams)
	})
}

// HTTP gives connections that begin with an HTTP request.
func (p *Port) HTTP() net.Listener { return p.open(kindHTTP) }

// HTTPS gives those that do so within TLS; of one that agreed on h2 or http/1.1 it is the *tls.Conn itself.
func (p *Port) HTTPS() net.Listener { return p.open(kindTLS) }

// ICE gives connections that begin with STUN behind its length, as *Stream.
func (p *Port) ICE() net.Listener { return p.open(kindICE) }

// TURN gives connections that begin with STUN, within TLS or not, as *Stream.
func (p *Port) TURN() net.Listener { return p.open(kindTURN) }

func (p *Port) open(k kind) net.Listener {
	d := &door{addr: p.listener.Addr(), conns: make(chan net.Conn), closed: make(chan struct{})}
	p.doors[k] = d
	return d
}

// acceptPause is how long no connection is taken after the machine had no more for one.
const acceptPause = 50 * time.Millisecond

// Serve takes connections until the port is closed.
func (p *Port) Serve() error {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			if p.isClosed() {
				return nil
			}
			if !temporary(err) {
				return err
			}
			p.evict() // so that there is a file for the next
			time.Sleep(acceptPause)
			continue
		}
		if !p.admit(conn) {
			_ = conn.Close()
			return nil
		}
	}
}

// temporary says whether Accept may do better soon: the client left already, or the process has no more files.
func temporary(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Temporary() //nolint:staticcheck // of Accept it says just that, as net/http knows
}

// Addr is where the port is.
func (p *Port) Addr() net.Addr { return p.listener.Addr() }

// Close ends the port, its listeners, and what has not said yet what it speaks, and waits for it.
func (p *Port) Close() error {
	p.mu.Lock()
	p.closed = true
	for e := p.undecided.Front(); e != nil; e = e.Next() {
		_ = e.Value.(*arrival).conn.Close()
	}
	p.mu.Unlock()
	err := p.listener.Close()
	for _, d := range p.doors {
		_ = d.Close()
	}
	p.clients.Wait()
	return err
}

func (p *Port) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// arrival is a connection that has not said yet what it speaks.
type arrival struct {
	conn net.Conn
	at   *list.Element // Guarded by the port's mu; nil: it is not waited for any more
}

// admit counts a connection in, and the oldest out if there are too many.
func (p *Port) admit(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	if p.undecided.Len() >= p.cfg.Undecided {
		p.evictLocked()
	}
	a := &arrival{conn: c}
	a.at = p.undecided.PushBack(a)
	p.clients.Go(func() { p.decide(a) })
	return true
}

func (p *Port) evict() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.evictLocked()
}

func (p *Port) evictLocked() {
	oldest := p.undecided.Front()
	if oldest == nil {
		return
	}
	a := p.undecided.Remove(oldest).(*arrival)
	a.at = nil
	p.cfg.Metrics.Refused(refusedUndecided)
	_ = a.conn.Close()
}

// decided takes an arrival out, unless it was evicted.
func (p *Port) decided(a *arrival) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a.at == nil {
		return false
	}
	p.undecided.Remove(a.at)
	a.at = nil
	return true
}

// decide finds out what a client speaks and hands it on.
func (p *Port) decide(a *arrival) {
	raw := a.conn
	deadline := time.Now().Add(p.cfg.FirstBytes)
	_ = raw.SetDeadline(deadline)
	conn, k, refused := p.meet(raw, deadline)
	present := p.decided(a)
	if refused == "" {
		if p.doors[k] == nil {
			refused = refusedUnknown
		} else if err := raw.SetDeadline(time.Time{}); err != nil {
			refused = refusedSilent
		}
	}
	if refused != "" {
		if present { // else it was counted already
			p.cfg.Metrics.Refused(refused)
		}
		_ = raw.Close()
		return
	}
	p.told[k].Add(1)
	if k == kindICE || k == kindTURN {
		stream, reason := p.stream(conn)
		if reason != "" {
			p.cfg.Metrics.Refused(reason)
			_ = raw.Close()
			return
		}
		conn = stream
	}
	if !p.doors[k].give(conn) {
		p.cfg.Metrics.Refused(refusedClosing)
		_ = conn.Close()
	}
}

// meet lets a proxy say first whom it brings.
func (p *Port) meet(raw net.Conn, deadline time.Time) (conn net.Conn, k kind, refused string) {
	if brings(p.cfg.Proxies, raw) {
		var err error
		if raw, err = ofClient(raw); err != nil {
			return raw, kindUnknown, refusedProxy
		}
	}
	return p.ask(raw, deadline)
}

// ask reads as much as it takes to tell, agreeing on TLS on the way.
func (p *Port) ask(raw net.Conn, deadline time.Time) (conn net.Conn, k kind, refused string) {
	conn, k, refused = peek(raw)
	if refused != "" || k != kindTLS {
		return conn, k, refused
	}
	if p.cfg.TLS == nil {
		return conn, k, refusedUnknown
	}
	secure := tls.Server(conn, p.cfg.TLS)
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	if err := secure.HandshakeContext(ctx); err != nil {
		return conn, k, refusedHandshake
	}
	switch secure.ConnectionState().NegotiatedProtocol {
	case "h2", "http/1.1":
		return secure, kindTLS, ""
	case protoTURN:
		return secure, kindTURN, ""
	case "":
	default: // a certificate authority that looked for its challenge
		return conn, k, refusedHandshake
	}
	conn, k, refused = peek(secure)
	switch {
	case refused != "":
	case k == kindHTTP:
		k = kindTLS
	case k != kindTURN:
		refused = refusedUnknown
	}
	return conn, k, refused
}

// peek reads the first bytes of a connection and returns one that still has them.
func peek(c net.Conn) (net.Conn, kind, string) {
	first := make([]byte, 0, tellBytes)
	for {
		n, err := c.Read(first[len(first):cap(first)])
		first = first[:len(first)+n]
		k, told := tell(first)
		switch {
		case told && k == kindUnknown:
			return c, k, refusedUnknown
		case told:
			return &replay{Conn: c, first: first}, k, ""
		case err != nil:
			return c, kindUnknown, refusedSilent
		}
	}
}

// stream counts a connection for ICE or TURN in, if there may be another one.
func (p *Port) stream(c net.Conn) (*Stream, string) {
	ip := hostOf(c.RemoteAddr())
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.streams >= p.cfg.Streams {
		return nil, refusedStreams
	}
	if p.perIP[ip] >= p.cfg.StreamsPerIP {
		return nil, refusedStreamsIP
	}
	p.streams++
	p.perIP[ip]++
	return newStream(c, p.cfg.Metrics, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.streams--
		if p.perIP[ip]--; p.perIP[ip] == 0 {
			delete(p.perIP, ip)
		}
	}), ""
}

func hostOf(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return host
}
