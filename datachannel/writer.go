package datachannel

import (
	"context"
	"fmt"
)

// write is the goroutine that sends.
func (l *Link) write() error {
	for {
		out := l.session.next(l)
		if out.frame.size > 0 {
			if err := l.conn.WriteFrame(l.joined(out.frame), out.frame.binary); err != nil {
				return fmt.Errorf("write: %w", err)
			}
		}
		if out.last {
			return ErrClosed
		}
		if l.ctx.Err() != nil {
			return context.Cause(l.ctx)
		}
		if out.frame.size > 0 {
			continue
		}
		l.rest()
		select {
		case <-l.wake:
		case <-l.ctx.Done():
			return context.Cause(l.ctx)
		}
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
