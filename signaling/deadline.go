package signaling

import (
	"bufio"
	"net"
	"net/http"
	"time"
)

// deadlineSlack is how much sooner than asked a write may time out.
const deadlineSlack = 2 * time.Second

// slackConn is a connection whose write deadline is moved only now and then. To move it costs a tenth of what a small
// write does, and nobody needs ten seconds to be exact.
type slackConn struct {
	net.Conn
	deadline time.Time // as it is set; whoever writes owns it
}

// SetWriteDeadline implements net.Conn.
func (c *slackConn) SetWriteDeadline(t time.Time) error {
	if later := t.Sub(c.deadline); !c.deadline.IsZero() && later >= 0 && later < deadlineSlack {
		return nil
	}
	c.deadline = t
	return c.Conn.SetWriteDeadline(t)
}

// slackWriter gives such a connection to who takes it over.
type slackWriter struct{ http.ResponseWriter }

// Hijack implements http.Hijacker.
func (w slackWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	return &slackConn{Conn: conn}, buffered, nil
}
