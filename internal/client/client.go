// Package client is a participant of a Parlor room in Go: the other end of docs/protocol.md, for tests and load.
//
// It knows the wire, WebSocket and pion; it knows nothing of the server's packages, so that it can only be right by the
// protocol. A Client lives from Join until Leave, Kill or the server's closed. Everything that arrives is handed on in the
// order of the room's log, each thing once, whichever link carried it. One goroutine (loop.go) owns all of the state;
// readers, writers and pion's callbacks post to it.
package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

var (
	// ErrClosed means that the client has left, was killed or lost its session.
	ErrClosed = errors.New("client closed")
	// ErrUnconfirmed means that the server may have the message, but the log was lost before its place in it was known.
	ErrUnconfirmed = errors.New("message sent, but its fate is unknown")
	// ErrNoMedia means that the client has no PeerConnection.
	ErrNoMedia = errors.New("no media")
)

// Stats count what a client did; tests assert on them.
type Stats struct {
	Offers    int // offers sent, the one in join included
	Resumes   int // sessions resumed over a new WebSocket
	Rejoins   int // sessions begun in the place of one that was gone
	Attaches  int // attach frames sent
	Transport Transport
	Connected bool // the PeerConnection is connected
}

// Client is one participant.
type Client struct {
	// Static after Join.
	opt     Options
	log     zerolog.Logger
	ctx     context.Context
	cancel  context.CancelFunc
	net     *mutableNet
	cells   State // has a lock of its own
	events  chan func()
	queued  chan queued
	inbox   *inbox
	entered Place
	done    chan struct{} // closed when every goroutine of the client has ended
	wg      sync.WaitGroup

	// Guarded by mu: what the outside may look at.
	mu       sync.Mutex
	view     []Participant // nil until somebody asks; a room that fills up changes too often to list it each time
	slots    []Binding
	speakers []string
	stats    Stats
	session  Resume
	you      Participant
	grant    Grant
	limits   Limits
	kept     []string
	err      error
	changed  chan struct{} // closed and replaced at every change

	owned // by run
}

// Join enters a room. ctx bounds only the joining.
func Join(ctx context.Context, opt Options) (*Client, error) {
	if len(opt.Pin) == 0 {
		opt.Pin = []Transport{WebRTC, WebSocket}
	}
	mnet, err := newMutableNet(opt.Net)
	if err != nil {
		return nil, fmt.Errorf("network: %w", err)
	}
	c := &Client{
		opt: opt, log: opt.Log, net: mnet,
		events: make(chan func()), queued: make(chan queued), inbox: newInbox(),
		done: make(chan struct{}), changed: make(chan struct{}),
	}
	c.cells.cells = map[string]Cell{}
	c.fates, c.asking, c.words = map[uint64]*Pending{}, map[uint64]*request{}, words{}
	c.ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err := c.enter(ctx); err != nil {
		c.cancel()
		c.wg.Wait()
		return nil, err
	}
	c.wg.Go(c.pump)
	go func() {
		c.run()
		c.wg.Wait()
		close(c.done)
	}()
	return c, nil
}

// You are this participant. A client that joined anew has another id.
func (c *Client) You() Participant {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.you
}

// Entered is where the room's order was when Join let the client in: what follows is handed to the callbacks.
func (c *Client) Entered() Place { return c.entered }

// Grant is what the server lets this client do.
func (c *Client) Grant() Grant {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.grant
}

// Limits are what the server takes of this client.
func (c *Client) Limits() Limits {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.limits
}

// Kept are the types of messages that History knows.
func (c *Client) Kept() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kept
}

// Participants are the others, by id.
func (c *Client) Participants() []Participant {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.view == nil {
		c.view = c.roster.list()
	}
	return c.view
}

// Slots are what each slot shows.
func (c *Client) Slots() []Binding {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.slots
}

// Stats are counts so far.
func (c *Client) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}

