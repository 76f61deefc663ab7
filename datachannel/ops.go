package datachannel

import (
	"encoding/json"
	"fmt"
	"time"
)

// Op is one change of the state that somebody asks for.
type Op struct {
	Key     string
	Value   json.RawMessage // part of the frame it came in; a State copies it
	Delete  bool
	Base    uint64  // last change of the key that the writer had seen; 0: none
	If      *uint64 // last change of the key, or the Op is refused
	Version *uint64
	Nonce   uint64
	TTL     time.Duration // 0: that of the key's rule

	// Moderates says that the writer may delete what belongs to another. It is the Poster's to say, and no client's.
	Moderates bool
}

// decodeOps reads the `ops` of an `s`. An error wraps ErrBadMessage: they are not what the protocol says. A Refusal
// says that they are, but above a limit.
func decodeOps(raw []byte, limits *Limits, c *StateConfig) ([]Op, *Refusal, error) {
	s := scanner{text: raw}
	if s.space() != '[' {
		return nil, nil, errOps("not an array")
	}
	s.at++
	var ops []Op
	var refusal error
	for more := true; more; {
		if s.space() != '{' {
			return nil, nil, errOps("not an array of objects, 1 at least")
		}
		if len(ops) == maxOps {
			return nil, nil, errOps("more than 100")
		}
		var m opMembers
		if err := s.op(&m); err != nil {
			return nil, nil, err
		}
		op, err := m.read()
		if err != nil {
			return nil, nil, err
		}
		ops = append(ops, op)
		if refusal == nil {
			refusal = c.check(&op)
		}
		if refusal == nil && m.depth > limits.Depth {
			refusal = Refusal{codeBadMessage, fmt.Sprintf("a value is nested %d deep, %d is allowed", m.depth, limits.Depth)}
		}
		switch s.space() {
		case ',':
		case ']':
			more = false
		default:
			return nil, nil, errNotJSON()
		}
		s.at++
	}
	if s.space() != 0 || s.at != len(raw) {
		return nil, nil, errNotJSON()
	}
	if refusal != nil {
		r := refusalOf(refusal)
		return nil, &r, nil
	}
	return ops, nil, nil
}

func errOps(text string) error { return fmt.Errorf("%w: ops: %s", ErrBadMessage, text) }

// opMembers are the values of an op's members as they are in the frame, nil where there is none.
type opMembers struct {
	k, v, del, base, when, ver, nonce, ttl []byte

	depth int // of v
}

func (m *opMembers) slot(name string) *[]byte {
	switch name {
	case "k":
		return &m.k
	case "v":
		return &m.v
	case "del":
		return &m.del
	case "base":
		return &m.base
	case "if":
		return &m.when
	case "ver":
		return &m.ver
	case "nonce":
		return &m.nonce
	case "ttl":
		return &m.ttl
	}
	return nil
}

// op scans one op; s.at is at its opening brace.
func (s *scanner) op(m *opMembers) error {
	s.at++
	if s.space() == '}' {
		s.at++
		return nil
	}
	for more := true; more; {
		from := s.at
		if s.space() != '"' || !s.string() {
			return errNotJSON()
		}
		var slot *[]byte
		if name, ok := unquote(s.text[from:s.at]); ok {
			slot = m.slot(name)
		}
		if s.space() != ':' {
			return errNotJSON()
		}
		s.at++
		s.space()
		from, s.deepest = s.at, 0
		if !s.value(0) {
			return errNotJSON()
		}
		if slot != nil {
			if *slot != nil { // readers differ in which they believe
				return errOps("a member twice")
			}
			*slot = s.text[from:s.at:s.at]
			if slot == &m.v {
				m.depth = s.deepest
			}
		}
		switch s.space() {
		case ',':
			s.at++
			s.space()
		case '}':
			s.at++
			more = false
		default:
			return errNotJSON()
		}
	}
	return nil
}

// read makes an Op of the members.
func (m *opMembers) read() (Op, error) {
	op := Op{Value: m.v, Delete: m.del != nil}
	if op.Delete == (m.v != nil) {
		return Op{}, errOps("neither v nor del, or both")
	}
	if op.Delete && string(m.del) != "true" {
		return Op{}, errOps("del is not true")
	}
	var when, version, ttl uint64
	err := word(&op.Key, "k", m.k)
	for _, n := range []struct {
		into *uint64
		name string
		raw  []byte
	}{
		{&op.Base, "base", m.base},
		{&when, "if", m.when},
		{&version, "ver", m.ver},
		{&op.Nonce, "nonce", m.nonce},
		{&ttl, "ttl", m.ttl},
	} {
		if err == nil && n.raw != nil {
			err = number(n.into, n.name, n.raw, 0)
		}
	}
	if err != nil {
		return Op{}, fmt.Errorf("%w: ops: %w", ErrBadMessage, err)
	}
	if m.when != nil {
		op.If = &when
	}
	if m.ver != nil {
		op.Version = &version
	}
	if m.ttl != nil {
		op.TTL = wireTTL(ttl)
	}
	return op, nil
}

// wireTTL is a time to live in milliseconds. What no rule allows stays so: 0 does not become the default, and the very
// long does not overflow.
func wireTTL(ms uint64) time.Duration {
	if ms == 0 {
		return -1
	}
	return time.Duration(min(ms, uint64(2*longestTTL.Milliseconds()))) * time.Millisecond
}
