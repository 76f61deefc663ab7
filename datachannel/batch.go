package datachannel

import (
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// frameHead is more than a log frame has around its entries: two numbers of up to 20 digits and the names.
const frameHead = 128

// ownSize is more than an entry has that tells a sender its message was taken.
const ownSize = 64

// viewer is for whom a frame is made.
type viewer struct{ session, participant string }

// sees says whether r is for v, and whether it is v's own message, of which it gets `ok` only.
func (v *viewer) sees(r *record) (visible, own bool) {
	own = r.session != "" && r.session == v.session
	switch {
	case r.kind == EntryRefused:
		return own, false
	case r.kind == EntryMessage && own:
		return true, true
	case r.direct:
		return slices.Contains(r.to, v.participant), false
	}
	return true, false
}

// quietSpan is how many entries for others a reader may be behind before it is told of its new position. It keeps a
// talk of two from costing everyone else a frame per message, and the ones it is not told of cheap to look through.
const quietSpan = 64

// appendFrame appends to buf one log frame with what lies beyond after, as much as fits into limit bytes but one entry
// at least. It returns the position that the frame reaches. Nothing to say is the same buf and position. A position
// that fell off the tail is ok == false.
//
// It makes no JSON: bodies were made when they were appended and are copied.
func (l *Log) appendFrame(buf []byte, after uint64, v viewer, limit int) (frame []byte, position uint64, ok bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if after+1 < l.tail || after > l.head {
		return buf, after, false
	}
	position, seen := after, 0
	for size := frameHead; position < l.head; position++ {
		r := l.atLocked(position + 1)
		visible, own := v.sees(r)
		if !visible {
			continue
		}
		add := len(r.body) + 1
		if own {
			add = ownSize
		}
		if seen > 0 && size+add > limit {
			break
		}
		size += add
		seen++
	}
	if seen == 0 && position-after < quietSpan {
		return buf, after, true
	}

	buf = append(buf, `{"t":"log","after":`...)
	buf = strconv.AppendUint(buf, after, 10)
	buf = append(buf, `,"position":`...)
	buf = strconv.AppendUint(buf, position, 10)
	buf = append(buf, `,"entries":[`...)
	comma := false
	for o := after + 1; o <= position; o++ {
		r := l.atLocked(o)
		visible, own := v.sees(r)
		if !visible {
			continue
		}
		if comma {
			buf = append(buf, ',')
		}
		comma = true
		if own {
			buf = append(buf, `{"o":`...)
			buf = strconv.AppendUint(buf, o, 10)
			buf = append(buf, `,"ok":`...)
			buf = strconv.AppendUint(buf, r.n, 10)
			buf = append(buf, '}')
		} else {
			buf = append(buf, r.body...)
		}
	}
	return append(buf, `]}`...), position, true
}

// entrySize is about what appendEntry makes, so that it need not grow.
func entrySize(e *Entry) int {
	return 96 + len(e.From) + len(e.Type) + len(e.Data) + len(e.Code) + len(e.Text)
}

// appendEntry appends e as others see it in a log frame.
func appendEntry(buf []byte, e *Entry, offset uint64, now time.Time) []byte {
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
	default:
		buf = append(buf, `,"from":`...)
		buf = appendString(buf, e.From)
		buf = append(buf, `,"type":`...)
		buf = appendString(buf, e.Type)
		buf = append(buf, `,"data":`...)
		if len(e.Data) == 0 {
			buf = append(buf, `null`...)
		} else {
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

// inside is what an object has between its braces.
func inside(object []byte) []byte {
	for len(object) > 0 && isSpace(object[0]) {
		object = object[1:]
	}
	for len(object) > 0 && isSpace(object[len(object)-1]) {
		object = object[:len(object)-1]
	}
	if len(object) < 2 || object[0] != '{' {
		return nil
	}
	object = object[1 : len(object)-1]
	for len(object) > 0 && isSpace(object[0]) {
		object = object[1:]
	}
	return object
}

// appendString appends s as a JSON string. What is not UTF-8 becomes U+FFFD: a text frame with anything else in it
// would make browsers close the link.
func appendString(buf []byte, s string) []byte {
	const hex = "0123456789abcdef"
	buf = append(buf, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			buf = append(buf, '\\', c)
		case c < 0x20:
			buf = append(buf, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			buf = append(buf, c)
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			buf = utf8.AppendRune(buf, r)
			i += size
			continue
		}
		i++
	}
	return append(buf, '"')
}