// Session is what another page would resume this session with.
func (c *Client) Session() Resume {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

// Done is closed when the client has ended; Err says why.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err is nil while the client lives and after Leave, ErrClosed after Kill, else what the server said.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Until waits until ok is true of the client; ok is asked again after every change of what can be looked at.
func (c *Client) Until(ctx context.Context, ok func() bool) error {
	for {
		c.mu.Lock()
		changed := c.changed
		c.mu.Unlock()
		if ok() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-c.done:
			return c.ended()
		}
	}
}

// Publish publishes one more track by a new offer, and returns once the server answered.
func (c *Client) Publish(ctx context.Context, p Publication) error {
	return c.negotiate(ctx, func(m *media) error { return c.addSend(m, &published{Publication: p}) })
}

// AddSlots grows the pool of slots by a new offer.
func (c *Client) AddSlots(ctx context.Context, audio, video int) error {
	return c.negotiate(ctx, func(m *media) error { return m.addSlots(audio, video) })
}

// SetMuted says whether what is published as source is muted.
func (c *Client) SetMuted(ctx context.Context, source string, muted bool) error {
	return c.withPublished(ctx, source, func(p *published) {
		p.Muted = muted
		c.signal(encode(publishFrame{"publish", p.sending()}))
	})
}

// Unpublish takes what is published as source out of the room. Its m-line stays.
func (c *Client) Unpublish(ctx context.Context, source string) error {
	return c.withPublished(ctx, source, func(p *published) {
		p.gone = true
		c.signal(encode(unpublishFrame{"unpublish", p.line.Mid()}))
	})
}

func (c *Client) withPublished(ctx context.Context, source string, f func(*published)) error {
	return c.do(ctx, func() error {
		if c.media == nil {
			return ErrNoMedia
		}
		p := c.media.find(source)
		if p == nil {
			return fmt.Errorf("%s: not published", source)
		}
		f(p)
		return nil
	})
}

// Leave says goodbye and ends the client.
func (c *Client) Leave(ctx context.Context) error { return c.leave(ctx, false) }

// LeaveForReload leaves as a page does that is being reloaded: its session can be named in the next Join.
func (c *Client) LeaveForReload(ctx context.Context) error { return c.leave(ctx, true) }

func (c *Client) leave(ctx context.Context, again bool) error {
	err := c.do(ctx, func() error {
		c.leaving, c.returning = true, again
		c.signal(encode(leaveFrame{"leave", again}))
		if c.ws == nil {
			c.cancel() // there is nobody to say it to
		} else if again {
			c.ws.sendPing(time.Now()) // the session stays, so no closed comes: the pong says that leave was heard
		}
		return nil
	})
	if err == nil {
		select {
		case <-c.done:
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	c.cancel()
	<-c.done
	return err
}

// Break tears the WebSocket as a network does that forgets its connections. The client resumes by itself.
func (c *Client) Break(ctx context.Context) error {
	return c.do(ctx, func() error {
		if c.ws != nil {
			c.ws.drop()
		}
		return nil
	})
}

// Kill drops everything without a word: no close frame, no alert, no goodbye.
func (c *Client) Kill() {
	c.net.mute()
	c.fail(ErrClosed)
	c.cancel()
	<-c.done
}

// do runs f on the client's goroutine.
func (c *Client) do(ctx context.Context, f func() error) error {
	result := make(chan error, 1)
	select {
	case c.events <- func() { result <- f() }:
		return <-result
	case <-ctx.Done():
		return ctx.Err()
	case <-c.ctx.Done():
		return c.ended()
	}
}

// post gives f to the client's goroutine; false when there is none any more.
func (c *Client) post(f func()) bool {
	select {
	case c.events <- f:
		return true
	case <-c.ctx.Done():
		return false
	}
}

// fail sets why the client ended. The first reason counts.
func (c *Client) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
	}
}

func (c *Client) ended() error {
	if err := c.Err(); err != nil && !errors.Is(err, ErrClosed) {
		return fmt.Errorf("%w: %w", ErrClosed, err)
	}
	return ErrClosed
}

// look edits what the outside sees and wakes those who wait for a change.
func (c *Client) look(edit func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	edit()
	close(c.changed)
	c.changed = make(chan struct{})
}
