package datachannel

import (
	"context"
	"fmt"
)

// write is the goroutine that sends.
func (l *Link) write() error {
	for {
		l.writing.Lock()
		more, err := l.writeOne(l.conn.WriteFrame)
		if err == nil && !more && l.instant != nil {
			err = l.instant.Flush()
		}
		l.writing.Unlock()
		if err != nil {
			return err
		}
		if l.ctx.Err() != nil {
			return context.Cause(l.ctx)
		}
		if more {
			continue
		}
		<-l.wake // also by the end of the link
	}
}

// writeOne sends what is next, and says whether there may be more. The caller holds writing.
func (l *Link) writeOne(write func(frame []byte, binary bool) error) (more bool, err error) {
	out := l.session.next(l)
	if out.frame.size > 0 {
		if err := write(l.joined(out.frame), out.frame.binary); err != nil {
			return false, fmt.Errorf("write: %w", err)
		}
	}
	if out.last {
		return false, ErrClosed
	}
	if out.frame.size > 0 && !out.done {
		return true, nil
	}
	l.rest()
	return false, nil
}

// servedFrames is how many frames a goroutine sends for another at a time.
const servedFrames = 4

// serve sends what is next on the goroutine of somebody else, if nobody does so already and it takes no waiting. What
// is left is for the writer.
func (l *Link) serve() {
	err := l.guard(func() error {
		if !l.writing.TryLock() {
			l.wakeUp()
			return nil
		}
		defer l.writing.Unlock()
		for range servedFrames {
			if l.ctx.Err() != nil || !l.instant.Instant() {
				break
			}
			if more, err := l.writeOne(l.instant.OfferFrame); err != nil || !more && l.instant.Instant() {
				return err
			}
		}
		l.wakeUp()
		return nil
	})
	if err != nil {
		l.cancel(err)
	}
}

// joined is a frame in one part.
func (l *Link) joined(f frame) []byte {
	if f.parts == nil {
		return f.one
	}
	l.cut = l.cut[:0]
	for _, p := range f.parts {
		l.cut = append(l.cut, p...)
	}
	return l.cut
}

// fit is f if the transport takes it whole, else its first piece.
func (l *Link) fit(f frame) frame {
	if l.pieces == 0 || f.size <= wholeFrame {
		return f
	}
	if f.parts == nil {
		l.buf = nil // it may be the frame, which is needed until its last piece
	}
	l.large = splitter{frame: f}
	return l.piece()
}

// piece is the next piece of the large frame.
func (l *Link) piece() frame {
	l.cut = l.large.next(l.cut[:0], l.pieces)
	if l.large.empty() {
		l.large = splitter{}
	}
	l.lossyTurn = true
	return whole(l.cut, true)
}

// reply is the next answer that may go now: a large one waits for the last piece of what is under way.
func (l *Link) reply() (frame, bool) {
	if len(l.replies) == 0 || l.replies[0].size > wholeFrame && !l.large.empty() {
		return frame{}, false
	}
	first := l.replies[0]
	l.replies[0] = frame{}
	l.replies = l.replies[1:]
	l.replyBytes -= first.size
	return first, true
}

// rest gives back buffers that a burst has made large, so that idle links are small.
func (l *Link) rest() {
	if cap(l.buf) > 8<<10 {
		l.buf = nil
	}
	if cap(l.cut) > 8<<10 {
		l.cut = nil
	}
}
