package signaling

import (
	"bufio"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"time"
)

// deadlineSlack is how much sooner than asked a write may time out.
const deadlineSlack = 2 * time.Second

// outlet is a connection under a WebSocket, whose writes come one at a time. Its write deadline is moved only now and
// then: to move it costs a tenth of what a small write does, and nobody needs ten seconds to be exact.
//
// While it is prompt, a write does not wait: what the kernel does not take at once is kept, and goes before what is
// written next.
type outlet struct {
	net.Conn
	raw syscall.RawConn // nil: all writes wait

	prompt atomic.Bool
	full   atomic.Bool // something is kept

	// Owned by who writes.
	deadline time.Time // as it is set
	kept     []byte
	attempt  attempt
}

func newOutlet(conn net.Conn) *outlet {
	o := &outlet{Conn: conn}
	if c, ok := conn.(syscall.Conn); ok && mayAttempt {
		if raw, err := c.SyscallConn(); err == nil {
			o.raw = raw
			o.attempt.f = o.attempt.run
		}
	}
	return o
}

// SetWriteDeadline implements net.Conn.
func (o *outlet) SetWriteDeadline(t time.Time) error {
	if later := t.Sub(o.deadline); !o.deadline.IsZero() && later >= 0 && later < deadlineSlack {
		return nil
	}
	o.deadline = t
	return o.Conn.SetWriteDeadline(t)
}

// Write implements net.Conn.
func (o *outlet) Write(b []byte) (int, error) {
	if !o.prompt.Load() {
		if o.full.Load() {
			if _, err := o.Conn.Write(o.kept); err != nil {
				return 0, err
			}
			o.kept = nil
			o.full.Store(false)
		}
		return o.Conn.Write(b)
	}
	sent := 0
	if !o.full.Load() {
		var err error
		if sent, err = o.attempt.write(o.raw, b); err != nil {
			return sent, err
		}
	}
	if sent < len(b) {
		o.kept = append(o.kept, b[sent:]...)
		o.full.Store(true)
	}
	return len(b), nil
}

// attempt is a write to a socket that does not wait.
type attempt struct {
	f   func(fd uintptr) bool // run, made once
	b   []byte
	n   int
	err error
}

// write sends as much of b as the kernel takes.
func (a *attempt) write(raw syscall.RawConn, b []byte) (int, error) {
	a.b, a.n, a.err = b, 0, nil
	err := raw.Write(a.f)
	a.b = nil
	if err == nil {
		err = a.err
	}
	return a.n, err
}

// outletWriter gives an outlet to who takes the connection over.
type outletWriter struct{ http.ResponseWriter }

// Hijack implements http.Hijacker.
func (w outletWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	return newOutlet(conn), buffered, nil
}
