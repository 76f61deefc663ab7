package datachannel

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"
)

// EntryKind is what an entry of the log is. The numbers are kept on disk.
type EntryKind uint8

const (
	// EntryMessage is what a participant sent.
	EntryMessage EntryKind = iota + 1
	// EntryEvent is what happened in the room.
	EntryEvent
	// EntryRefused is a message that was not taken. Only the session that sent it sees the entry.
	EntryRefused
	// EntryState is a change of the room's state.
	EntryState
)

// Entry is what is appended. The log keeps nothing of it but its strings: Data and Bytes are copied at once.
type Entry struct {
	Kind    EntryKind
	From    string          // participant who sent it
	Name    string          // what it is called, for the history
	Session string          // session who sent it: it gets `ok` instead of the message
	N       uint64          // its number in that session
	To      []string        // participants who get it
	Direct  bool            // only To get it, even if that is nobody; a To that is not empty implies it
	Type    string          // of the message; of an event its name, unless Data says it
	Data    json.RawMessage // JSON of the message; of an event an object, whose members become the entry's
	Bytes   []byte          // of a message, instead of Data; nil: none
	Ops     []Op            // of a change of state
	Code    string          // of a refusal
	Text    string          // of a refusal
	Patient bool            // readers need not be told of it by itself, if others like it come and go
	Rows    []Row           // are written to the store together with the entry; the log does not look at them
}

func (e *Entry) direct() bool { return e.Direct || len(e.To) > 0 }

// record is an entry as it is remembered: encoded, and who may see it. Nothing in it changes but what a failed write
// turns into a refusal before anybody saw it.
type record struct {
	body    []byte // the whole JSON object, shared by all readers
	payload []byte // the bytes it owns
	session string
	n       uint64
	to      []string
	kind    EntryKind
	direct  bool
	patient bool
	at      int64 // nanoseconds since 1970, for the age

	// Until it is written.
	cells  []*Cell
	recall *recall
}

// recordShare is what an entry costs beside its body, recipientShare what one of its recipients does beside the id.
const (
	recordShare    = 192
	recipientShare = 32
)

func (r *record) size() int {
	size := len(r.body) + len(r.payload) + recordShare
	for _, id := range r.to {
		size += len(id) + recipientShare
	}
	return size
}

// sees says whether r is for v, and whether it is v's own, of which it need not get the data.
func (v *viewer) sees(r *record) (visible, own bool) {
	own = r.session != "" && r.session == v.session
	switch {
	case r.kind == EntryRefused:
		return own, false
	case own:
		return true, true
	case r.direct:
		return slices.Contains(r.to, v.participant), false
	}
	return true, false
}

// entrySize is about what appendEntry makes, so that it need not grow.
func entrySize(e *Entry) int {
	return 96 + len(e.From) + len(e.Type) + len(e.Data) + len(e.Code) + len(e.Text)
}

// appendEntry appends e as others see it in a log frame; cells are what its Ops did.
func appendEntry(buf []byte, e *Entry, cells []*Cell, offset uint64, now time.Time) []byte {
	buf = append(buf, `{"o":`...)
	buf = strconv.AppendUint(buf, offset, 10)
	switch e.Kind {
	case EntryRefused:
		buf = append(buf, `,"refused":`...)
		buf = strconv.AppendUint(buf, e.N, 10)
		buf = append(buf, `,"code":`...)
		buf = appendString(buf, e.Code)
		buf = append(buf, `,"message":`...)
		buf = appendString(buf, e.Text)
	case EntryEvent:
		if e.Type != "" {
			buf = append(buf, `,"event":`...)
			buf = appendString(buf, e.Type)
		}
		// {"a":1} becomes ,"a":1
		if members := inside(e.Data); len(members) > 0 {
			buf = append(buf, ',')
			buf = append(buf, members...)
		}
	case EntryState:
		buf = append(buf, `,"from":`...)
		buf = appendString(buf, e.From)
		buf = append(buf, `,"ops":`...)
		buf = appendOps(buf, cells)
		buf = append(buf, `,"at":`...)
		buf = strconv.AppendInt(buf, now.UnixMilli(), 10)
	default:
		buf = append(buf, `,"from":`...)
		buf = appendString(buf, e.From)
		buf = append(buf, `,"type":`...)
		buf = appendString(buf, e.Type)
		switch {
		case e.Bytes != nil:
			buf = append(buf, `,"bytes":`...)
			buf = strconv.AppendInt(buf, int64(len(e.Bytes)), 10)
		case len(e.Data) == 0:
			buf = append(buf, `,"data":null`...)
		default:
			buf = append(buf, `,"data":`...)
			buf = append(buf, e.Data...)
		}
		buf = append(buf, `,"at":`...)
		buf = strconv.AppendInt(buf, now.UnixMilli(), 10)
		if e.direct() {
			buf = append(buf, `,"direct":true`...)
		}
	}
	return append(buf, '}')
}

