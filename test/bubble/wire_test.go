package bubble_test

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// wire is TCP as a bubble needs it: streams with a delay and a bounded buffer, over access lines that can be cut. It
// outlives its listeners, as a network does the servers on it.
type wire struct {
	mu sync.Mutex
	// Guarded by mu.
	server *listener // nil: connections are refused
	lines  []*line
	ports  int
}

func newWire() *wire { return &wire{} }

// listen puts a server in the place of the former.
func (w *wire) listen() *listener {
	s := &listener{w: w, accept: make(chan net.Conn), done: make(chan struct{})}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.server = s
	return s
}

// listener is a server's end of the wire.
type listener struct {
	w      *wire
	accept chan net.Conn
	done   chan struct{}
	once   sync.Once
	dead   atomic.Bool
}

func (s *listener) Accept() (net.Conn, error) {
	select {
	case c := <-s.accept:
		return c, nil
	case <-s.done:
		return nil, net.ErrClosed
	}
}

func (s *listener) Close() error {
	s.w.mu.Lock()
	if s.w.server == s {
		s.w.server = nil
	}
	s.w.mu.Unlock()
	s.once.Do(func() { close(s.done) })
	return nil
}

func (s *listener) Addr() net.Addr { return &net.TCPAddr{IP: net.ParseIP(serverIP), Port: 8080} }

// kill ends the listener as the death of its process does: nothing that the server writes from now on leaves it. With
// silent its machine is gone too, and nobody is told.
func (s *listener) kill(silent bool) {
	s.dead.Store(true)
	_ = s.Close()
	s.w.mu.Lock()
	lines := s.w.lines
	s.w.mu.Unlock()
	for _, l := range lines {
		for _, c := range l.open() {
			if c.server != s {
				continue
			}
			c.told(net.ErrClosed)
			c.in.void()
			if silent {
				c.out.void()
				continue
			}
			c.out.finish() // behind what it has said
			c.in.endWrite(syscall.ECONNRESET)
		}
	}
}

// line is one client's way to the net.
type line struct {
	w  *wire
	ip net.IP

	upCut, downCut atomic.Bool

	mu sync.Mutex
	// Guarded by mu.
	delay, jitter time.Duration
	rng           *rand.Rand // of the jitter; nil: there is none
	conns         []*wireConn
	waiting       chan struct{} // closed when what holds up a dial has changed
}

func (w *wire) line(ip net.IP, delay time.Duration) *line {
	l := &line{w: w, ip: ip, delay: delay, waiting: make(chan struct{})}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, l)
	return l
}

// set cuts or mends the line. What is written while it is cut arrives after it was mended, as TCP's retransmissions do.
func (l *line) set(cut bool) { l.stall(cut, cut) }

// stall cuts or mends the two directions, each for itself.
func (l *line) stall(up, down bool) {
	l.upCut.Store(up)
	l.downCut.Store(down)
	for _, c := range l.open() {
		c.in.stir()
		c.out.stir()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.waiting)
	l.waiting = make(chan struct{})
}

// slow sets how long bytes are on their way, and how much of that chance adds.
func (l *line) slow(delay, jitter time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delay, l.jitter = delay, jitter
}

// breaks ends the connections there are, for those who are told: nobody, if the network has only forgotten them.
// Others can be made.
func (l *line) breaks(tellClient, tellServer bool) {
	for _, c := range l.open() {
		c.in.void()
		c.out.void()
		if c.server != nil && tellServer || c.server == nil && tellClient {
			c.told(syscall.ECONNRESET)
		}
	}
}

// open are the ends of connections that are not closed.
func (l *line) open() []*wireConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.conns[:0]
	for _, c := range l.conns {
		if !c.closed.Load() {
			kept = append(kept, c)
		}
	}
	clear(l.conns[len(kept):])
	l.conns = kept
	return append([]*wireConn(nil), kept...)
}

// way is how long the next bytes take.
func (l *line) way() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rng == nil || l.jitter == 0 {
		return l.delay
	}
	return l.delay + time.Duration(l.rng.Int64N(int64(l.jitter)))
}

// Dial connects to the server. While the line is cut, it waits.
func (l *line) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	for {
		l.mu.Lock()
		waiting := l.waiting
		l.mu.Unlock()
		if !l.upCut.Load() && !l.downCut.Load() {
			break
		}
		select {
		case <-waiting:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	l.w.mu.Lock()
	server := l.w.server
	l.w.ports++
	local := &net.TCPAddr{IP: l.ip, Port: 20000 + l.w.ports}
	l.w.mu.Unlock()
	if server == nil {
		return nil, syscall.ECONNREFUSED
	}
	up, down := newStream(l, &l.upCut), newStream(l, &l.downCut)
	here := &wireConn{in: down, out: up, local: local, remote: server.Addr()}
	there := &wireConn{in: up, out: down, local: server.Addr(), remote: local, server: server}
	l.mu.Lock()
	l.conns = append(l.conns, here, there)
	l.mu.Unlock()
	select {
	case server.accept <- there:
		return here, nil
	case <-server.done:
		_, _ = here.Close(), there.Close()
		return nil, syscall.ECONNREFUSED
	case <-ctx.Done():
		_, _ = here.Close(), there.Close()
		return nil, ctx.Err()
	}
}

// all are the lines there are.
func (w *wire) all() []*line {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]*line(nil), w.lines...)
}
