package sfu

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/pion/stun/v4"

	"github.com/parlorhq/parlor/internal/metrics"
)

const (
	// tcpFrame is the largest packet that is taken from a TCP connection: what pion reads.
	tcpFrame = 8192

	// tcpConns is how many TCP connections one peer may have at one of our addresses: one that is used, others that a
	// browser tries or tried, and again as many when it restarts ICE.
	tcpConns = 8

	// tcpWaiting is how many packets wait for pion. The connection waits beyond that.
	tcpWaiting = 64
)

const (
	refusedTCPUnknown = "ice_tcp_unknown"     // a TCP connection for no peer of ours
	refusedTCPMany    = "ice_tcp_connections" // one too many for a peer
	refusedTCPFrame   = "ice_tcp_frame"       // a packet too large
	droppedTCPGone    = "ice_tcp_gone"        // a packet for a TCP connection that has ended
)

// tcpMux gives each peer the packets of its TCP connections (RFC 6544, framed as in RFC 4571). It finds the peer by the
// name in the first packet, which is a STUN request; who that is for is known before, because the browser has it from
// our answer. It is pion's ice.TCPMux. pion's own keeps connections for names that nobody has, lets a peer have
// any number, ends all of them with the last, and writes wait for the slowest browser.
type tcpMux struct {
	// Static after newTCPMux.
	listener  net.Listener
	port      int
	addresses []netip.Addr // at which peers are found
	metrics   *metrics.Metrics
	packets   sync.Pool // of *tcpPacket
	readers   sync.WaitGroup

	mu sync.Mutex
	// Guarded by mu.
	lines  map[tcpName]*tcpLine
	conns  map[net.Conn]struct{}
	closed bool
}

// tcpName is what a peer is found by.
type tcpName struct {
	ufrag string
	local netip.Addr
}

// tcpLine is a peer's connections at one of our addresses.
type tcpLine struct {
	mux   *tcpMux
	name  tcpName
	local *net.TCPAddr
	in    chan *tcpPacket
	done  chan struct{}

	mu sync.Mutex
	// Guarded by mu.
	users   int // candidates that have it
	conns   map[netip.AddrPort]net.Conn
	scratch []byte
	closed  bool
}

// tcpPacket is one that came.
type tcpPacket struct {
	from netip.AddrPort
	size int
	data [tcpFrame]byte
}

// newTCPMux takes connections from a listener until it is closed. Their writes must not wait.
func newTCPMux(l net.Listener, addresses []netip.Addr, m *metrics.Metrics) (*tcpMux, error) {
	at, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return nil, errors.New("sfu: ICE over TCP needs a TCP listener")
	}
	x := &tcpMux{
		listener: l, port: at.Port, metrics: m, lines: map[tcpName]*tcpLine{}, conns: map[net.Conn]struct{}{},
		packets: sync.Pool{New: func() any { return &tcpPacket{} }},
	}
	for _, ip := range addresses {
		if own := at.AddrPort().Addr().Unmap(); own.IsUnspecified() || own == ip {
			x.addresses = append(x.addresses, ip)
		}
	}
	x.readers.Go(x.accept)
	return x, nil
}

func (x *tcpMux) accept() {
	for {
		c, err := x.listener.Accept()
		if err != nil {
			return
		}
		x.mu.Lock()
		if x.closed {
			x.mu.Unlock()
			_ = c.Close()
			return
		}
		x.conns[c] = struct{}{}
		x.readers.Go(func() { x.serve(c) })
		x.mu.Unlock()
	}
}

// firstPacket is how long a connection may take to say whom it is for.
const firstPacket = 5 * time.Second

// serve reads one connection until it ends.
func (x *tcpMux) serve(c net.Conn) {
	defer func() {
		x.mu.Lock()
		delete(x.conns, c)
		x.mu.Unlock()
		_ = c.Close()
	}()
	slow := time.AfterFunc(firstPacket, func() { _ = c.Close() })
	defer slow.Stop()
	remote, ok := c.RemoteAddr().(*net.TCPAddr)
	local, ok2 := c.LocalAddr().(*net.TCPAddr)
	if !ok || !ok2 {
		return
	}
	from := netip.AddrPortFrom(remote.AddrPort().Addr().Unmap(), uint16(remote.Port))
	r := bufio.NewReaderSize(c, 4096)
	first, err := x.read(r, from)
	if err != nil {
		return
	}
	slow.Stop()
	ufrag, ok := ufragOf(first.data[:first.size])
	line := x.line(tcpName{ufrag, local.AddrPort().Addr().Unmap()})
	if !ok || line == nil {
		x.metrics.Refused(refusedTCPUnknown)
		return
	}
	if !line.add(from, c) {
		x.metrics.Refused(refusedTCPMany)
		return
	}
	defer line.remove(from, c)
	for p := first; ; {
		select {
		case line.in <- p:
		case <-line.done:
			return
		}
		if p, err = x.read(r, from); err != nil {
			return
		}
	}
}

