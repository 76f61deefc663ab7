package datachannel

import (
	"encoding/binary"
	"fmt"
	"time"
)

// What the first byte of a binary frame says, and the flags of a piece. See docs/protocol.md, Frames.
const (
	frameWithBytes = 1
	framePiece     = 2

	pieceFirst  = 1
	pieceLast   = 2
	pieceBinary = 4
)

// appendBytesHead begins a frame of text bytes of JSON and of the bytes that objects in it own.
func appendBytesHead(buf []byte, text int) []byte {
	buf = append(buf, frameWithBytes)
	return binary.AppendUvarint(buf, uint64(text))
}

// appendWithBytes makes a frame of JSON, and of the bytes that objects in it own.
func appendWithBytes(buf, text []byte, payloads ...[]byte) []byte {
	buf = append(appendBytesHead(buf, len(text)), text...)
	for _, p := range payloads {
		buf = append(buf, p...)
	}
	return buf
}

// splitter takes a frame apart into pieces.
type splitter struct {
	frame frame
	sent  int
}

func (s *splitter) empty() bool { return s.sent == s.frame.size }

// next makes a piece with at most limit bytes of the frame.
func (s *splitter) next(buf []byte, limit int) []byte {
	flags := byte(0)
	if s.sent == 0 {
		flags |= pieceFirst
		if s.frame.binary {
			flags |= pieceBinary
		}
	}
	n := min(limit, s.frame.size-s.sent)
	if s.sent+n == s.frame.size {
		flags |= pieceLast
	}
	buf = append(buf, framePiece, flags)
	if s.sent == 0 {
		buf = binary.AppendUvarint(buf, uint64(s.frame.size))
	}
	skip := s.sent
	s.sent += n
	if s.frame.parts == nil {
		return append(buf, s.frame.one[skip:skip+n]...)
	}
	for _, part := range s.frame.parts {
		if skip >= len(part) {
			skip -= len(part)
			continue
		}
		part = part[skip:]
		skip = 0
		if len(part) >= n {
			return append(buf, part[:n]...)
		}
		buf = append(buf, part...)
		n -= len(part)
	}
	return buf
}

// pieceIdle is how long a frame may be incomplete without another piece of it.
const pieceIdle = 30 * time.Second

// joiner puts pieces together again. What it holds grows as pieces come, not as they are announced.
type joiner struct {
	buf    []byte
	total  int
	binary bool
	open   bool
	at     time.Time
}

// take adds a piece. When it was the last it returns the frame, which is good until the next call. Errors wrap
// ErrBadMessage or ErrTooLarge.
func (j *joiner) take(piece []byte, limit int, now time.Time) (frame []byte, bin, done bool, err error) {
	if len(piece) < 2 || piece[1] > pieceFirst|pieceLast|pieceBinary {
		return nil, false, false, fmt.Errorf("%w: a piece without a head", ErrBadMessage)
	}
	flags, rest := piece[1], piece[2:]
	switch {
	case flags&pieceFirst != 0:
		total, n := binary.Uvarint(rest)
		if n <= 0 || total == 0 || j.open {
			return nil, false, false, fmt.Errorf("%w: a first piece out of place", ErrBadMessage)
		}
		if total > uint64(limit) {
			return nil, false, false, fmt.Errorf("%w: a frame of %d bytes in pieces, %d are allowed", ErrTooLarge, total, limit)
		}
		rest = rest[n:]
		j.open, j.total, j.binary, j.buf = true, int(total), flags&pieceBinary != 0, j.buf[:0]
	case !j.open || flags&pieceBinary != 0:
		return nil, false, false, fmt.Errorf("%w: a piece out of place", ErrBadMessage)
	case now.Sub(j.at) > pieceIdle:
		return nil, false, false, fmt.Errorf("%w: a piece came too late", ErrBadMessage)
	}
	last := flags&pieceLast != 0
	size := len(j.buf) + len(rest)
	if len(rest) == 0 || size > j.total || last != (size == j.total) {
		return nil, false, false, fmt.Errorf("%w: a piece of the wrong size", ErrBadMessage)
	}
	j.buf, j.at = append(j.buf, rest...), now
	if !last {
		return nil, false, false, nil
	}
	j.open = false
	return j.buf, j.binary, true, nil
}

// rest gives back a large buffer.
func (j *joiner) rest() {
	if !j.open && cap(j.buf) > 64<<10 {
		j.buf = nil
	}
}
