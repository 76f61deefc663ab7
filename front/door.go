package front

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// doorPatience is how long a connection that is told waits for somebody to take it.
const doorPatience = 5 * time.Second

// door is a listener for connections of one kind.
type door struct {
	addr   net.Addr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// give waits until somebody takes c. False: nobody did.
func (d *door) give(c net.Conn) bool {
	patience := time.NewTimer(doorPatience)
	defer patience.Stop()
	select {
	case d.conns <- c:
		return true
	case <-d.closed:
	case <-patience.C:
	}
	return false
}

// Accept waits for a connection.
func (d *door) Accept() (net.Conn, error) {
	select {
	case c := <-d.conns:
		return c, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept.
func (d *door) Close() error {
	d.once.Do(func() { close(d.closed) })
	return nil
}

// Addr is where the port is.
func (d *door) Addr() net.Addr { return d.addr }

// replay is a connection whose first bytes were read already. They come again. Its reader is one goroutine.
type replay struct {
	net.Conn
	first []byte
	from  net.Addr // whom a proxy brings; nil: who connected
}

// RemoteAddr is where the client is.
func (r *replay) RemoteAddr() net.Addr {
	if r.from != nil {
		return r.from
	}
	return r.Conn.RemoteAddr()
}

// Read gives the first bytes, then what follows.
func (r *replay) Read(p []byte) (int, error) {
	if len(r.first) == 0 {
		return r.Conn.Read(p)
	}
	n := copy(p, r.first)
	r.first = r.first[n:]
	return n, nil
}

// SyscallConn implements syscall.Conn, for who writes without waiting: what is read here lacks the first bytes. It is an
// error where the connection below is no socket.
func (r *replay) SyscallConn() (syscall.RawConn, error) {
	if c, ok := r.Conn.(syscall.Conn); ok {
		return c.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}