// appendOwn appends r as its sender gets it: that it was taken, and of a change of state what it did.
func appendOwn(buf []byte, r *record, offset uint64) []byte {
	buf = append(buf, `{"o":`...)
	buf = strconv.AppendUint(buf, offset, 10)
	buf = append(buf, `,"ok":`...)
	buf = strconv.AppendUint(buf, r.n, 10)
	if r.kind == EntryState {
		rest := r.body[len(`{"o":`):]
		for rest[0] != ',' { // the number is always followed by `from`
			rest = rest[1:]
		}
		return append(buf, rest...)
	}
	return append(buf, '}')
}

// ownSize is what appendOwn appends at most.
func ownSize(r *record) int {
	if r.kind == EntryState {
		return len(r.body) + 32
	}
	return 64
}

// recordVersion is the first byte of a record in the store.
const recordVersion = 1

var errBadRow = errors.New("a row of the store makes no sense")

// appendRecord appends r as the store keeps it.
func appendRecord(buf []byte, r *record) []byte {
	buf = append(buf, recordVersion, byte(r.kind), flag(r.direct), flag(r.payload != nil))
	buf = binary.AppendVarint(buf, r.at)
	buf = binary.AppendUvarint(buf, r.n)
	buf = appendBlob(buf, r.session)
	buf = binary.AppendUvarint(buf, uint64(len(r.to)))
	for _, id := range r.to {
		buf = appendBlob(buf, id)
	}
	buf = appendBlob(buf, r.body)
	return appendBlob(buf, r.payload)
}

// readRecord is the record that appendRecord made. It keeps nothing of raw.
func readRecord(raw []byte) (r record, err error) {
	if len(raw) < 4 || raw[0] != recordVersion {
		return r, errBadRow
	}
	b := blobs{rest: raw[4:]}
	r.kind, r.direct = EntryKind(raw[1]), raw[2] != 0
	r.at = b.varint()
	r.n = b.uvarint()
	r.session = string(b.blob())
	if n := b.uvarint(); n > 0 && n <= uint64(len(raw)) {
		r.to = make([]string, n)
		for i := range r.to {
			r.to[i] = string(b.blob())
		}
	}
	r.body = slices.Clone(b.blob())
	payload := b.blob()
	if raw[3] != 0 {
		r.payload = append([]byte{}, payload...)
	}
	if b.bad || len(r.body) < len(`{"o":1}`) || len(b.rest) > 0 {
		return r, errBadRow
	}
	return r, nil
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func appendBlob[T string | []byte](buf []byte, b T) []byte {
	buf = binary.AppendUvarint(buf, uint64(len(b)))
	return append(buf, b...)
}

// blobs reads what appendBlob and the varints of encoding/binary wrote. After a mistake everything is empty.
type blobs struct {
	rest []byte
	bad  bool
}

func (b *blobs) fail() {
	b.rest, b.bad = nil, true
}

func (b *blobs) uvarint() uint64 {
	v, n := binary.Uvarint(b.rest)
	if n <= 0 {
		b.fail()
		return 0
	}
	b.rest = b.rest[n:]
	return v
}

func (b *blobs) varint() int64 {
	v, n := binary.Varint(b.rest)
	if n <= 0 {
		b.fail()
		return 0
	}
	b.rest = b.rest[n:]
	return v
}

func (b *blobs) blob() []byte {
	n := b.uvarint()
	if n > uint64(len(b.rest)) {
		b.fail()
		return nil
	}
	out := b.rest[:n:n]
	b.rest = b.rest[n:]
	return out
}
