package conformance

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// largest is the most a frame may have that does not go in pieces.
const largest = 65536

// First bytes and flags of binary frames.
const (
	withBytes  = 0x01
	piece      = 0x02
	firstPiece = 1
	lastPiece  = 2
	ofBinary   = 4
)

// told is one object of a server, of whatever kind.
type told struct {
	T                                   string
	Room, SID, RT, Epoch, Link          string
	Re, Code, Message, Reason           string
	Answer, SDP                         string
	From, Type, Key                     string
	ID, Gen, N, Position, After, At, Of uint64
	State, RetryMs                      uint64
	Peer, Here, Since, More             bool
	You                                 participant
	Participants                        []participant
	Entries                             []entry
	Cells                               []cell
	History                             []string
	Limits                              limits
	Data                                json.RawMessage
	Bytes                               *int
	raw                                 []byte // what Bytes owns
}

type participant struct{ ID, Identity, Name string }

type limits struct {
	MessageBytes, FrameBytes, LossyBytes, KeyBytes, ValueBytes             int
	MessagesPerSecond, MessageBurst, BytesPerSecond, ByteBurst, MediaLines int
}

// entry is one of a log or of a history.
type entry struct {
	O                 uint64
	From, Name, Type  string
	Data              json.RawMessage
	Bytes             *int
	At, Ms            int64
	Direct            bool
	OK, Refused       uint64
	Code, Message     string
	Event, ID, Reason string
	Participant       participant
	Ops               []op
	raw               []byte
}

// op is one change of the state.
type op struct {
	K     string          `json:"k"`
	V     json.RawMessage `json:"v,omitempty"`
	Del   bool            `json:"del,omitempty"`
	Base  *uint64         `json:"base,omitempty"`
	If    *uint64         `json:"if,omitempty"`
	Ver   *uint64         `json:"ver,omitempty"`
	Nonce *uint64         `json:"nonce,omitempty"`
	TTL   int             `json:"ttl,omitempty"`
}

// cell is one value of the state.
type cell struct {
	K   string
	V   json.RawMessage
	O   uint64
	By  string
	Del bool
}

var errFrame = errors.New("not a frame of the protocol")

// unframer turns what one link brings into frames: pieces are put together.
type unframer struct {
	whole  []byte
	length uint64
	binary bool
	open   bool
}

// take returns the JSON of a frame and the bytes behind it. Both are nil after a piece that is not the last.
func (u *unframer) take(frame []byte, isBinary bool) (text, raw []byte, err error) {
	if !isBinary {
		return frame, nil, nil
	}
	if len(frame) == 0 {
		return nil, nil, fmt.Errorf("%w: an empty binary frame", errFrame)
	}
	switch frame[0] {
	case withBytes:
		length, size := binary.Uvarint(frame[1:])
		if size <= 0 || length > uint64(len(frame)-1-size) {
			return nil, nil, fmt.Errorf("%w: a frame with bytes that has a head of %d", errFrame, length)
		}
		rest := frame[1+size:]
		return rest[:length], rest[length:], nil
	case piece:
		return u.piece(frame[1:])
	}
	return nil, nil, fmt.Errorf("%w: a binary frame that begins with %#x", errFrame, frame[0])
}

func (u *unframer) piece(p []byte) (text, raw []byte, err error) {
	if len(p) == 0 {
		return nil, nil, fmt.Errorf("%w: a piece without flags", errFrame)
	}
	flags, p := p[0], p[1:]
	if first := flags&firstPiece != 0; first == u.open {
		return nil, nil, fmt.Errorf("%w: a piece with flags %#x while a frame is open: %t", errFrame, flags, u.open)
	}
	if !u.open {
		length, size := binary.Uvarint(p)
		if size <= 0 {
			return nil, nil, fmt.Errorf("%w: a first piece without a length", errFrame)
		}
		p = p[size:]
		*u = unframer{length: length, binary: flags&ofBinary != 0, open: true}
	}
	u.whole = append(u.whole, p...)
	last := flags&lastPiece != 0
	if n := uint64(len(u.whole)); n > u.length || last && n != u.length {
		return nil, nil, fmt.Errorf("%w: pieces of %d bytes, %d were announced", errFrame, n, u.length)
	}
	if !last {
		return nil, nil, nil
	}
	whole, isBinary := u.whole, u.binary
	*u = unframer{}
	if isBinary && len(whole) > 0 && whole[0] == piece {
		return nil, nil, fmt.Errorf("%w: pieces of pieces", errFrame)
	}
	return u.take(whole, isBinary)
}

