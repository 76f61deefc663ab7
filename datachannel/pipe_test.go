package datachannel

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/parlorhq/parlor/internal/mailbox"
)

var errCut = errors.New("the wire was cut")

// wire is a transport in memory. Towards the server it holds any number of frames, as a browser's buffer does;
// towards the client a few, so that a client which doesn't read stops the server's writer.
type wire struct {
	up   *mailbox.Box[[]byte]
	down chan []byte
	// Owned by the server's reader.
	taken [][]byte
	// Owned by the server's writer.
	pieces joiner

	once sync.Once
	done chan struct{}
	mu   sync.Mutex
	// Guarded by mu.
	lossy  bool // what was under way is gone
	code   int
	reason string
}

var _ Conn = (*wire)(nil)

func newWire() *wire {
	return &wire{up: mailbox.New[[]byte](1 << 20), down: make(chan []byte, 4), done: make(chan struct{})}
}

func (w *wire) ReadFrame() ([]byte, bool, error) {
	for {
		if len(w.taken) > 0 {
			frame := w.taken[0]
			w.taken = w.taken[1:]
			return frame, len(frame) > 0 && frame[0] <= framePiece, nil // no text begins so
		}
		select {
		case <-w.done:
			return nil, false, io.EOF
		case <-w.up.C():
			w.taken = w.up.Take()
		}
	}
}

func (w *wire) WriteFrame(frame []byte, binary bool) error {
	if binary && frame[0] == framePiece {
		whole, _, done, err := w.pieces.take(frame, 1<<30, time.Now())
		if err != nil || !done {
			return err
		}
		frame = whole
	}
	select {
	case <-w.done:
		return errCut
	default:
	}
	select {
	case <-w.done:
		return errCut
	case w.down <- bytes.Clone(frame):
		return nil
	}
}

func (w *wire) CloseConn(code int, reason string) error {
	w.end(false, code, reason)
	return nil
}

// cut ends it as a network does: nobody is told why, and what was under way is gone.
func (w *wire) cut() { w.end(true, 0, "") }

func (w *wire) end(lossy bool, code int, reason string) {
	w.once.Do(func() {
		w.mu.Lock()
		w.lossy, w.code, w.reason = lossy, code, reason
		w.mu.Unlock()
		close(w.done)
	})
}

// closing is how it ended.
func (w *wire) closing() (int, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.code, w.reason
}

// The client's side.

func (w *wire) send(frame string) { w.up.Put([]byte(frame)) }

func (w *wire) recv() ([]byte, error) {
	select {
	case frame := <-w.down:
		return frame, nil
	case <-w.done:
		w.mu.Lock()
		lossy := w.lossy
		w.mu.Unlock()
		if !lossy {
			select {
			case frame := <-w.down:
				return frame, nil
			default:
			}
		}
		return nil, errCut
	}
}

// recvWithin is recv that gives up: an error says that nothing came.
func (w *wire) recvWithin(d time.Duration) ([]byte, error) {
	select {
	case frame := <-w.down:
		return frame, nil
	case <-time.After(d):
		return nil, errors.New("nothing came")
	}
}
