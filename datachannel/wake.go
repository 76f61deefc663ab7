package datachannel

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// waker tells readers that there is more. The first time it does so at once; while there is more and more it does so
// once in a while, so that a reader finds a batch each time and all of them find the same one.
//
// A reader whose transport never waits is not woken but served, on the goroutine that has the news: to wake another one
// for each would cost more, and the last of them would hear it later. That must not be under a lock, so for what a session
// says readers are only owed, and the link that brought it tells them when it holds none: Link.handle, after a frame and
// before each wait.
type waker struct {
	// Static.
	most    time.Duration // that readers are kept waiting
	entries uint64        // so many are not left waiting: a log that remembers few would forget them

	readers atomic.Pointer[[]waiter] // copied on write, under mu

	mu sync.Mutex
	// Guarded by mu.
	last  time.Time
	told  uint64        // offset up to which readers were woken
	head  uint64        // of the log
	every time.Duration // how long readers are left alone now
	armed bool
	owed  bool // readers are to be told: by ring where what is new is the room's, by tell where it is a session's
}

// waiter is a reader that waits for more.
type waiter struct {
	wake  chan struct{} // room for one
	serve func()        // does not wait; nil: it has to be woken
}

// note remembers that the log reaches to head, of which readers are told now or when the time has come.
func (w *waker) note(head uint64, now time.Time) {
	readers := w.readers.Load()
	if readers == nil || len(*readers) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.head = head
	switch since := now.Sub(w.last); {
	case w.owed:
	case head-w.told >= w.entries:
		w.owed = true
	case w.armed:
		return
	case since >= 0 && since < w.every:
		w.armed = true
		time.AfterFunc(w.every-since, w.due)
		return
	default:
		w.owed = true
	}
	w.tellLocked(now)
}

// perEntry is how long readers are left alone for each entry that they were told of last. One voice at a time is heard at
// once, however fast; many make batches, up to most.
const perEntry = 3 * time.Millisecond

func (w *waker) tellLocked(now time.Time) {
	w.every = min(w.most, time.Duration(w.head-w.told)*perEntry)
	w.last, w.told = now, w.head
}

func (w *waker) due() {
	w.mu.Lock()
	w.armed, w.owed = false, true
	w.tellLocked(time.Now())
	w.mu.Unlock()
	w.tell(nil)
}

// settle says whether readers are to be told now. They are no more.
func (w *waker) settle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	owed := w.owed
	w.owed = false
	return owed
}

// ring wakes readers if they are to be told. It may be called under locks.
func (w *waker) ring() {
	if !w.settle() {
		return
	}
	for _, r := range *w.readers.Load() {
		r.ring()
	}
}

func (r *waiter) ring() {
	select {
	case r.wake <- struct{}{}:
	default: // it has not looked since the last one
	}
}

// tell serves or wakes readers if they are to be told, the one with the channel last last: it has said what there is. It
// may not be called under locks.
func (w *waker) tell(last chan struct{}) {
	if !w.settle() {
		return
	}
	var author *waiter
	readers := *w.readers.Load()
	for i := range readers {
		if readers[i].wake == last {
			author = &readers[i]
			continue
		}
		readers[i].tell()
	}
	if author != nil {
		runtime.Gosched() // the others' packets go first
		author.tell()
	}
}

func (r *waiter) tell() {
	if r.serve != nil {
		r.serve()
	} else {
		r.ring()
	}
}

// watch adds a reader, until unwatch.
func (w *waker) watch(r waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var next []waiter
	if now := w.readers.Load(); now != nil {
		next = slices.Clone(*now)
	}
	next = append(next, r)
	w.readers.Store(&next)
}

// unwatch ends a watch, by its channel. It may be woken or served once more.
func (w *waker) unwatch(c chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.readers.Load()
	if now == nil {
		return
	}
	next := slices.DeleteFunc(slices.Clone(*now), func(r waiter) bool { return r.wake == c })
	w.readers.Store(&next)
}
