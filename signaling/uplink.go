package signaling

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// maxPosts is how many POSTs of one link may be under way: the one that is handled and four that wait their turn. A
// client has one; more are those it gave up.
const maxPosts = 5

var errStaleLink = errors.New("this link has ended, or its place was taken by another")

// uplink is what a link over HTTP has from client to server: the bodies of POSTs, each of which is answered when it was
// handled. It is a datachannel.Conn but for writing.
type uplink struct {
	// Static after newUplink.
	gone  <-chan struct{} // the session is over
	done  chan struct{}   // the link is
	left  chan struct{}   // its reader has returned
	turn  chan struct{}   // room for one: who may hand over a body
	posts chan *post

	reading *post // owned by the reader: what is being handled

	mu     sync.Mutex
	ended  bool
	queued int         // POSTs under way
	busy   int         // requests that show that the client is there
	silent *time.Timer // ends a link of which nothing is heard
}

// post is a body on its way.
type post struct {
	frame   []byte
	binary  bool
	handled chan struct{}
}

// newUplink is one that ends when no request came for deadAfter.
func newUplink(gone <-chan struct{}) *uplink {
	u := &uplink{
		gone: gone, done: make(chan struct{}), left: make(chan struct{}),
		turn: make(chan struct{}, 1), posts: make(chan *post),
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.silent = time.AfterFunc(deadAfter, u.fallSilent)
	return u
}

func (u *uplink) fallSilent() {
	u.mu.Lock()
	busy := u.busy > 0
	u.mu.Unlock()
	if !busy {
		u.end()
	}
}

// end makes reader, writer and requests return.
func (u *uplink) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended {
		return
	}
	u.ended = true
	u.silent.Stop()
	close(u.done)
}

// leave is said when nobody will read any more.
func (u *uplink) leave() {
	u.end()
	close(u.left)
}

// over says whether the link has ended.
func (u *uplink) over() bool {
	select {
	case <-u.done:
		return true
	default:
		return false
	}
}

// present keeps the link alive until the function it returns is called, and deadAfter more.
func (u *uplink) present() (leave func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.busy++
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		if u.busy--; u.busy == 0 && !u.ended {
			u.silent.Reset(deadAfter)
		}
	}
}

// post hands over the body that read returns, and waits until the link has handled it. If ctx ends before, nobody can
// say whether it was: numbers make it safe to send it again.
func (u *uplink) post(ctx context.Context, read func() (frame []byte, binary bool, err error)) error {
	if !u.enqueue() {
		return fmt.Errorf("%w: one POST at a time", errTooManyRequests)
	}
	defer u.dequeue()
	defer u.present()()
	frame, binary, err := read()
	if err != nil {
		return err
	}
	select {
	case u.turn <- struct{}{}:
		defer func() { <-u.turn }()
	case <-u.done:
		return errStaleLink
	case <-ctx.Done():
		return ctx.Err()
	}
	p := &post{frame, binary, make(chan struct{})}
	select {
	case u.posts <- p:
	case <-u.done:
		return errStaleLink
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-p.handled:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-u.left:
	}
	select {
	case <-p.handled: // and then the link ended, as after a leave
		return nil
	default:
		return errStaleLink
	}
}

func (u *uplink) enqueue() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.queued == maxPosts {
		return false
	}
	u.queued++
	return true
}

func (u *uplink) dequeue() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.queued--
}

// ReadFrame implements datachannel.Conn. To ask for the next frame says that the former was handled.
func (u *uplink) ReadFrame() (frame []byte, binary bool, err error) {
	if u.reading != nil {
		close(u.reading.handled)
		u.reading = nil
	}
	select {
	case u.reading = <-u.posts:
		return u.reading.frame, u.reading.binary, nil
	case <-u.done:
		return nil, false, io.EOF
	}
}

// CloseConn implements datachannel.Conn. Requests are told by their status why.
func (u *uplink) CloseConn(int, string) error {
	u.end()
	return nil
}