// read reads one packet that has something in it.
func (x *tcpMux) read(r io.Reader, from netip.AddrPort) (*tcpPacket, error) {
	var length [2]byte
	for {
		if _, err := io.ReadFull(r, length[:]); err != nil {
			return nil, err
		}
		size := int(binary.BigEndian.Uint16(length[:]))
		if size == 0 {
			continue
		}
		if size > tcpFrame {
			x.metrics.Refused(refusedTCPFrame)
			return nil, io.ErrShortBuffer
		}
		p := x.packets.Get().(*tcpPacket)
		if _, err := io.ReadFull(r, p.data[:size]); err != nil {
			x.packets.Put(p)
			return nil, err
		}
		p.from, p.size = from, size
		return p, nil
	}
}

// ufragOf is whom an ICE check is for.
func ufragOf(packet []byte) (string, bool) {
	m := stun.Message{Raw: packet}
	if !stun.IsMessage(packet) || m.Decode() != nil || m.Type != stun.BindingRequest {
		return "", false
	}
	name, err := m.Get(stun.AttrUsername)
	if err != nil {
		return "", false
	}
	ufrag, _, found := strings.Cut(string(name), ":")
	return ufrag, found
}

func (x *tcpMux) line(n tcpName) *tcpLine {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.lines[n]
}

// GetConnByUfrag is where pion gets the packets of a peer at one of our addresses.
func (x *tcpMux) GetConnByUfrag(ufrag string, _ bool, local net.IP) (net.PacketConn, error) {
	ip, _ := netip.AddrFromSlice(local)
	n := tcpName{ufrag, ip.Unmap()}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return nil, net.ErrClosed
	}
	l := x.lines[n]
	if l == nil {
		l = &tcpLine{
			mux: x, name: n, local: &net.TCPAddr{IP: local, Port: x.port}, conns: map[netip.AddrPort]net.Conn{},
			in: make(chan *tcpPacket, tcpWaiting), done: make(chan struct{}),
		}
		x.lines[n] = l
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.users++
	return &tcpPath{line: l, done: make(chan struct{})}, nil
}

// RemoveConnByUfrag ends a peer's connections.
func (x *tcpMux) RemoveConnByUfrag(ufrag string) {
	x.mu.Lock()
	var of []*tcpLine
	for n, l := range x.lines {
		if n.ufrag == ufrag {
			of = append(of, l)
		}
	}
	x.mu.Unlock()
	for _, l := range of {
		l.close()
	}
}

// Close ends all connections and waits for their readers.
func (x *tcpMux) Close() error {
	x.mu.Lock()
	x.closed = true
	for c := range x.conns {
		_ = c.Close()
	}
	x.mu.Unlock()
	err := x.listener.Close()
	x.readers.Wait()
	return err
}

func (l *tcpLine) add(from netip.AddrPort, c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.conns) >= tcpConns {
		return false
	}
	l.conns[from] = c
	return true
}

func (l *tcpLine) remove(from netip.AddrPort, c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conns[from] == c {
		delete(l.conns, from)
	}
}

// write frames a packet for a connection.
func (l *tcpLine) write(p []byte, to netip.AddrPort) (int, error) {
	if len(p) > tcpFrame {
		return 0, io.ErrShortWrite
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.conns[netip.AddrPortFrom(to.Addr().Unmap(), to.Port())]
	if c == nil {
		l.mux.metrics.Dropped(droppedTCPGone)
		return len(p), nil
	}
	l.scratch = binary.BigEndian.AppendUint16(l.scratch[:0], uint16(len(p)))
	l.scratch = append(l.scratch, p...)
	if _, err := c.Write(l.scratch); err != nil {
		l.mux.metrics.Dropped(droppedTCPGone)
	}
	return len(p), nil
}

// leave is called when a candidate does not need the line any more. The last one ends it.
func (l *tcpLine) leave() {
	l.mu.Lock()
	l.users--
	last := l.users <= 0
	l.mu.Unlock()
	if last {
		l.close()
	}
}

func (l *tcpLine) close() {
	l.mux.mu.Lock()
	if l.mux.lines[l.name] == l {
		delete(l.mux.lines, l.name)
	}
	l.mux.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.closed = true
	close(l.done)
	for _, c := range l.conns {
		_ = c.Close()
	}
}
