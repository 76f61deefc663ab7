package datachannel

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/parlorhq/parlor/internal/metrics"
)

// LossyConn moves frames over an unordered data channel that sends nothing twice.
type LossyConn interface {
	// ReadFrame returns the next frame, which is the caller's until the next ReadFrame, and whether it is binary. Only
	// one goroutine reads.
	ReadFrame() (frame []byte, binary bool, err error)
	// Offer sends a frame and does not keep it, or says that it can't now. It never waits. Only one goroutine offers.
	Offer(frame []byte, binary bool) bool
	// CloseConn ends the channel and makes ReadFrame return. It may be called at any time; code is WebSocket's.
	CloseConn(code int, reason string) error
}

// lossyFrame is the bytes of a frame on a lossy channel: it has to fit into one packet, or it is lost oftener.
const lossyFrame = 1_200

// lossyLink carries a Latest over a lossy channel, both ways.
type lossyLink struct {
	latest *Latest
	view   viewer
	conn   LossyConn
	// take handles a frame that came in; an error ends the link. It does not keep the frame.
	take func(frame []byte, binary bool) error
	// trusted says whether the channel may carry them now; nil: always. wake is sent to when that changes, and otherwise.
	trusted func() bool
	wake    chan struct{}
	// guard runs one of the link's loops and keeps its panic from others; nil runs it bare.
	guard   func(f func() error) error
	metrics *metrics.Metrics
}

// run moves frames until the channel ends, ctx is done or what comes is bad. It returns why, when both its goroutines
// have ended and the channel is closed.
func (l *lossyLink) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	closed := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(closed)
		// An error here says that it was closed before.
		_ = l.conn.CloseConn(closeNormal, "")
	})
	guard := l.guard
	if guard == nil {
		guard = func(f func() error) error { return f() }
	}
	var writer sync.WaitGroup
	writer.Go(func() { cancel(guard(func() error { return l.write(ctx) })) })
	cancel(guard(func() error { return l.read(ctx) }))
	writer.Wait()
	<-closed
	return context.Cause(ctx)
}

func (l *lossyLink) read(ctx context.Context) error {
	for {
		frame, binary, err := l.conn.ReadFrame()
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		if ctx.Err() != nil { // a transport may bring more while it says goodbye
			return context.Cause(ctx)
		}
		if err := l.take(frame, binary); err != nil {
			if errors.Is(err, ErrBadMessage) {
				l.metrics.Refused("bad_lossy")
			}
			return err
		}
	}
}

// write gives away what is new on every beat, and again what has not changed since.
func (l *lossyLink) write(ctx context.Context) error {
	wake := l.wake
	if wake == nil {
		wake = make(chan struct{}, 1)
	}
	r := l.latest.read(l.view, wake)
	defer r.close()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	buf := make([]byte, 0, lossyFrame)
	echoes := [...]echo{{after: 250 * time.Millisecond}, {after: time.Second}}
	for {
		if l.trusted != nil && !l.trusted() {
			// What is said meanwhile goes another way, of which nobody knows here how far it came.
			r.restart()
			echoes = [...]echo{{after: echoes[0].after}, {after: echoes[1].after}}
			select {
			case <-wake:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			continue
		}
		for {
			frame, binary := r.appendFrame(buf, lossyFrame)
			if frame == nil {
				break
			}
			buf = frame[:0]
			if !l.conn.Offer(frame, binary) {
				l.metrics.Dropped("lossy_busy")
				r.retry()
				break
			}
			r.took()
		}
		var due time.Time
		for i := range echoes {
			e := &echoes[i]
			buf = e.run(l, r, buf, time.Now())
			if e.open && (due.IsZero() || e.at.Before(due)) {
				due = e.at
			}
		}
		if due.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(time.Until(due))
		}
		select {
		case <-wake:
		case <-timer.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// echo says things a second time. A lossy channel may lose the last value of something that does not change any more,
// or bring it before the one it overtook: then nothing would put it right. What changes all the time needs no echo and
// gets none.
type echo struct {
	after time.Duration

	open bool
	at   time.Time // when it is due
	done place     // up to which everything was said again
	upTo uint64    // what it says again changed up to here: it was said then
}

// run says what is due to the reader, and notes what will be.
func (e *echo) run(l *lossyLink, r *latestReader, buf []byte, now time.Time) []byte {
	if e.open && !now.Before(e.at) {
		for {
			frame, binary, next := l.latest.appendFrame(buf[:0], e.done, e.upTo, l.view, lossyFrame)
			if len(frame) > 0 && !l.conn.Offer(frame, binary) {
				e.at = now.Add(l.latest.cfg.Every)
				return frame[:0]
			}
			buf, e.done = frame[:0], next
			if len(frame) == 0 {
				break
			}
		}
		// What is in between has changed since, and has its turn later.
		e.open, e.done = false, place{change: e.upTo}
	}
	if !e.open && r.at.change > e.done.change {
		e.open, e.at, e.upTo = true, now.Add(e.after), r.at.change
	}
	return buf
}
