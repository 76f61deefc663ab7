package bubble_test

import (
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// streamBytes is what both ends' buffers take before a writer waits.
const streamBytes = 256 << 10

// stream is one direction of a connection.
type stream struct {
	line *line
	cut  *atomic.Bool

	mu     sync.Mutex
	change *sync.Cond // of anything below, or of cut
	// Guarded by mu.
	chunks          []chunk
	size            int
	last            time.Time // when the newest chunk arrives: none overtakes another
	lost            bool      // nothing gets through any more
	readErr         error     // for the reader, whatever there is to be read
	writeErr        error
	gone            bool // the reader closed
	readBy, writeBy deadline
}

type chunk struct {
	at   time.Time
	data []byte // empty: end of the stream
}

func newStream(l *line, cut *atomic.Bool) *stream {
	s := &stream{line: l, cut: cut}
	s.change = sync.NewCond(&s.mu)
	return s
}

// stir makes reader and writer look again.
func (s *stream) stir() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.change.Broadcast()
}

// void loses what is on its way and all that follows.
func (s *stream) void() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost, s.chunks = true, nil
}

// endRead makes the reader fail, endWrite the writer.
func (s *stream) endRead(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readErr = err
	s.change.Broadcast()
}

func (s *stream) endWrite(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writeErr = err
	s.change.Broadcast()
}

// finish says goodbye to the reader, behind what was written.
func (s *stream) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.putLocked(nil)
}

func (s *stream) putLocked(data []byte) {
	s.size += len(data)
	if s.lost {
		return
	}
	at := time.Now().Add(s.line.way())
	if at.Before(s.last) {
		at = s.last
	}
	s.last = at
	s.chunks = append(s.chunks, chunk{at, data})
	time.AfterFunc(time.Until(at), s.stir)
	s.change.Broadcast()
}

func (s *stream) read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.gone:
			return 0, net.ErrClosed
		case s.readErr != nil:
			return 0, s.readErr
		case s.readBy.passed():
			return 0, os.ErrDeadlineExceeded
		}
		if len(s.chunks) > 0 && !s.cut.Load() && !time.Now().Before(s.chunks[0].at) {
			head := &s.chunks[0]
			if len(head.data) == 0 {
				return 0, io.EOF
			}
			n := copy(b, head.data)
			s.size -= n
			if head.data = head.data[n:]; len(head.data) == 0 {
				s.chunks = s.chunks[1:]
			}
			s.change.Broadcast()
			return n, nil
		}
		s.change.Wait()
	}
}

func (s *stream) write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.writeErr != nil:
			return 0, s.writeErr
		case s.gone && !s.lost && !s.cut.Load():
			return 0, io.ErrClosedPipe
		case s.writeBy.passed():
			return 0, os.ErrDeadlineExceeded
		}
		if s.size < streamBytes {
			if len(b) > 0 {
				s.putLocked(append([]byte(nil), b...))
			}
			return len(b), nil
		}
		s.change.Wait()
	}
}

// deadline is a time by which something must have been done. Guarded by the stream's mu.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

func (s *stream) set(d *deadline, t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	if d.at = t; !t.IsZero() {
		d.timer = time.AfterFunc(time.Until(t), s.stir)
	}
	s.change.Broadcast()
}

// wireConn is one end of a connection.
type wireConn struct {
	in, out       *stream
	local, remote net.Addr
	server        *listener // whose end it is; nil: a client's
	closed        atomic.Bool
}

func (c *wireConn) Read(b []byte) (int, error) { return c.in.read(b) }

func (c *wireConn) Write(b []byte) (int, error) {
	if c.server != nil && c.server.dead.Load() {
		return 0, net.ErrClosed
	}
	return c.out.write(b)
}

// told makes this end fail.
func (c *wireConn) told(err error) {
	c.in.endRead(err)
	c.out.endWrite(err)
}

// Close says goodbye as a kernel does for a process that ended.
func (c *wireConn) Close() error {
	if !c.closed.CompareAndSwap(false, true) {
		return nil
	}
	c.in.set(&c.in.readBy, time.Time{})
	c.out.set(&c.out.writeBy, time.Time{})
	c.in.mu.Lock()
	c.in.gone = true
	c.in.change.Broadcast()
	c.in.mu.Unlock()
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if c.out.writeErr == nil {
		c.out.writeErr = net.ErrClosed
		c.out.putLocked(nil)
	}
	return nil
}

func (c *wireConn) LocalAddr() net.Addr  { return c.local }
func (c *wireConn) RemoteAddr() net.Addr { return c.remote }

func (c *wireConn) SetDeadline(t time.Time) error {
	_ = c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

func (c *wireConn) SetReadDeadline(t time.Time) error {
	c.in.set(&c.in.readBy, t)
	return nil
}

func (c *wireConn) SetWriteDeadline(t time.Time) error {
	c.out.set(&c.out.writeBy, t)
	return nil
}
