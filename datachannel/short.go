package datachannel

import (
	"bytes"
	"strconv"
)

// neighbour is what stands before an entry in a frame. A message leaves out what can be told from that, which is a sixth
// of a short one: its offset is one more, and sender, type and time are those of the message before, or nearly so.
type neighbour struct {
	offset  uint64 // of the entry before
	message parts  // before, if it has a sender; else there is none
}

// mostLater is how many milliseconds two messages of a frame are apart at most to be told by their distance.
const mostLater = 9999

// append appends r, whose offset is o, to a frame in which the neighbour is before it, and is the next one's then.
func (n *neighbour) append(buf []byte, r *record, o uint64) []byte {
	was := n.offset
	n.offset = o
	if r.kind != EntryMessage {
		return append(buf, r.body...)
	}
	m := r.parts()
	before := n.message
	n.message = m
	if before.from == nil || m.from == nil {
		return append(buf, r.body...)
	}
	buf = append(buf, '{')
	if o != was+1 {
		buf = append(buf, m.offset...)
	}
	if !bytes.Equal(m.from, before.from) {
		buf = append(buf, m.from...)
	}
	if !bytes.Equal(m.kind, before.kind) {
		buf = append(buf, m.kind...)
	}
	buf = append(buf, m.content...)
	switch later := m.at - before.at; {
	case later == 0:
	case later > 0 && later <= mostLater:
		buf = append(buf, `,"ms":`...)
		buf = strconv.AppendInt(buf, later, 10)
	default:
		buf = append(buf, `,"at":`...)
		buf = strconv.AppendInt(buf, m.at, 10)
	}
	return append(buf, m.rest...)
}

// sizer says how large entries are in a frame, one after the other.
type sizer struct {
	neighbour
	buf []byte
}

// size is that of r, whose offset is o.
func (s *sizer) size(r *record, o uint64) int {
	if len(r.body)+len(r.payload) > packet { // it is not copied to be measured
		s.neighbour = neighbour{}
		return len(r.body) + len(r.payload)
	}
	s.buf = s.append(s.buf[:0], r, o)
	return len(s.buf) + len(",") + len(r.payload)
}

// parts are those of the body of a message, in their order, commas with what they follow.
type parts struct {
	offset, from, kind []byte
	content            []byte // without the comma
	at                 int64
	rest               []byte
}

// parts takes apart what appendEntry made. Quotes within strings are escaped, so that no mark is found in one; and nothing
// behind the time is the sender's.
func (r *record) parts() (p parts) {
	content := `"data":`
	if r.payload != nil {
		content = `"bytes":`
	}
	body := r.body[len("{"):]
	from := bytes.Index(body, []byte(`"from":`))
	kind := bytes.Index(body, []byte(`"type":`))
	data := bytes.Index(body, []byte(content))
	at := bytes.LastIndex(body, []byte(`,"at":`))
	if from < 0 || kind < from || data < kind || at < data {
		return parts{} // it is not one
	}
	p.offset, p.from, p.kind, p.content = body[:from], body[from:kind], body[kind:data], body[data:at]
	for p.rest = body[at+len(`,"at":`):]; '0' <= p.rest[0] && p.rest[0] <= '9'; p.rest = p.rest[1:] {
		p.at = 10*p.at + int64(p.rest[0]-'0')
	}
	return p
}
