package signaling

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// beatEvery is how often a stream says that it is there. The client's answer is how we know the same of it.
	beatEvery = 5 * time.Second
	// lastWord is how long a session that is over waits for a request to be told so.
	lastWord = 2 * time.Second
)

// The words of the protocol that a stream says by itself.
const beat = `{"t":"beat"}`

var errNoReader = errors.New("no request came to take it")

// stream is a link whose frames go out as server-sent events of one long response.
type stream struct {
	*uplink
	open atomic.Bool // the response was asked for
	out  chan outgoing
}

// outgoing is a frame for the goroutine of the response, which alone may write there.
type outgoing struct {
	frame  []byte
	binary bool
	result chan error
}

func newStream(u *uplink) *stream { return &stream{uplink: u, out: make(chan outgoing)} }

// WriteFrame implements datachannel.Conn. It waits for the response to be asked for.
func (s *stream) WriteFrame(frame []byte, binary bool) error {
	f := outgoing{frame, binary, make(chan error, 1)}
	late := time.NewTimer(writeTimeout)
	defer late.Stop()
	for gone := s.gone; ; {
		select {
		case s.out <- f:
			return <-f.result
		case <-gone:
			gone = nil
			late.Reset(lastWord)
		case <-late.C:
			return errNoReader
		case <-s.done:
			return io.ErrClosedPipe
		}
	}
}

// get is the response. There is one in a link's life, and the link ends with it.
func (s *stream) get(w http.ResponseWriter, r *http.Request) error {
	if s.over() || !s.open.CompareAndSwap(false, true) {
		return errStaleLink
	}
	defer s.end()
	response := newEvents(w)
	err := response.write(nil) // the client need not wait for the first event to know
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	var buf []byte
	for err == nil {
		select {
		case f := <-s.out:
			buf = appendEvent(buf[:0], f.frame, f.binary)
			err = response.write(buf)
			f.result <- err
		case <-ticker.C:
			err = response.write(appendEvent(buf[:0], []byte(beat), false))
		case <-r.Context().Done():
			return nil
		case <-s.done:
			return nil
		}
		if cap(buf) > 8<<10 {
			buf = nil // idle streams are small
		}
	}
	return nil // the client is gone: there is nobody to be told
}
