package datachannel

import (
	"slices"
	"sync/atomic"
)

// latestReader is one link's place in a Latest. All but close is called by the link's writer alone.
type latestReader struct {
	// Static after read.
	latest *Latest
	view   viewer
	wake   chan struct{}

	fresh  atomic.Bool // there was a beat since it looked
	behind atomic.Bool // it could not give away what it has

	// Owned by the writer.
	at    place
	next  place  // reached by the frame it has
	until uint64 // it may have what changed up to here, until the next beat
}

// read registers a reader, which gets the last of every message first. wake must have room for one; it is sent to when
// there may be something to take.
func (l *Latest) read(v viewer, wake chan struct{}) *latestReader {
	r := &latestReader{latest: l, view: v, wake: wake}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.readers = append(l.readers, r)
	if l.last != nil {
		r.wakeUp()
	}
	return r
}

// close ends it. wake may be sent to once more.
func (r *latestReader) close() {
	r.latest.mu.Lock()
	defer r.latest.mu.Unlock()
	if i := slices.Index(r.latest.readers, r); i >= 0 {
		r.latest.readers = slices.Delete(r.latest.readers, i, i+1)
	}
}

func (r *latestReader) wakeUp() {
	r.behind.Store(false)
	r.fresh.Store(true)
	select {
	case r.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// appendFrame appends to buf the next frame of at most limit bytes (or one message) and says whether it is binary; nil
// if there is nothing before the next beat. It gives the same messages, or newer ones, until it is told that they were
// taken.
func (r *latestReader) appendFrame(buf []byte, limit int) (frame []byte, binary bool) {
	r.look()
	return r.appendSeen(buf, limit)
}

// look lets it have what changed up to now, if there was a beat.
func (r *latestReader) look() {
	if r != nil && r.fresh.Load() {
		r.fresh.Store(false)
		r.until = r.latest.changes()
	}
}

// appendSeen is appendFrame of what was there when it looked last.
func (r *latestReader) appendSeen(buf []byte, limit int) (frame []byte, binary bool) {
	if r.at.change >= r.until {
		return nil, false
	}
	had := len(buf)
	frame, binary, r.next = r.latest.appendFrame(buf, r.at, r.until, r.view, limit)
	if len(frame) == had {
		if r.at = r.next; r.at.change < r.until { // what is in between has changed since
			r.at = place{change: r.until}
		}
		return nil, false
	}
	return frame, binary
}

// idle says that there is nothing to give before it is woken. A reader that is not there gives nothing.
func (r *latestReader) idle() bool {
	return r == nil || !r.fresh.Load() && r.at.change >= r.until
}

// took notes that the last frame was given away.
func (r *latestReader) took() { r.at = r.next }

// restart has it give everything anew.
func (r *latestReader) restart() {
	r.at = place{}
	r.fresh.Store(true)
}

// retry has it woken by and by, since the last frame could not be given away.
func (r *latestReader) retry() {
	r.behind.Store(true)
	r.latest.mu.Lock()
	defer r.latest.mu.Unlock()
	if !r.latest.armed {
		r.latest.armLocked(r.latest.cfg.Every)
	}
}

func (l *Latest) changes() uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.change
}
