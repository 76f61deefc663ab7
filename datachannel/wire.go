package datachannel

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Kinds of the data messages, the `t` of docs/protocol.md.
const (
	kindMessage = "m"
	kindAttach  = "attach"
	kindAck     = "ack"
	kindPing    = "ping"
	kindLossy   = "e"
	kindState   = "s"
	kindHistory = "history"
)

// Reasons of a reset.
const (
	resetTrimmed = "trimmed"
	resetAhead   = "ahead"
	resetEpoch   = "epoch"
)

// maxNumber is the largest integer that a browser counts exactly.
const maxNumber = 1<<53 - 1

// Inbound is one object that a client sent. Raw and Data are parts of the frame it came in.
type Inbound struct {
	Kind string          // `t`
	Raw  json.RawMessage // the whole object

	// Of data messages only.
	N, Gen, Position, ID, Before uint64
	Limit                        int
	Epoch, Type, Key             string
	Data                         json.RawMessage
	Bytes                        []byte   // instead of Data; nil: none
	To                           []string // nil: everyone
	Ops                          []Op     // of a change of state
	Cells                        *uint64  // of an attach: how much of the snapshot has come; nil: all
	Refusal                      *Refusal // the message is whole, but above a limit

	owned bool // bytes of the frame are its own
	owns  int  // so many
}

// Decode takes a text frame apart and appends its objects to into. All of the frame is checked before anything of it is
// returned. An error wraps ErrBadMessage; then nothing of the frame can be trusted.
//
// A message that is well-formed but above a limit has a Refusal instead: it counts, and is refused at its place.
func Decode(into []Inbound, frame []byte, limits Limits) ([]Inbound, error) {
	first := len(into)
	into, err := decodeText(into, frame, limits)
	if err != nil {
		return into, err
	}
	for i := range into[first:] {
		if into[first+i].owned {
			return into[:first], fmt.Errorf("%w: bytes in a text frame", ErrBadMessage)
		}
	}
	return into, nil
}

// decodeFrame is Decode for a frame of either kind that is not a piece.
func decodeFrame(into []Inbound, frame []byte, binary bool, limits Limits) ([]Inbound, error) {
	if binary {
		return decodeBytes(into, frame, limits)
	}
	return Decode(into, frame, limits)
}

// decodeBytes is Decode for a frame with bytes.
func decodeBytes(into []Inbound, frame []byte, limits Limits) ([]Inbound, error) {
	if len(frame) == 0 || frame[0] != frameWithBytes {
		return into, fmt.Errorf("%w: a binary frame of no known kind", ErrBadMessage)
	}
	size, n := binary.Uvarint(frame[1:])
	if n <= 0 || size > uint64(len(frame)-1-n) {
		return into, fmt.Errorf("%w: a frame with bytes that is too short", ErrBadMessage)
	}
	text, payload := frame[1+n:1+n+int(size)], frame[1+n+int(size):]
	first := len(into)
	into, err := decodeText(into, text, limits)
	if err != nil {
		return into, err
	}
	for i := range into[first:] {
		in := &into[first+i]
		if !in.owned {
			continue
		}
		if in.owns > len(payload) {
			return into[:first], fmt.Errorf("%w: fewer bytes than announced", ErrBadMessage)
		}
		in.Bytes, payload = payload[:in.owns:in.owns], payload[in.owns:]
	}
	if len(payload) > 0 {
		return into[:first], fmt.Errorf("%w: bytes that are nobody's", ErrBadMessage)
	}
	return into, nil
}

func decodeText(into []Inbound, frame []byte, limits Limits) ([]Inbound, error) {
	if !utf8.Valid(frame) {
		return into, fmt.Errorf("%w: not UTF-8", ErrBadMessage)
	}
	s := scanner{text: frame}
	first := len(into)
	switch s.space() {
	case '{':
		in, err := s.envelope(0, &limits)
		if err != nil {
			return into, err
		}
		into = append(into, in)
	case '[':
		s.at++
		if s.space() == ']' {
			s.at++
			break
		}
		for more := true; more; {
			if len(into)-first == limits.Objects {
				return into[:first], fmt.Errorf("%w: more than %d objects in a frame", ErrBadMessage, limits.Objects)
			}
			in, err := s.envelope(1, &limits)
			if err != nil {
				return into[:first], err
			}
			into = append(into, in)
			switch s.space() {
			case ',':
			case ']':
				more = false
			default:
				return into[:first], errNotJSON()
			}
			s.at++
		}
	default:
		return into, fmt.Errorf("%w: neither an object nor an array", ErrBadMessage)
	}
	if s.space() != 0 || s.at != len(frame) {
		return into[:first], errNotJSON()
	}
	return into, nil
}

func errNotJSON() error { return fmt.Errorf("%w: not JSON", ErrBadMessage) }

// members are the values of an envelope's own members, as they are in the frame; nil where there is none.
type members struct {
	t, n, typ, data, to, gen, epoch, position, id, bytes, ops, key, before, limit, state []byte
	dataDepth                                                                            int
}

