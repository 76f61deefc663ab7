package signaling

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	// responseBytes is how much is collected for the next response, unless one frame alone has more.
	responseBytes = 64 << 10
	// maxHold is the longest that a poll waits for something to be said.
	maxHold = 25 * time.Second
)

// poll is a link whose frames go out in numbered responses, each asked for by a request. A response is kept until the
// next number is asked for, since it may be lost on its way.
type poll struct {
	*uplink
	hold time.Duration
	// taken has room for one: what was pending is in a response now.
	taken chan struct{}

	mu      sync.Mutex
	number  uint64 // of the response that was given last, or that is to be given now
	given   bool   // it was: its bytes do not change any more
	kept    []byte // its bytes
	pending []byte // events for the response to be given next
	waiting poller // the newest request; nil: none
}

// poller has room for one: a request that waits for something to be said, and looks again.
type poller chan struct{}

func (p poller) look() {
	select {
	case p <- struct{}{}:
	default: // it will, or (nil) there is none
	}
}

func newPoll(u *uplink, hold time.Duration) *poll {
	return &poll{uplink: u, hold: hold, taken: make(chan struct{}, 1), number: 1}
}

// holdOf is how long a poll may wait: a client must be heard of again before it is taken for lost.
func holdOf(lostAfter time.Duration) time.Duration {
	if hold := lostAfter * 2 / 3; hold > 0 && hold < maxHold {
		return hold
	}
	return maxHold
}

// WriteFrame implements datachannel.Conn. It waits while much is pending; what is said last waits until it was asked for.
func (p *poll) WriteFrame(frame []byte, binary bool) error {
	encoded := appendEvent(nil, frame, binary)
	for gone := p.gone; !p.add(encoded); {
		select {
		case <-p.taken:
		case <-gone:
			if !p.drained() {
				return errNoReader
			}
			gone = nil
		case <-p.done: // at the latest when nothing was heard for deadAfter
			return io.ErrClosedPipe
		}
	}
	select {
	case <-p.gone:
		if !p.drained() {
			return errNoReader
		}
	default:
	}
	return nil
}

// add collects events for the next response, if there is room.
func (p *poll) add(encoded []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.pending) > 0 && len(p.pending)+len(encoded) > responseBytes {
		return false
	}
	p.pending = append(p.pending, encoded...)
	p.waiting.look()
	return true
}

// drained waits until nothing is pending, but not long: the session is over.
func (p *poll) drained() bool {
	late := time.NewTimer(lastWord)
	defer late.Stop()
	for {
		p.mu.Lock()
		empty := len(p.pending) == 0
		p.mu.Unlock()
		if empty {
			return true
		}
		select {
		case <-p.taken:
		case <-late.C:
			return false
		case <-p.done:
			return false
		}
	}
}

// get is one response.
func (p *poll) get(w http.ResponseWriter, r *http.Request) error {
	defer p.present()()
	number, err := strconv.ParseUint(r.URL.Query().Get("r"), 10, 64)
	if err != nil {
		return fmt.Errorf("%w: r is not a number", errBadMessage)
	}
	body, err := p.response(number, r.Context().Done())
	if err != nil {
		return err
	}
	response := newEvents(w)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_ = response.write(body) // if it does not get there, it will be asked for again
	return nil
}

// response waits for the bytes of response number: those that were given before, or what is there to be said, in the
// end nothing. A newer request for the same takes the place of one that waits.
func (p *poll) response(number uint64, left <-chan struct{}) ([]byte, error) {
	p.mu.Lock()
	if p.given && number == p.number {
		defer p.mu.Unlock()
		return p.kept, nil
	}
	if p.given && number == p.number+1 {
		p.number, p.given, p.kept = number, false, nil
	}
	if p.given || number != p.number {
		defer p.mu.Unlock()
		return nil, fmt.Errorf("%w: response %d is not the next one", errStaleLink, number)
	}
	former, mine := p.waiting, make(poller, 1)
	p.waiting = mine
	p.mu.Unlock()
	former.look()

	mine.look()
	late := time.NewTimer(p.hold)
	defer late.Stop()
	for empty := false; ; {
		select {
		case <-mine:
		case <-late.C:
			empty = true
		case <-left: // it stays for the request that comes again
			p.mu.Lock()
			defer p.mu.Unlock()
			if p.waiting == mine {
				p.waiting = nil
			}
			return nil, context.Canceled
		case <-p.done:
			return nil, errStaleLink
		}
		body, ok, err := p.give(mine, empty)
		if ok || err != nil {
			return body, err
		}
	}
}

// give makes what is pending the response, if there is something or it may be empty.
func (p *poll) give(to poller, empty bool) (body []byte, ok bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting != to {
		return nil, false, fmt.Errorf("%w: a newer request waits for this response", errStaleLink)
	}
	if len(p.pending) == 0 && !empty {
		return nil, false, nil
	}
	p.kept, p.pending, p.given, p.waiting = p.pending, nil, true, nil
	select {
	case p.taken <- struct{}{}:
	default: // the writer will look
	}
	return p.kept, true, nil
}
