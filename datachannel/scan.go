package datachannel

import (
	"bytes"
	"encoding/json"
)

// hardDepth ends the reading of a frame. It is far above Limits.Depth, so that data which is merely too deep for us is
// refused like any other message and does not cost its sender the session.
const hardDepth = 256

// scanner walks over JSON text without making anything of it: the values in a message are relayed, not read. It takes
// exactly what encoding/json calls valid, up to hardDepth; that the text is UTF-8 is for the caller to check.
type scanner struct {
	text    []byte
	at      int
	deepest int
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// space skips white space and returns the byte after it, 0 at the end.
func (s *scanner) space() byte {
	for s.at < len(s.text) {
		if c := s.text[s.at]; !isSpace(c) {
			return c
		}
		s.at++
	}
	return 0
}

// value skips one value that is inside depth arrays and objects.
func (s *scanner) value(depth int) bool {
	switch c := s.space(); c {
	case '{':
		return s.enter(depth) && s.object(depth)
	case '[':
		return s.enter(depth) && s.array(depth)
	case '"':
		return s.string()
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	default:
		return s.number()
	}
}

func (s *scanner) enter(depth int) bool {
	s.at++
	s.deepest = max(s.deepest, depth+1)
	return depth < hardDepth
}

func (s *scanner) object(depth int) bool {
	if s.space() == '}' {
		s.at++
		return true
	}
	for {
		if s.space() != '"' || !s.string() || s.space() != ':' {
			return false
		}
		s.at++
		if !s.value(depth + 1) {
			return false
		}
		switch s.space() {
		case ',':
			s.at++
		case '}':
			s.at++
			return true
		default:
			return false
		}
	}
}

func (s *scanner) array(depth int) bool {
	if s.space() == ']' {
		s.at++
		return true
	}
	for {
		if !s.value(depth + 1) {
			return false
		}
		switch s.space() {
		case ',':
			s.at++
		case ']':
			s.at++
			return true
		default:
			return false
		}
	}
}

// string skips a string; s.at is at its opening quote.
func (s *scanner) string() bool {
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return true
		case c < 0x20:
			return false
		case c == '\\':
			s.at++
			if s.at >= len(s.text) {
				return false
			}
			switch s.text[s.at] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				for range 4 {
					s.at++
					if s.at >= len(s.text) || !isHex(s.text[s.at]) {
						return false
					}
				}
			default:
				return false
			}
		}
	}
	return false
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func (s *scanner) word(w string) bool {
	if len(s.text)-s.at < len(w) || string(s.text[s.at:s.at+len(w)]) != w {
		return false
	}
	s.at += len(w)
	return true
}

func (s *scanner) number() bool {
	if s.peek() == '-' {
		s.at++
	}
	if s.peek() == '0' {
		s.at++
	} else if !s.digits() {
		return false
	}
	if s.peek() == '.' {
		s.at++
		if !s.digits() {
			return false
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.at++
		if c := s.peek(); c == '+' || c == '-' {
			s.at++
		}
		return s.digits()
	}
	return true
}

func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// digits skips one digit or more.
func (s *scanner) digits() bool {
	from := s.at
	for s.at < len(s.text) && '0' <= s.text[s.at] && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at > from
}

// unquote is what a string that was scanned says.
func unquote(quoted []byte) (string, bool) {
	if len(quoted) < 2 || quoted[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1]), true
	}
	var out string
	err := json.Unmarshal(quoted, &out)
	return out, err == nil
}
