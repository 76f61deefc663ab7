package client

import (
	"context"
	"sync"
)

// inboxItems is how many entries may wait for the application before the readers of links are made to wait.
const inboxItems = 4096

// inbox is what the log brought and the application has not seen yet: messages, events and, between them, positions.
type inbox struct {
	// Guarded by mu.
	mu     sync.Mutex
	items  []any
	handed uint64 // position up to which the application has everything

	put   chan struct{} // one token: there is something
	taken chan struct{} // one token: something was taken
}

func newInbox() *inbox {
	return &inbox{put: make(chan struct{}, 1), taken: make(chan struct{}, 1)}
}

func (b *inbox) add(items ...any) {
	b.mu.Lock()
	b.items = append(b.items, items...)
	b.mu.Unlock()
	token(b.put)
}

func (b *inbox) take() []any {
	b.mu.Lock()
	defer b.mu.Unlock()
	items := b.items
	b.items = nil
	return items
}

func (b *inbox) hand(position uint64) {
	b.mu.Lock()
	b.handed = position
	b.mu.Unlock()
	token(b.taken)
}

func (b *inbox) position() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.handed
}

// room waits until a reader may go on. Several readers may wait: the token is passed on.
func (b *inbox) room(ctx context.Context) {
	for {
		b.mu.Lock()
		full := len(b.items) >= inboxItems
		b.mu.Unlock()
		if !full {
			token(b.taken)
			return
		}
		select {
		case <-b.taken:
		case <-ctx.Done():
			return
		}
	}
}

func token(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// pump hands on what the log brought, in its order, one thing at a time.
func (c *Client) pump() {
	for {
		select {
		case <-c.inbox.put:
		case <-c.ctx.Done():
			return
		}
		for _, item := range c.inbox.take() {
			switch it := item.(type) {
			case Message:
				if c.opt.OnMessage != nil {
					c.opt.OnMessage(it)
				}
			case Event:
				if c.opt.OnEvent != nil {
					c.opt.OnEvent(it)
				}
			case uint64:
				c.inbox.hand(it)
			}
			if c.ctx.Err() != nil {
				return
			}
		}
	}
}
