package front

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/parlorhq/parlor/internal/metrics"
	"github.com/parlorhq/parlor/internal/selfsigned"
)

// echo is a door whose connections get back what they say.
func echo(t *testing.T, l net.Listener, word string) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := io.WriteString(c, word); err != nil {
					return
				}
				p := make([]byte, 2048)
				for {
					n, err := c.Read(p)
					if err != nil {
						return
					}
					if _, err := c.Write(p[:n]); err != nil {
						return
					}
				}
			}()
		}
	}()
	t.Cleanup(func() { <-done })
}

// site is a page that is also a WebSocket.
func site(t *testing.T, l net.Listener, word string) {
	upgrader := websocket.Upgrader{}
	s := &http.Server{ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if websocket.IsWebSocketUpgrade(r) {
			c, err := upgrader.Upgrade(w, r, nil)
			if err != nil {
				return
			}
			defer c.Close()
			_ = c.WriteMessage(websocket.TextMessage, []byte(word+" socket"))
			return
		}
		if r.URL.Path == "/from" {
			fmt.Fprint(w, r.RemoteAddr)
			return
		}
		fmt.Fprint(w, word, " ", r.Proto)
	})}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
}

type testPort struct {
	*Port
	metrics *metrics.Metrics
	client  *tls.Config
}

func newTestPort(t *testing.T, change func(*PortConfig)) testPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	pair, roots := selfsigned.Pair(t, "localhost")
	m := metrics.New()
	c := PortConfig{TLS: &tls.Config{Certificates: []tls.Certificate{pair}}, Metrics: m}
	if change != nil {
		change(&c)
	}
	p := NewPort(l, c)
	site(t, p.HTTP(), "plain")
	site(t, p.HTTPS(), "secure")
	echo(t, p.ICE(), "ice")
	echo(t, p.TURN(), "turn")
	done := make(chan error, 1)
	go func() { done <- p.Serve() }()
	t.Cleanup(func() {
		_ = p.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return testPort{p, m, &tls.Config{RootCAs: roots, ServerName: "localhost"}}
}

func (p testPort) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return c
}

func (p testPort) dialTLS(t *testing.T, change func(*tls.Config)) *tls.Conn {
	t.Helper()
	cfg := p.client.Clone()
	if change != nil {
		change(cfg)
	}
	c := tls.Client(p.dial(t), cfg)
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	return c
}

// say writes a beginning, one byte at a time or all at once, and reads what comes back.
func say(t *testing.T, c net.Conn, begin []byte, slowly bool, want string) {
	t.Helper()
	if slowly {
		for i := range begin {
			if _, err := c.Write(begin[i : i+1]); err != nil {
				t.Fatal(err)
			}
		}
	} else if _, err := c.Write(begin); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(want)+len(begin))
	if _, err := io.ReadFull(c, got); err != nil {
		t.Fatalf("%q: %v", want, err)
	}
	if want := append([]byte(want), begin...); !bytes.Equal(got, want) {
		t.Fatalf("%q, want %q", got, want)
	}
}

