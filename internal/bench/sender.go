package bench

import (
	"context"
	"sync/atomic"
	"time"
)

// sender is one who sends.
type sender struct {
	// Static.
	run  *run
	id   uint32
	seat Seat
	sent atomic.Uint64
	room chan struct{} // of an unthrottled one: a token for each message that may be sent

	// Which readers wait for which message of an unthrottled sender; a slot is free when all have it.
	arrived []atomic.Int32
}

// send sends until ctx ends.
func (s *sender) send(ctx context.Context) error {
	var next func() bool
	if s.room != nil {
		for range cap(s.room) {
			s.room <- struct{}{}
		}
		next = func() bool {
			select {
			case <-s.room:
				return true
			case <-ctx.Done():
				return false
			}
		}
	} else {
		// Senders are spread over the interval, as people are.
		every := time.Duration(float64(time.Second) / s.run.Rate)
		due := time.Now().Add(every * time.Duration(s.id) / time.Duration(len(s.run.senders)))
		next = func() bool {
			wait := time.Until(due)
			due = due.Add(every)
			return sleep(ctx, wait) == nil
		}
	}
	for n := uint64(0); next(); n++ {
		if err := s.seat.Send(ctx, stamp(s.run.Size, s.id, n, time.Now().UnixNano())); err != nil {
			if ctx.Err() == nil {
				return err
			}
			break // it may have gone: it is not counted as sent, and nobody misses it
		}
		s.sent.Add(1)
	}
	return nil
}
