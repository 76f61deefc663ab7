package peerjs

import (
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// maxFrames and maxBytes are what may wait for a client that does not read.
	maxFrames = 256
	maxBytes  = 1 << 20

	writeTimeout = 10 * time.Second
	// closeTimeout is for the client's half of a closing handshake.
	closeTimeout = time.Second
)

// socket is an outlet over a WebSocket. One goroutine writes, that of write.
type socket struct {
	// Static after newSocket.
	conn *websocket.Conn
	wake chan struct{} // room for one
	over chan struct{} // closed when nobody reads any more

	mu sync.Mutex
	// Guarded by mu.
	frames [][]byte
	bytes  int
	ending bool
}

func newSocket(conn *websocket.Conn) *socket {
	return &socket{conn: conn, wake: make(chan struct{}, 1), over: make(chan struct{})}
}

func (s *socket) send(frame []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return true // it is told nothing any more, and that is no fault of its
	}
	if len(s.frames) >= maxFrames || s.bytes+len(frame) > maxBytes {
		return false
	}
	s.frames = append(s.frames, frame)
	s.bytes += len(frame)
	s.nudge()
	return true
}

func (s *socket) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ending = true
	s.nudge()
}

func (s *socket) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// write sends what there is until the end, and then takes leave without a status, as PeerServer does.
func (s *socket) write() {
	defer s.conn.Close()
	for {
		frame, ending := s.next()
		switch {
		case frame != nil:
			if s.conn.SetWriteDeadline(time.Now().Add(writeTimeout)) != nil || s.conn.WriteMessage(websocket.TextMessage, frame) != nil {
				return
			}
		case ending:
			_ = s.conn.SetReadDeadline(time.Now().Add(closeTimeout))
			if s.conn.WriteControl(websocket.CloseMessage, nil, time.Now().Add(writeTimeout)) == nil {
				<-s.over // which it is with the answer, or when that took too long
			}
			return
		default:
			select {
			case <-s.wake:
			case <-s.over:
				return
			}
		}
	}
}

// next takes what is to be sent next; nil if there is nothing.
func (s *socket) next() (frame []byte, ending bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.frames) == 0 {
		s.frames = nil
		return nil, s.ending
	}
	frame = s.frames[0]
	s.frames[0] = nil
	s.frames = s.frames[1:]
	s.bytes -= len(frame)
	return frame, false
}
