package datachannel

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// waker tells readers that there is more. The first time it does so at once; while there is more and more it does so
// once in a while, so that a reader finds a batch each time and all of them find the same one.
type waker struct {
	// Static.
	every   time.Duration
	entries uint64 // so many are not left waiting: a log that remembers few would forget them

	waiters atomic.Pointer[[]chan struct{}] // copied on write, under mu

	mu sync.Mutex
	// Guarded by mu.
	last  time.Time
	told  uint64 // offset up to which readers were woken
	armed bool
}

// all wakes every reader because the log reaches to head: now or when the time has come.
func (w *waker) all(head uint64, now time.Time) {
	waiters := w.waiters.Load()
	if waiters == nil || len(*waiters) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch since := now.Sub(w.last); {
	case head-w.told >= w.entries:
	case w.armed:
		return
	case since >= 0 && since < w.every:
		w.armed = true
		time.AfterFunc(w.every-since, w.due)
		return
	}
	w.last, w.told = now, head
	w.ring()
}

func (w *waker) due() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed, w.last = false, time.Now()
	w.ring()
}

func (w *waker) ring() {
	for _, c := range *w.waiters.Load() {
		select {
		case c <- struct{}{}:
		default: // it has not looked since the last one
		}
	}
}

// watch wakes c whenever there is more, until unwatch. c must have room for one.
func (w *waker) watch(c chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var next []chan struct{}
	if now := w.waiters.Load(); now != nil {
		next = slices.Clone(*now)
	}
	next = append(next, c)
	w.waiters.Store(&next)
}

// unwatch ends a watch. c may be woken once more.
func (w *waker) unwatch(c chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.waiters.Load()
	if now == nil {
		return
	}
	next := slices.DeleteFunc(slices.Clone(*now), func(other chan struct{}) bool { return other == c })
	w.waiters.Store(&next)
}
