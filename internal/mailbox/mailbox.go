// Package mailbox is a bounded queue with a wake-up: many goroutines put, one takes.
//
// It knows nothing of what it carries. Putting never waits: a full box says so, and the one who put decides what
// that means. That removes the deadlocks of two loops which each wait for room in the other's channel.
package mailbox

import "sync"

// Box holds what was put until it is taken. Create one with New.
type Box[T any] struct {
	// Static after New.
	limit int
	wake  chan struct{}

	mu sync.Mutex
	// Guarded by mu.
	items  []T
	closed bool
}

// New returns an empty box for at most limit items.
func New[T any](limit int) *Box[T] {
	return &Box[T]{limit: limit, wake: make(chan struct{}, 1)}
}

// Put adds v at the end. It returns false when the box is full or closed; v is then not in it.
func (b *Box[T]) Put(v T) bool {
	b.mu.Lock()
	ok := !b.closed && len(b.items) < b.limit
	if ok {
		b.items = append(b.items, v)
	}
	b.mu.Unlock()
	if ok {
		select {
		case b.wake <- struct{}{}:
		default: // a wake-up is waiting already
		}
	}
	return ok
}

// C receives after something was put. A receive may find the box empty: what it announced was taken before.
func (b *Box[T]) C() <-chan struct{} { return b.wake }

// Take empties the box and returns what was in it, oldest first.
func (b *Box[T]) Take() []T {
	b.mu.Lock()
	defer b.mu.Unlock()
	items := b.items
	b.items = nil
	return items
}

// Len is how much waits now.
func (b *Box[T]) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.items)
}

// Close refuses whatever is put from now on. What is in the box can still be taken.
func (b *Box[T]) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
}
