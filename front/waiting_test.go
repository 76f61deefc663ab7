package front

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlorhq/parlor/internal/metrics"
	"github.com/parlorhq/parlor/internal/selfsigned"
)

// waitingSite is a server that may have two connections waiting, and whose /slow answers when it is let.
func waitingSite(t *testing.T) (dial func() net.Conn, let chan struct{}, m *metrics.Metrics) {
	l := newPipes()
	m = metrics.New()
	let = make(chan struct{})
	s := &http.Server{ReadHeaderTimeout: patience, ConnState: NewWaiting(2, m).ConnState, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-let
		}
		fmt.Fprint(w, "here")
	})}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return func() net.Conn {
		client, server := net.Pipe()
		t.Cleanup(func() { _ = client.Close() })
		l.conns <- server
		synctest.Wait()
		return client
	}, let, m
}

// pipes is a listener for connections within the process.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// asked sends a request and reads the answer, if there is one.
func asked(c net.Conn, path string) string {
	if _, err := io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return ""
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return ""
	}
	defer r.Body.Close()
	b, _ := io.ReadAll(r.Body)
	synctest.Wait()
	return string(b)
}

func TestTooManyWaitForRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial, let, m := waitingSite(t)
		slow := dial()
		answer := make(chan string, 1)
		go func() { answer <- asked(slow, "/slow") }()
		synctest.Wait()

		idle, half := dial(), dial()
		if got := asked(idle, "/"); got != "here" {
			t.Fatalf("%q", got)
		}
		if _, err := io.WriteString(half, "GET / HT"); err != nil {
			t.Fatal(err)
		}
		// idle waits since it was answered; half, from its beginning on, for longer.
		third := dial()
		if n, err := half.Read(make([]byte, 1)); err == nil {
			t.Fatalf("who waits for longest is still there: %d bytes", n)
		}
		for name, c := range map[string]net.Conn{"idle": idle, "third": third} {
			if got := asked(c, "/"); got != "here" {
				t.Errorf("%s: %q", name, got)
			}
		}
		fourth := dial()
		if got := asked(fourth, "/"); got != "here" {
			t.Errorf("fourth: %q", got)
		}
		close(let)
		if got := <-answer; got != "here" {
			t.Errorf("one that was being answered: %q", got)
		}
		if got := m.RefusedCount(refusedWaiting); got != 3 { // half, then one for fourth, and one as slow waits again
			t.Errorf("%v were closed", got)
		}
	})
}

func TestWaitingForgetsWhoIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial, _, m := waitingSite(t)
		for range 10 {
			c := dial()
			if got := asked(c, "/"); !strings.Contains(got, "here") {
				t.Fatalf("%q", got)
			}
			_ = c.Close()
			synctest.Wait()
		}
		if got := m.RefusedCount(refusedWaiting); got != 0 {
			t.Errorf("%v were closed, and nobody was waiting", got)
		}
	})
}

// Who reads nothing does not hold up the others by being closed.
func TestWaitingClosesWithoutWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pair, roots := selfsigned.Pair(t, "localhost")
		near, far := net.Pipe()
		defer near.Close()
		server, client := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{pair}, SessionTicketsDisabled: true}), tls.Client(near, &tls.Config{RootCAs: roots, ServerName: "localhost"})
		done := make(chan error, 1)
		go func() { done <- client.Handshake() }()
		if err := server.Handshake(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		w := NewWaiting(1, metrics.New())
		w.ConnState(server, http.StateIdle)
		other, end := net.Pipe()
		defer end.Close()
		defer other.Close()
		start := time.Now()
		w.ConnState(other, http.StateNew)
		if took := time.Since(start); took > 0 {
			t.Errorf("it took %v", took)
		}
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("it is still there: %v", err)
		}
	})
}