// listen reads a text frame and gives the bytes to whom they belong.
func listen(text, raw []byte) ([]told, error) {
	if !utf8.Valid(text) {
		return nil, fmt.Errorf("%w: not UTF-8", errFrame)
	}
	var all []told
	text = bytes.TrimLeft(text, " \t\r\n")
	if len(text) > 0 && text[0] == '[' {
		if err := json.Unmarshal(text, &all); err != nil {
			return nil, fmt.Errorf("%w: %w", errFrame, err)
		}
	} else {
		all = make([]told, 1)
		if err := json.Unmarshal(text, &all[0]); err != nil {
			return nil, fmt.Errorf("%w: %w: %.80q", errFrame, err, text)
		}
	}
	if len(all) > 256 {
		return nil, fmt.Errorf("%w: an array of %d", errFrame, len(all))
	}
	own := func(count *int) ([]byte, error) {
		if count == nil {
			return nil, nil
		}
		if *count < 0 || *count > len(raw) {
			return nil, fmt.Errorf("%w: %d bytes of %d", errFrame, *count, len(raw))
		}
		owned := raw[:*count:*count]
		raw = raw[*count:]
		return owned, nil
	}
	var err error
	for i := range all {
		m := &all[i]
		if m.T == "log" {
			complete(m.After, m.Entries)
		}
		if m.raw, err = own(m.Bytes); err != nil {
			return nil, err
		}
		for j := range m.Entries {
			if m.Entries[j].raw, err = own(m.Entries[j].Bytes); err != nil {
				return nil, err
			}
		}
	}
	if len(raw) > 0 {
		return nil, fmt.Errorf("%w: %d bytes belong to nobody", errFrame, len(raw))
	}
	return all, nil
}

// complete gives the entries of a log frame what they left out because it can be told from those before them.
func complete(after uint64, entries []entry) {
	last, before := after, -1
	for i := range entries {
		e := &entries[i]
		if e.O == 0 {
			e.O = last + 1
		}
		last = e.O
		if e.Event != "" || e.Ops != nil || e.OK > 0 || e.Refused > 0 {
			continue
		}
		if before >= 0 && e.From == "" {
			e.From = entries[before].From
		}
		if before >= 0 && e.Type == "" {
			e.Type = entries[before].Type
		}
		if before >= 0 && e.At == 0 {
			e.At = entries[before].At + e.Ms
		}
		before = i
	}
}

// framed is a text frame with bytes behind it.
func framed(text string, raw []byte) []byte {
	frame := binary.AppendUvarint([]byte{withBytes}, uint64(len(text)))
	return append(append(frame, text...), raw...)
}

// pieces cuts a frame.
func pieces(frame []byte, isBinary bool, size int) [][]byte {
	var all [][]byte
	for at := 0; at == 0 || at < len(frame); {
		flags := byte(0)
		head := []byte{piece, 0}
		if at == 0 {
			flags |= firstPiece
			if isBinary {
				flags |= ofBinary
			}
			head = binary.AppendUvarint(head, uint64(len(frame)))
		}
		to := min(at+size, len(frame))
		if to == len(frame) {
			flags |= lastPiece
		}
		head[1] = flags
		all = append(all, append(head, frame[at:to]...))
		if at = to; len(frame) == 0 {
			break
		}
	}
	return all
}

// encode is for what cannot fail.
func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