func (m *members) slot(name string) *[]byte {
	switch name {
	case "t":
		return &m.t
	case "n":
		return &m.n
	case "type":
		return &m.typ
	case "data":
		return &m.data
	case "to":
		return &m.to
	case "gen":
		return &m.gen
	case "epoch":
		return &m.epoch
	case "position":
		return &m.position
	case "id":
		return &m.id
	case "bytes":
		return &m.bytes
	case "ops":
		return &m.ops
	case "key":
		return &m.key
	case "before":
		return &m.before
	case "limit":
		return &m.limit
	case "state":
		return &m.state
	}
	return nil
}

// envelope reads one object, which is inside depth arrays.
func (s *scanner) envelope(depth int, limits *Limits) (Inbound, error) {
	if s.space() != '{' {
		return Inbound{}, fmt.Errorf("%w: not an object", ErrBadMessage)
	}
	var m members
	start := s.at
	s.at++
	if s.space() == '}' {
		s.at++
		return Inbound{}, fmt.Errorf("%w: no t", ErrBadMessage)
	}
	for more := true; more; {
		if s.space() != '"' {
			return Inbound{}, errNotJSON()
		}
		from := s.at
		if !s.string() {
			return Inbound{}, errNotJSON()
		}
		var slot *[]byte
		if name, ok := unquote(s.text[from:s.at]); ok {
			slot = m.slot(name)
		}
		if s.space() != ':' {
			return Inbound{}, errNotJSON()
		}
		s.at++
		s.space()
		from, s.deepest = s.at, depth+1
		if !s.value(depth + 1) {
			return Inbound{}, errNotJSON()
		}
		if slot != nil {
			if *slot != nil { // readers differ in which they believe
				return Inbound{}, fmt.Errorf("%w: a member twice", ErrBadMessage)
			}
			*slot = s.text[from:s.at:s.at]
			if slot == &m.data {
				m.dataDepth = s.deepest - depth - 1
			}
		}
		switch s.space() {
		case ',':
		case '}':
			more = false
		default:
			return Inbound{}, errNotJSON()
		}
		s.at++
	}
	in := Inbound{Raw: s.text[start:s.at:s.at]}
	return in, in.read(&m, limits)
}

// read fills in what the members say.
func (in *Inbound) read(m *members, limits *Limits) error {
	kind, ok := unquote(m.t)
	if !ok || kind == "" {
		return fmt.Errorf("%w: no t", ErrBadMessage)
	}
	in.Kind = kind
	switch kind {
	case kindMessage:
		if err := errJoin(kind, number(&in.N, "n", m.n, 1), in.readContent(m, limits)); err != nil {
			return err
		}
		in.limit(m.dataDepth, limits.MessageBytes, limits)
	case kindLossy:
		if err := errJoin(kind, in.readContent(m, limits), maybe(m.key, word, &in.Key, "key")); err != nil {
			return err
		}
		in.limit(m.dataDepth, limits.LossyBytes, limits)
	case kindState:
		var err error
		if in.Ops, in.Refusal, err = decodeOps(m.ops, limits, &StateConfig{KeyBytes: limits.KeyBytes, ValueBytes: limits.ValueBytes}); err != nil {
			return err
		}
		return errJoin(kind, number(&in.N, "n", m.n, 1))
	case kindHistory:
		var limit uint64
		err := errJoin(kind, number(&in.ID, "id", m.id, 0), maybe(m.typ, word, &in.Type, "type"),
			maybe(m.before, whole0, &in.Before, "before"), maybe(m.limit, whole0, &limit, "limit"))
		in.Limit = int(min(limit, historyMessages))
		return err
	case kindAttach:
		if m.state != nil {
			in.Cells = new(uint64)
			if err := errJoin(kind, number(in.Cells, "state", m.state, 0)); err != nil {
				return err
			}
		}
		return errJoin(kind,
			number(&in.Gen, "gen", m.gen, 1), word(&in.Epoch, "epoch", m.epoch), number(&in.Position, "position", m.position, 0))
	case kindAck:
		return errJoin(kind, number(&in.Position, "position", m.position, 0))
	case kindPing:
		return errJoin(kind, number(&in.ID, "id", m.id, 0))
	}
	return nil
}

// maybe reads a member that may be missing.
func maybe[T any](raw []byte, read func(*T, string, []byte) error, into *T, name string) error {
	if raw == nil {
		return nil
	}
	return read(into, name, raw)
}

func whole0(into *uint64, name string, raw []byte) error { return number(into, name, raw, 0) }

// errJoin is the first error, with the kind of message it was in.
func errJoin(kind string, errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrBadMessage, kind, err)
		}
	}
	return nil
}

// number reads a whole number that is least or more. Fractions and exponents are not numbers here.
func number(into *uint64, name string, raw []byte, least uint64) error {
	v, err := strconv.ParseUint(string(raw), 10, 64)
	if err != nil || v < least || v > maxNumber {
		return fmt.Errorf("%s is not a whole number from %d", name, least)
	}
	*into = v
	return nil
}

func word(into *string, name string, raw []byte) error {
	v, ok := unquote(raw)
	if !ok {
		return fmt.Errorf("%s is not a string", name)
	}
	*into = v
	return nil
}
