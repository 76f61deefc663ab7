package bubble_test

import (
	"context"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// wire is TCP as a bubble needs it: streams with a delay and a bounded buffer, over access lines that can be cut. What
// was written while a line is cut arrives after it was mended, as TCP's retransmissions do.
type wire struct {
	mu     sync.Mutex
	change *sync.Cond // of anything below
	accept []net.Conn
	closed bool
	ports  int
}

func newWire() *wire {
	w := &wire{}
	w.change = sync.NewCond(&w.mu)
	return w
}

// line is one client's way to the net. Guarded by wire.mu.
type line struct {
	w     *wire
	ip    net.IP
	delay time.Duration
	cut   bool
}

func (w *wire) line(ip net.IP, delay time.Duration) *line { return &line{w: w, ip: ip, delay: delay} }

// set cuts or mends the line.
func (l *line) set(cut bool) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	l.cut = cut
	l.w.change.Broadcast()
}

// Dial connects to the wire's listener. While the line is cut, it waits.
func (l *line) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() {
		l.w.mu.Lock()
		defer l.w.mu.Unlock()
		l.w.change.Broadcast()
	})
	defer stop()
	w := l.w
	w.mu.Lock()
	defer w.mu.Unlock()
	for l.cut && ctx.Err() == nil && !w.closed {
		w.change.Wait()
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if w.closed {
		return nil, net.ErrClosed
	}
	w.ports++
	up, down := &stream{l: l}, &stream{l: l}
	local := &net.TCPAddr{IP: l.ip, Port: 20000 + w.ports}
	remote := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 8080}
	w.accept = append(w.accept, &wireConn{w: w, in: up, out: down, local: remote, remote: local})
	w.change.Broadcast()
	return &wireConn{w: w, in: down, out: up, local: local, remote: remote}, nil
}

// Accept, Close and Addr make the wire a net.Listener.
func (w *wire) Accept() (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.accept) == 0 && !w.closed {
		w.change.Wait()
	}
	if w.closed {
		return nil, net.ErrClosed
	}
	c := w.accept[0]
	w.accept = w.accept[1:]
	return c, nil
}

func (w *wire) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.change.Broadcast()
	return nil
}

func (w *wire) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 8080} }

// streamBytes is what both ends' buffers take before a writer waits.
const streamBytes = 256 << 10

// stream is one direction of a connection. Guarded by wire.mu.
type stream struct {
	l      *line
	chunks []chunk
	size   int
	gone   bool // the reader closed
}

type chunk struct {
	at   time.Time
	data []byte // empty: end of the stream
}

// put appends a chunk. Called with wire.mu held.
func (s *stream) put(data []byte) {
	s.chunks = append(s.chunks, chunk{time.Now().Add(s.l.delay), data})
	s.size += len(data)
	time.AfterFunc(s.l.delay, s.l.w.wake)
}

func (w *wire) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.change.Broadcast()
}

type wireConn struct {
	w             *wire
	in, out       *stream
	local, remote net.Addr

	// Guarded by w.mu.
	closed                      bool
	readDeadline, writeDeadline time.Time
	timers                      []*time.Timer
}

func (c *wireConn) Read(b []byte) (int, error) {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	for {
		switch {
		case c.closed:
			return 0, net.ErrClosed
		case passed(c.readDeadline):
			return 0, os.ErrDeadlineExceeded
		}
		if len(c.in.chunks) > 0 && !c.in.l.cut && !time.Now().Before(c.in.chunks[0].at) {
			head := &c.in.chunks[0]
			if len(head.data) == 0 {
				return 0, io.EOF
			}
			n := copy(b, head.data)
			c.in.size -= n
			if head.data = head.data[n:]; len(head.data) == 0 {
				c.in.chunks = c.in.chunks[1:]
			}
			c.w.change.Broadcast()
			return n, nil
		}
		c.w.change.Wait()
	}
}

func (c *wireConn) Write(b []byte) (int, error) {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	for {
		switch {
		case c.closed:
			return 0, net.ErrClosed
		case c.out.gone && !c.out.l.cut:
			return 0, io.ErrClosedPipe
		case passed(c.writeDeadline):
			return 0, os.ErrDeadlineExceeded
		}
		if c.out.size < streamBytes {
			if len(b) > 0 {
				c.out.put(append([]byte(nil), b...))
			}
			return len(b), nil
		}
		c.w.change.Wait()
	}
}

// Close says goodbye as a kernel does for a process that ended.
func (c *wireConn) Close() error {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	c.in.gone = true
	c.out.put(nil)
	for _, t := range c.timers {
		t.Stop()
	}
	c.w.change.Broadcast()
	return nil
}

func (c *wireConn) LocalAddr() net.Addr  { return c.local }
func (c *wireConn) RemoteAddr() net.Addr { return c.remote }

func (c *wireConn) SetDeadline(t time.Time) error {
	_ = c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

func (c *wireConn) SetReadDeadline(t time.Time) error  { return c.setDeadline(&c.readDeadline, t) }
func (c *wireConn) SetWriteDeadline(t time.Time) error { return c.setDeadline(&c.writeDeadline, t) }

func (c *wireConn) setDeadline(which *time.Time, t time.Time) error {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	*which = t
	if c.closed {
		return net.ErrClosed
	}
	if !t.IsZero() {
		if len(c.timers) > 16 { // those that have fired are of no use any more
			for _, old := range c.timers {
				old.Stop()
			}
			c.timers = c.timers[:0]
			for _, d := range []time.Time{c.readDeadline, c.writeDeadline} {
				if !d.IsZero() {
					c.timers = append(c.timers, time.AfterFunc(time.Until(d), c.w.wake))
				}
			}
		} else {
			c.timers = append(c.timers, time.AfterFunc(time.Until(t), c.w.wake))
		}
	}
	c.w.change.Broadcast()
	return nil
}

func passed(deadline time.Time) bool { return !deadline.IsZero() && !time.Now().Before(deadline) }
