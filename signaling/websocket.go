package signaling

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/parlorhq/parlor/datachannel"
)

// WebSocket close codes beside those of RFC 6455; see docs/protocol.md.
const (
	closeSuperseded   = 4000
	closeFirstMessage = 4001
)

const (
	pingEvery    = 5 * time.Second
	deadAfter    = 20 * time.Second // without a frame or a pong
	renewEvery   = time.Second      // frames move the deadline no oftener: it costs something
	writeTimeout = 10 * time.Second
	closeTimeout = time.Second // for the peer's half of the closing handshake
)

var errBinary = errors.New("a binary frame")

// socket is a WebSocket as a datachannel.Conn. It pings by itself: a browser answers without its page, so a page whose
// timers are throttled is not taken for dead.
type socket struct {
	conn *websocket.Conn
	out  *outlet // under conn; nil: it is something else

	// Owned by the reader.
	heard   func()    // a pong came; nil before keepAlive
	renewed time.Time // when the deadline was moved
	buf     []byte

	mu     sync.Mutex
	closed bool
	ping   *time.Timer
}

// newSocket takes over a connection whose frames are at most limit bytes.
func newSocket(conn *websocket.Conn, limit int64) *socket {
	s := &socket{conn: conn}
	s.out, _ = conn.NetConn().(*outlet)
	conn.SetReadLimit(limit)
	conn.SetPongHandler(func(string) error {
		if s.heard == nil {
			return nil
		}
		s.heard()
		return s.renew(time.Now())
	})
	return s
}

// keepAlive starts pinging, if that was not begun; heard is called for every pong, on the reader's goroutine.
func (s *socket) keepAlive(heard func()) error {
	s.heard = heard
	s.mu.Lock()
	if s.ping == nil {
		s.ping = time.AfterFunc(pingEvery, s.sendPing)
	}
	s.mu.Unlock()
	return s.renew(time.Now())
}

// renew gives the peer deadAfter to be heard of again. Before keepAlive the first message has a deadline of its own, and
// after CloseConn the goodbye: a peer that says pong all the time does not move those.
func (s *socket) renew(now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heard == nil || s.closed {
		return nil
	}
	s.renewed = now
	return s.conn.SetReadDeadline(now.Add(deadAfter))
}

func (s *socket) sendPing() {
	err := s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeTimeout))
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && !s.closed {
		s.ping.Reset(pingEvery)
	}
}

// ReadFrame implements datachannel.Conn. The frame is good until the next call.
func (s *socket) ReadFrame() (frame []byte, binary bool, err error) {
	// A frame is a sign of life, and while it was handled (of a sender above its rate slowly) we have not listened.
	if now := time.Now(); now.Sub(s.renewed) > renewEvery {
		if err := s.renew(now); err != nil {
			return nil, false, fmt.Errorf("read websocket: %w", err)
		}
	}
	kind, r, err := s.conn.NextReader()
	if err != nil {
		return nil, false, fmt.Errorf("read websocket: %w", err)
	}
	s.buf = s.buf[:0]
	for {
		if len(s.buf) == cap(s.buf) {
			s.buf = append(s.buf, 0)[:len(s.buf)] // grows as append does, within the read limit
		}
		n, err := r.Read(s.buf[len(s.buf):cap(s.buf)])
		s.buf = s.buf[:len(s.buf)+n]
		if err == io.EOF {
			return s.buf, kind == websocket.BinaryMessage, nil
		}
		if err != nil {
			return nil, false, fmt.Errorf("read websocket: %w", err)
		}
	}
}

// WriteFrame implements datachannel.Conn.
func (s *socket) WriteFrame(frame []byte, binary bool) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("write websocket: %w", err)
	}
	kind := websocket.TextMessage
	if binary {
		kind = websocket.BinaryMessage
	}
	if err := s.conn.WriteMessage(kind, frame); err != nil {
		return fmt.Errorf("write websocket: %w", err)
	}
	return nil
}

var _ datachannel.Instant = (*socket)(nil)

// Instant implements datachannel.Instant.
func (s *socket) Instant() bool { return s.out != nil && s.out.raw != nil && !s.out.full.Load() }

// OfferFrame implements datachannel.Instant.
func (s *socket) OfferFrame(frame []byte, binary bool) error {
	s.out.prompt.Store(true)
	defer s.out.prompt.Store(false)
	return s.WriteFrame(frame, binary)
}

// Flush implements datachannel.Instant. A pong nobody asked for says nothing, and what was kept goes before it.
func (s *socket) Flush() error {
	if s.out == nil || !s.out.full.Load() {
		return nil
	}
	if err := s.conn.WriteControl(websocket.PongMessage, nil, time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("write websocket: %w", err)
	}
	return nil
}

// CloseConn implements datachannel.Conn: it says goodbye and leaves the reader a moment to hear the answer, since
// closing at once could cost the peer the last frames.
func (s *socket) CloseConn(code int, reason string) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	if s.ping != nil {
		s.ping.Stop()
	}
	s.mu.Unlock()
	deadline := time.Now().Add(closeTimeout)
	err := s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), deadline)
	return errors.Join(err, s.conn.SetReadDeadline(deadline))
}

// lingerBytes is how much of a frame that is too large we read away for the sake of the answer to it.
const lingerBytes = 4 << 20

// drain reads until the peer has answered the close, then ends the connection.
func (s *socket) drain() {
	for {
		_, _, err := s.conn.NextReader()
		if err == nil {
			continue
		}
		if errors.Is(err, websocket.ErrReadLimit) {
			// To close with bytes unread would reset the connection, and with it the frame that says why.
			if s.conn.SetReadDeadline(time.Now().Add(closeTimeout)) == nil {
				_, _ = io.CopyN(io.Discard, s.conn.NetConn(), lingerBytes) // however it ends, it is over
			}
		}
		break
	}
	_ = s.conn.Close() // nothing is left to be said
}
