package conformance

import (
	"context"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// proxy stands between clients and a server and does to their TCP connections what networks do.
type proxy struct {
	addr     string
	listener net.Listener
	target   string
	up, down *valve // towards the server, towards the client

	mu     sync.Mutex
	conns  map[net.Conn]struct{}
	life   time.Duration // of a connection; 0: as long as it likes
	closed bool
	opened int
}

// before puts a proxy before the server at a URL.
func before(t testing.TB, server string) *proxy {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	target := u.Host
	if u.Port() == "" {
		target = net.JoinHostPort(u.Hostname(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{
		addr: listener.Addr().String(), listener: listener, target: target,
		up: newValve(), down: newValve(), conns: map[net.Conn]struct{}{},
	}
	t.Cleanup(p.close)
	go p.serve()
	return p
}

// dial is for clients that are to go through the proxy.
func (p *proxy) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, network, p.addr)
}

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.carry(client)
	}
}

func (p *proxy) carry(client net.Conn) {
	if !p.adopt(client) {
		hangUp(client)
		return
	}
	server, err := net.Dial("tcp", p.target)
	if err != nil || !p.adopt(server) {
		p.drop(client)
		if server != nil {
			hangUp(server)
		}
		return
	}
	_ = server.(*net.TCPConn).SetReadBuffer(64 << 10) // so that a server notices that nobody reads
	p.mu.Lock()
	if p.opened++; p.life > 0 {
		time.AfterFunc(p.life, func() { p.drop(client, server) })
	}
	p.mu.Unlock()
	go p.copy(server, client, p.up)
	p.copy(client, server, p.down)
}

func (p *proxy) copy(to, from net.Conn, v *valve) {
	buf := make([]byte, 4<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && v.pass(n) {
			if _, err := to.Write(buf[:n]); err != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	p.drop(to, from)
}

func (p *proxy) adopt(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.conns[c] = struct{}{}
	return true
}

func (p *proxy) drop(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		delete(p.conns, c)
		hangUp(c)
	}
}

// cut resets all connections there are.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		hangUp(c)
	}
	clear(p.conns)
}

// kills makes new connections live only so long.
func (p *proxy) kills(after time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.life = after
}

func (p *proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = p.listener.Close()
	p.up.set(lost)
	p.down.set(lost)
	p.cut()
}

// What a valve does with bytes.
type flow int

const (
	flows  flow = iota
	frozen      // keeps them until it flows again: a path that is clogged, a page that hangs
	lost        // loses them: a path that is gone, while both ends believe in it
)

// valve is one direction of a proxy.
type valve struct {
	mu      sync.Mutex
	flow    flow
	rate    int // bytes a second; 0: any
	free    time.Time
	changed chan struct{}
	passed  int
}

func newValve() *valve { return &valve{changed: make(chan struct{})} }

func (v *valve) set(f flow) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.flow = f
	close(v.changed)
	v.changed = make(chan struct{})
}

// limit makes a slow line.
func (v *valve) limit(bytesPerSecond int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.rate = bytesPerSecond
}

// count is how many bytes went through.
func (v *valve) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.passed
}

// await waits until so many bytes went through.
func (v *valve) await(t testing.TB, bytes int) {
	t.Helper()
	late := time.After(patience)
	for v.count() < bytes {
		select {
		case <-time.After(time.Millisecond):
		case <-late:
			t.Fatalf("%d bytes went through in %s, not %d", v.count(), patience, bytes)
		}
	}
}

// pass waits until n bytes may go on; false if they are lost.
func (v *valve) pass(n int) bool {
	for {
		v.mu.Lock()
		now := time.Now()
		state, wait, changed := v.flow, v.free.Sub(now), v.changed
		if state == flows && (v.rate == 0 || wait <= 0) {
			if v.rate > 0 {
				v.free = now.Add(time.Duration(n) * time.Second / time.Duration(v.rate))
			}
			v.passed += n
		}
		rate := v.rate
		v.mu.Unlock()
		switch {
		case state == lost:
			return false
		case state == frozen:
			<-changed
		case rate > 0 && wait > 0:
			select {
			case <-time.After(wait):
			case <-changed:
			}
		default:
			return true
		}
	}
}