// get asks for the page over any connection.
func get(t *testing.T, scheme string, dial func(context.Context, string, string) (net.Conn, error), h2 bool) string {
	t.Helper()
	tr := &http.Transport{ForceAttemptHTTP2: h2, DialContext: dial, DialTLSContext: dial, DisableKeepAlives: true}
	defer tr.CloseIdleConnections()
	r, err := (&http.Client{Transport: tr, Timeout: patience}).Get(scheme + "://localhost/")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestPortTellsApart(t *testing.T) {
	p := newTestPort(t, nil)
	for _, slowly := range []bool{false, true} {
		say(t, p.dial(t), unhex(t, beginICE), slowly, "ice")
		say(t, p.dial(t), unhex(t, beginTURN), slowly, "turn")
		say(t, p.dialTLS(t, nil), unhex(t, beginTURN), slowly, "turn")
		say(t, p.dialTLS(t, func(c *tls.Config) { c.NextProtos = []string{protoTURN} }), unhex(t, beginTURN), slowly, "turn")
		// Firefox names no server for TURN.
		say(t, p.dialTLS(t, func(c *tls.Config) { c.ServerName, c.InsecureSkipVerify = "", true }), unhex(t, beginTURN), slowly, "turn")
	}
	plain := func(context.Context, string, string) (net.Conn, error) { return p.dial(t), nil }
	if got := get(t, "http", plain, false); got != "plain HTTP/1.1" {
		t.Error(got)
	}
	for want, protos := range map[string][]string{"secure HTTP/2.0": {"h2", "http/1.1"}, "secure HTTP/1.1": {"http/1.1"}} {
		secure := func(context.Context, string, string) (net.Conn, error) {
			return p.dialTLS(t, func(c *tls.Config) { c.NextProtos = protos }), nil
		}
		if got := get(t, "https", secure, len(protos) == 2); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	none := func(context.Context, string, string) (net.Conn, error) { return p.dialTLS(t, nil), nil }
	if got := get(t, "https", none, false); got != "secure HTTP/1.1" {
		t.Error(got)
	}
	dialer := websocket.Dialer{NetDialTLSContext: none, HandshakeTimeout: patience}
	c, r, err := dialer.Dial("wss://localhost/", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	defer c.Close()
	if _, b, err := c.ReadMessage(); err != nil || string(b) != "secure socket" {
		t.Errorf("%q %v", b, err)
	}
}

// closedBy waits until the other side has closed.
func closedBy(t *testing.T, c net.Conn) {
	t.Helper()
	if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil {
		t.Fatal("it is answered")
	} else if e, ok := err.(net.Error); ok && e.Timeout() { //nolint:errorlint // it is not wrapped
		t.Fatal("it stays open")
	}
}

func refused(t *testing.T, m *metrics.Metrics, code string, want float64) {
	t.Helper()
	if got := m.RefusedCount(code); got != want {
		t.Errorf("%s: %v, want %v", code, got, want)
	}
}

func TestPortRefuses(t *testing.T) {
	p := newTestPort(t, func(c *PortConfig) { c.FirstBytes = 200 * time.Millisecond })
	for _, begin := range []string{"", "00", beginICE[:18], "16", beginTLS} {
		c := p.dial(t)
		if _, err := c.Write(unhex(t, begin)); err != nil {
			t.Fatal(err)
		}
		closedBy(t, c)
	}
	closedBy(t, p.dialTLS(t, nil)) // agreed, then silent
	for _, begin := range []string{"80", "00000000000000000000"} {
		c := p.dial(t)
		if _, err := c.Write(unhex(t, begin)); err != nil {
			t.Fatal(err)
		}
		closedBy(t, c)
	}
	within := p.dialTLS(t, nil)
	if _, err := within.Write(unhex(t, beginICE)); err != nil {
		t.Fatal(err)
	}
	closedBy(t, within)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	refused(t, p.metrics, refusedSilent, 5)
	refused(t, p.metrics, refusedHandshake, 1)
	refused(t, p.metrics, refusedUnknown, 3)
}

func TestPortWithoutTLS(t *testing.T) {
	p := newTestPort(t, func(c *PortConfig) { c.TLS = nil })
	c := p.dial(t)
	if _, err := c.Write(unhex(t, beginTLS)); err != nil {
		t.Fatal(err)
	}
	closedBy(t, c)
	say(t, p.dial(t), unhex(t, beginTURN), false, "turn")
}

func TestStreamsAreBounded(t *testing.T) {
	p := newTestPort(t, func(c *PortConfig) { c.Streams, c.StreamsPerIP = 2, 3 })
	first := p.dial(t)
	say(t, first, unhex(t, beginICE), false, "ice")
	say(t, p.dial(t), unhex(t, beginTURN), false, "turn")
	third := p.dial(t)
	if _, err := third.Write(unhex(t, beginICE)); err != nil {
		t.Fatal(err)
	}
	closedBy(t, third)
	refused(t, p.metrics, refusedStreams, 1)
	// When one ends there is room again.
	_ = first.Close()
	for end := time.Now().Add(patience); ; {
		c := p.dial(t)
		if _, err := c.Write(unhex(t, beginICE)); err != nil {
			t.Fatal(err)
		}
		if n, _ := c.Read(make([]byte, 3)); n == 3 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("its place is still taken")
		}
	}

	p = newTestPort(t, func(c *PortConfig) { c.Streams, c.StreamsPerIP = 3, 1 })
	say(t, p.dial(t), unhex(t, beginICE), false, "ice")
	second := p.dial(t)
	if _, err := second.Write(unhex(t, beginTURN)); err != nil {
		t.Fatal(err)
	}
	closedBy(t, second)
	refused(t, p.metrics, refusedStreamsIP, 1)
}

// Thousands that say nothing, or half of something, are in nobody's way, and hold no more than the cap.
func TestManyIdle(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	each := min(3000, (int(limit.Cur)-500)/8)
	begins := [][]byte{nil, unhex(t, beginTLS), unhex(t, beginICE)[:9], unhex(t, beginTURN)[:9]}
	p := newTestPort(t, func(c *PortConfig) { c.Undecided, c.FirstBytes = 100, time.Hour })
	for i := range each {
		for _, begin := range begins {
			c := p.dial(t)
			if _, err := c.Write(begin); err != nil && i < 20 {
				t.Fatal(err)
			}
		}
	}
	say(t, p.dial(t), unhex(t, beginICE), false, "ice")
	say(t, p.dialTLS(t, nil), unhex(t, beginTURN), false, "turn")
	plain := func(context.Context, string, string) (net.Conn, error) { return p.dial(t), nil }
	if got := get(t, "http", plain, false); got != "plain HTTP/1.1" {
		t.Error(got)
	}
	if got := p.metrics.RefusedCount(refusedUndecided); got < float64(len(begins)*each-100) {
		t.Errorf("%v gone of %d", got, len(begins)*each)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.undecided.Len(); n > 100 {
		t.Errorf("%d are waited for", n)
	}
	t.Logf("%d idle connections", len(begins)*each)
}

// Of too many who say nothing it is the oldest who goes, so that one who is only slow has time.
func TestTheOldestGoes(t *testing.T) {
	p := newTestPort(t, func(c *PortConfig) { c.Undecided, c.FirstBytes = 20, time.Hour })
	for range 30 {
		p.dial(t)
	}
	slow := p.dial(t)
	begin := unhex(t, beginICE)
	if _, err := slow.Write(begin[:5]); err != nil {
		t.Fatal(err)
	}
	for range 15 {
		p.dial(t)
	}
	for end := time.Now().Add(patience); p.metrics.RefusedCount(refusedUndecided) < 26; {
		if time.Now().After(end) {
			t.Fatal("they stay")
		}
	}
	if _, err := slow.Write(begin[5:]); err != nil {
		t.Fatal(err)
	}
	if n, err := io.ReadFull(slow, make([]byte, 3)); err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// A reader that takes nothing holds no more than the queue, and the writer never waits.
func TestStreamToASlowReader(t *testing.T) {
	m := metrics.New()
	here, there := net.Pipe()
	released := make(chan struct{})
	s := newStream(here, m, func() { close(released) })
	packet := make([]byte, 1200)
	for range 1000 {
		if n, err := s.Write(packet); n != len(packet) || err != nil {
			t.Fatal(n, err)
		}
	}
	// One write may be under way, with what was queued when it began.
	if got := int(m.DroppedCount(dropStream)); got < 1000-2*streamQueue/len(packet)-1 {
		t.Errorf("%d dropped", got)
	}
	kept := 1000 - int(m.DroppedCount(dropStream))
	_ = there.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.ReadFull(bufio.NewReader(there), make([]byte, kept*len(packet))); err != nil {
		t.Error("not whole: ", err)
	}
	_ = s.Close()
	_ = s.Close()
	<-released
	if _, err := s.Write(packet); err == nil {
		t.Error("written after its end")
	}
}
