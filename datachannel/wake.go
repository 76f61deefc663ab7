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
// Who comes and goes is patient: in a room where many do so at once readers hear of it twice a second, unless there is
// something else to tell. Who comes alone is told of at once.
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
	bytes int           // of entries of which readers were not told
	every time.Duration // how long readers are left alone now
	timer *time.Timer   // nil: never armed
	armed bool
	idle  bool      // armed for nothing but patient entries
	crowd bool      // there are patient entries among those of which readers were not told
	met   time.Time // when they were last told of such
	owed  bool      // readers are to be told: by ring where what is new is the room's, by tell where it is a session's
}

// waiter is a reader that waits for more.
type waiter struct {
	wake  chan struct{} // room for one
	serve func()        // does not wait; nil: it has to be woken
}

// news is what a log has to tell.
type news struct {
	head    uint64 // it reaches so far
	bytes   int    // of the entries that are new
	patient bool   // all of them are
}

// patience is how long what is patient waits since readers were last told of something like it.
const patience = 500 * time.Millisecond

// note remembers what readers are to be told, now or when the time has come.
func (w *waker) note(n news, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.head = n.head
	if readers := w.readers.Load(); readers == nil || len(*readers) == 0 {
		w.told, w.bytes, w.crowd = n.head, 0, false
		return
	}
	w.bytes += n.bytes
	w.crowd = w.crowd || n.patient
	since := now.Sub(w.last)
	wait := max(0, w.every-max(0, since))
	switch waits := w.armed && !w.idle; {
	case w.owed:
	case n.head-w.told >= w.entries, waits && since >= w.every*2/3 && full(w.bytes, n.bytes):
		w.owed = true
	case w.armed && (waits || n.patient):
		return
	case n.patient:
		// Even if that is now it is not on this goroutine, which has a room to lock others out of.
		w.armLocked(max(wait, patience-max(0, now.Sub(w.met))))
		w.idle = true
		return
	case since >= 0 && wait > 0:
		w.armLocked(wait)
		return
	default:
		w.owed = true
	}
	w.tellLocked(now)
}

// perEntry is how long readers are left alone for each entry that they were told of last. One voice at a time is heard at
// once, however fast; many make batches, up to most.
const perEntry = 3 * time.Millisecond

// packet is how many bytes of a frame go into one packet of a data channel, both here and in browsers.
const packet = 1163

// Hurry makes readers hear of what is patient: something that is not in the log would come before it.
func (l *Log) Hurry(now time.Time) { l.wake.hurry(now) }

// hurry tells readers of what is patient soon, and lets those who look by themselves see it.
func (w *waker) hurry(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.armed && w.idle {
		w.tellLocked(now)
		w.owed = true
		w.timer.Reset(0)
	}
}

// reach is up to where readers were told, or are about to be: they look no further, so that all of them find the same, and
// the packets that it fills are not followed by one with what was said since.
func (w *waker) reach() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.told
}

// full says whether a frame of so many bytes of entries fills its packets so far that one more of this size would begin
// another. What a packet costs does not depend on how much is in it.
func full(bytes, next int) bool {
	left := packet - (frameHead+bytes)%packet
	return left < next
}

func (w *waker) armLocked(after time.Duration) {
	w.armed, w.idle = true, false
	if w.timer == nil {
		w.timer = time.AfterFunc(after, w.due)
	} else {
		w.timer.Reset(after)
	}
}

func (w *waker) tellLocked(now time.Time) {
	w.every = min(w.most, time.Duration(w.head-w.told)*perEntry)
	w.last, w.told, w.bytes = now, w.head, 0
	if w.crowd {
		w.met, w.crowd = now, false
	}
	if w.armed {
		w.armed = false
		w.timer.Stop() // if it is too late for that, due finds that nobody waits
	}
}

func (w *waker) due() {
	w.mu.Lock()
	if w.armed {
		w.owed = true
		w.tellLocked(time.Now())
	}
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
