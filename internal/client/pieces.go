package client

import (
	"encoding/binary"
	"fmt"
)

// The first byte of a binary frame (docs/protocol.md, Frames).
const (
	withBytes = 1 // a length, JSON, raw bytes
	onePiece  = 2 // flags, in the first piece the length of the whole, bytes
)

// Flags of a piece.
const (
	pieceFirst  = 1
	pieceLast   = 2
	pieceBinary = 4
)

const (
	// wholeBytes is the largest frame that goes in one.
	wholeBytes = 65536
	// channelPiece is the largest piece on a data channel: small, so that other frames pass soon.
	channelPiece = 16000
	socketPiece  = 65536
)

// outFrame is a frame for a link's writer.
type outFrame struct {
	bytes  []byte
	binary bool
}

// cut is a frame that goes out in pieces.
type cut struct {
	frame outFrame
	size  int // of the largest piece, its head included
	at    int
}

// next is the next piece; done with the last.
func (c *cut) next() (piece outFrame, done bool) {
	b := make([]byte, 0, c.size)
	b = append(b, onePiece, 0)
	if c.at == 0 {
		b[1] |= pieceFirst
		if c.frame.binary {
			b[1] |= pieceBinary
		}
		b = binary.AppendUvarint(b, uint64(len(c.frame.bytes)))
	}
	n := min(c.size-len(b), len(c.frame.bytes)-c.at)
	b = append(b, c.frame.bytes[c.at:c.at+n]...)
	if c.at += n; c.at == len(c.frame.bytes) {
		b[1] |= pieceLast
		done = true
	}
	return outFrame{b, true}, done
}

// assembly puts the pieces that come on one link together.
type assembly struct {
	// Static.
	limit int

	open   bool
	binary bool
	want   int
	whole  []byte
}

// take adds a piece, which begins behind the byte that says it is one. done says that whole is a frame.
func (a *assembly) take(piece []byte) (whole []byte, isBinary, done bool, err error) {
	if len(piece) == 0 {
		return nil, false, false, fmt.Errorf("%w: a piece without flags", errFrame)
	}
	flags, rest := piece[0], piece[1:]
	if first := flags&pieceFirst != 0; first == a.open {
		return nil, false, false, fmt.Errorf("%w: a piece out of place", errFrame)
	} else if first {
		want, n := binary.Uvarint(rest)
		if n <= 0 || want == 0 || want > uint64(a.limit) {
			return nil, false, false, fmt.Errorf("%w: pieces of a frame of %d bytes", errFrame, want)
		}
		rest = rest[n:]
		*a = assembly{limit: a.limit, open: true, binary: flags&pieceBinary != 0, want: int(want), whole: make([]byte, 0, want)}
	}
	if len(a.whole)+len(rest) > a.want {
		return nil, false, false, fmt.Errorf("%w: more pieces than were announced", errFrame)
	}
	a.whole = append(a.whole, rest...)
	if flags&pieceLast == 0 {
		return nil, false, false, nil
	}
	if len(a.whole) < a.want {
		return nil, false, false, fmt.Errorf("%w: pieces are missing", errFrame)
	}
	whole, isBinary = a.whole, a.binary
	*a = assembly{limit: a.limit}
	return whole, isBinary, true, nil
}
