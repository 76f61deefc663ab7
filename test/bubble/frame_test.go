package bubble_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// largest is the most a frame may have that does not go in pieces.
const largest = 65536

// First bytes and flags of binary frames.
const (
	withBytes  = 0x01
	onePiece   = 0x02
	firstPiece = 1
	lastPiece  = 2
	ofBinary   = 4
)

// of is how many there are of the state's cells. Qualities have people there, who are of no interest here.
type of uint64

func (o *of) UnmarshalJSON(b []byte) error {
	if b[0] == '{' {
		return nil
	}
	return json.Unmarshal(b, (*uint64)(o))
}

// told is one object of a server, of whatever kind.
type told struct {
	T                               string
	SID, RT, Epoch, Link            string
	Re, Code, Message, Reason       string
	From, Type, Key                 string
	ID, Gen, N, Position, After, At uint64
	Of                              of
	State                           uint64
	Since                           bool
	You                             named
	Participants                    []named
	Entries                         []entry
	Cells                           []cell
	Limits                          struct{ MessagesPerSecond, BytesPerSecond int }
	Data                            json.RawMessage
	Bytes                           *int
	raw                             []byte // what Bytes owns
}

type named struct{ ID, Name string }

// entry is one of a log or of a history.
type entry struct {
	O           uint64
	From, Type  string
	Data        json.RawMessage
	Bytes       *int
	Direct      bool
	OK, Refused uint64
	Code        string
	Event, ID   string
	Reason      string
	Participant named
	Ops         []op
	raw         []byte
}

// op is one change of the state.
type op struct {
	K     string          `json:"k"`
	V     json.RawMessage `json:"v,omitempty"`
	Del   bool            `json:"del,omitempty"`
	Base  uint64          `json:"base,omitempty"`
	If    *uint64         `json:"if,omitempty"`
	Ver   uint64          `json:"ver,omitempty"`
	Nonce uint64          `json:"nonce,omitempty"`
	TTL   int64           `json:"ttl,omitempty"`
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

// unframer puts together what one link brings in pieces.
type unframer struct {
	whole  []byte
	length uint64
	binary bool
	open   bool
}

// take reads a frame, which may be a piece that is not the last: then there is nothing yet.
func (u *unframer) take(frame []byte, isBinary bool) ([]told, error) {
	switch {
	case !isBinary:
		return listen(frame, nil)
	case len(frame) > 1 && frame[0] == withBytes:
		length, size := binary.Uvarint(frame[1:])
		if size <= 0 || length > uint64(len(frame)-1-size) {
			return nil, fmt.Errorf("%w: a head of %d", errFrame, length)
		}
		return listen(frame[1+size:][:length], frame[1+size:][length:])
	case len(frame) > 1 && frame[0] == onePiece:
		return u.piece(frame[1], frame[2:])
	}
	return nil, fmt.Errorf("%w: %.20q", errFrame, frame)
}

func (u *unframer) piece(flags byte, p []byte) ([]told, error) {
	if first := flags&firstPiece != 0; first == u.open {
		return nil, fmt.Errorf("%w: a piece with flags %d while a frame is open: %t", errFrame, flags, u.open)
	}
	if !u.open {
		length, size := binary.Uvarint(p)
		if size <= 0 {
			return nil, fmt.Errorf("%w: a first piece without a length", errFrame)
		}
		p = p[size:]
		*u = unframer{length: length, binary: flags&ofBinary != 0, open: true}
	}
	u.whole = append(u.whole, p...)
	last := flags&lastPiece != 0
	if n := uint64(len(u.whole)); n > u.length || last && n != u.length {
		return nil, fmt.Errorf("%w: pieces of %d bytes, %d were announced", errFrame, n, u.length)
	}
	if !last {
		return nil, nil
	}
	whole, isBinary := u.whole, u.binary
	*u = unframer{}
	return u.take(whole, isBinary)
}

// listen reads a text frame and gives the bytes behind it to whom they belong.
func listen(text, raw []byte) (all []told, err error) {
	if bytes.HasPrefix(text, []byte("[")) {
		err = json.Unmarshal(text, &all)
	} else {
		all = make([]told, 1)
		err = json.Unmarshal(text, &all[0])
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w: %.80q", errFrame, err, text)
	}
	own := func(count *int) (owned []byte) {
		if count == nil {
			return nil
		}
		n := min(*count, len(raw))
		owned, raw = raw[:n:n], raw[n:]
		return owned
	}
	for i := range all {
		if all[i].T == "log" {
			complete(all[i].After, all[i].Entries)
		}
		all[i].raw = own(all[i].Bytes)
		for j := range all[i].Entries {
			all[i].Entries[j].raw = own(all[i].Entries[j].Bytes)
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
		before = i
	}
}

// framed is a text frame with bytes behind it.
func framed(text, raw []byte) []byte {
	frame := binary.AppendUvarint([]byte{withBytes}, uint64(len(text)))
	return append(append(frame, text...), raw...)
}

// pieces cuts a frame.
func pieces(frame []byte, isBinary bool, size int) (all [][]byte) {
	for at := 0; at < len(frame); at += size {
		piece := []byte{onePiece, 0}
		if at == 0 {
			piece[1] |= firstPiece
			if isBinary {
				piece[1] |= ofBinary
			}
			piece = binary.AppendUvarint(piece, uint64(len(frame)))
		}
		to := min(at+size, len(frame))
		if to == len(frame) {
			piece[1] |= lastPiece
		}
		all = append(all, append(piece, frame[at:to]...))
	}
	return all
}

type object = map[string]any

// asJSON is for what cannot fail.
func asJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
