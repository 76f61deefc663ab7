package front

import (
	"net"
	"os"
	"sync"
	"time"

	"github.com/parlorhq/parlor/internal/metrics"
)

const (
	// streamQueue is what waits for a slow reader: a quarter of a second at 8 Mbit/s. Media that is later than that is
	// better lost, and asked for again.
	streamQueue = 256 << 10

	// streamSpare is the largest buffer that is kept for what comes next.
	streamSpare = 32 << 10

	// streamStall is how long a reader may take nothing of it.
	streamStall = 10 * time.Second

	// streamSilence is how long a client may say nothing. ICE asks every few seconds whether the other is still there.
	streamSilence = 30 * time.Second

	dropStream = "tcp_queue_full" // the reader of a TCP connection is too slow for what is sent to it
)

// Stream is a TCP connection for packets: of ICE or TURN. Each write is a packet with what frames it, and goes whole or
// not at all: a write never waits. What comes while the kernel takes no more goes together later.
type Stream struct {
	net.Conn
	metrics *metrics.Metrics
	release func()
	once    sync.Once
	err     error // of closing

	// Owned by the reader.
	silence time.Duration
	until   time.Time

	mu sync.Mutex
	// Guarded by mu.
	queue   []byte
	writing bool
	closed  bool
	spare   []byte
	limit   time.Duration // of silence
}

func newStream(c net.Conn, m *metrics.Metrics, release func()) *Stream {
	return &Stream{Conn: c, metrics: m, release: release, limit: streamSilence}
}

// Patience sets how long the client may say nothing, from its next words on.
func (s *Stream) Patience(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = d
}

// Read waits for bytes, but not for ever.
func (s *Stream) Read(p []byte) (int, error) {
	s.mu.Lock()
	limit := s.limit
	s.mu.Unlock()
	// A deadline costs as much as a small read: it is set anew only when a quarter of it is over.
	if now := time.Now(); limit != s.silence || s.until.Sub(now) < limit*3/4 {
		s.silence, s.until = limit, now.Add(limit)
		if err := s.Conn.SetReadDeadline(s.until); err != nil {
			return 0, err
		}
	}
	return s.Conn.Read(p)
}

// Write sends p soon, or drops it if too much waits already.
func (s *Stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, os.ErrClosed
	}
	if len(s.queue)+len(p) > streamQueue {
		s.metrics.Dropped(dropStream)
		return len(p), nil
	}
	s.queue = append(s.queue, p...)
	if !s.writing {
		s.writing = true
		go s.flush() // ends with the queue, or with the connection
	}
	return len(p), nil
}

// flush writes until nothing is queued.
func (s *Stream) flush() {
	for {
		s.mu.Lock()
		if len(s.queue) == 0 || s.closed {
			s.writing = false
			s.mu.Unlock()
			return
		}
		out := s.queue
		s.queue = s.spare[:0]
		s.spare = nil
		s.mu.Unlock()
		err := s.Conn.SetWriteDeadline(time.Now().Add(streamStall))
		if err == nil {
			_, err = s.Conn.Write(out)
		}
		if cap(out) <= streamSpare {
			s.mu.Lock()
			s.spare = out
			s.mu.Unlock()
		}
		if err != nil {
			_ = s.Close() // what is cut in the middle cannot be gone on with
		}
	}
}

// SetReadDeadline, SetWriteDeadline and SetDeadline do nothing: the stream has its own.
func (*Stream) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (*Stream) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline does nothing.
func (*Stream) SetDeadline(time.Time) error { return nil }

// Close ends the connection. Closing again does nothing.
func (s *Stream) Close() error {
	s.once.Do(func() {
		s.mu.Lock()
		s.closed, s.queue = true, nil
		s.mu.Unlock()
		s.err = s.Conn.Close()
		s.release()
	})
	return s.err
}
