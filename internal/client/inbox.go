package client

import (
	"context"
	"sync"
)

// inboxItems is how many entries may wait for the application before the readers of links are made to wait.
const inboxItems = 4096

// item is one thing for the application.
type item struct {
	kind     itemKind
	position uint64 // everything up to here was handed on
	message  Message
	event    *Event
	change   *Change
	page     *page
}

type itemKind uint8

const (
	aPosition itemKind = iota
	aMessage
	anEvent
	aChange
	aPage
)

// inbox is what the links brought and the application has not seen yet.
type inbox struct {
	// Guarded by mu.
	mu     sync.Mutex
	items  []item // of the log, in its order
	lossy  latest[lossyKey, Lossy]
	handed uint64 // position up to which the application has everything

	put   chan struct{} // one token: there is something
	taken chan struct{} // one token: something was taken
}

func newInbox() *inbox {
	return &inbox{put: make(chan struct{}, 1), taken: make(chan struct{}, 1)}
}

func (b *inbox) add(items ...item) {
	b.mu.Lock()
	b.items = append(b.items, items...)
	b.mu.Unlock()
	token(b.put)
}

func (b *inbox) addLossy(e Lossy) {
	b.mu.Lock()
	b.lossy.put(lossyKey{e.From, e.Type, e.Key}, e)
	b.mu.Unlock()
	token(b.put)
}

// take returns what waits. done has been dealt with and is used again.
func (b *inbox) take(done []item) []item {
	clear(done) // the application's data is not ours to keep
	b.mu.Lock()
	defer b.mu.Unlock()
	items := b.items
	b.items = done[:0]
	return items
}

func (b *inbox) takeLossy() (Lossy, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lossy.pop()
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

// pump hands on what the links brought, one thing at a time: the log in its order, and lossy messages when they come.
func (c *Client) pump() {
	var items []item
	for {
		select {
		case <-c.inbox.put:
		case <-c.ctx.Done():
			return
		}
		items = c.inbox.take(items)
		for i := range items {
			c.hand(&items[i])
			if c.ctx.Err() != nil {
				return
			}
		}
		for e, ok := c.inbox.takeLossy(); ok; e, ok = c.inbox.takeLossy() {
			c.opt.OnLossy(e)
			if c.ctx.Err() != nil {
				return
			}
		}
	}
}

func (c *Client) hand(it *item) {
	switch it.kind {
	case aMessage:
		if c.opt.OnMessage != nil {
			c.opt.OnMessage(it.message)
		}
	case anEvent:
		if c.opt.OnEvent != nil {
			c.opt.OnEvent(*it.event)
		}
	case aChange:
		c.cells.apply(it.change)
		if c.opt.OnState != nil {
			c.opt.OnState(*it.change)
		}
	case aPage:
		if c.cells.stage(it.page) && c.opt.OnState != nil {
			c.opt.OnState(Change{Epoch: it.page.epoch, Offset: it.page.position, Snapshot: true})
		}
	case aPosition:
		c.inbox.hand(it.position)
	}
}
