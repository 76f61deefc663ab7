package datachannel

import (
	"slices"
	"strconv"
)

// frameHead is more than a log frame has around its entries: two numbers of up to 20 digits and the names.
const frameHead = 128

// viewer is for whom a frame is made.
type viewer struct{ session, participant string }

// quietSpan is how many entries for others a reader may be behind before it is told of its new position. It keeps a
// talk of two from costing everyone else a frame per message, and the ones it is not told of cheap to look through.
const quietSpan = 64

// spanEntries is how many entries one frame looks at. What is not for its reader costs no bytes of the frame, but each
// look is under the log's lock.
const spanEntries = 4096

// frame is what goes over a link: in one part, or in several if it is so large that nobody should copy it.
type frame struct {
	one    []byte
	parts  [][]byte // instead of one
	size   int
	binary bool
	shared bool // others are sent it too
}

func whole(b []byte, binary bool) frame { return frame{one: b, size: len(b), binary: binary} }

// sharedFrame is the newest log frame that is the same for nearly everyone.
type sharedFrame struct {
	after, position uint64
	frame           frame
	authors         []string // sessions that do not get it, because something in it is their own
}

// span is which entries a frame has.
type span struct {
	after, position uint64
	seen            int
	size            int  // about
	payload         int  // bytes that entries own
	own             bool // some entry is the viewer's own
	private         bool // some entry is not for everyone
}

// frame makes one log frame with what lies beyond after, as much as fits into limit bytes but one entry at least. It
// returns the position that the frame reaches. Nothing to say is an empty frame. A position that fell off the tail is
// ok == false.
//
// It makes no JSON: bodies were made when they were appended. Readers at the same place get the same bytes; for one who
// sees the entries differently from others they are made in buf.
func (l *Log) frame(buf []byte, after uint64, v viewer, limit int) (f frame, position uint64, ok bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	end := l.wake.reach()
	switch {
	case after+1 < l.tail:
		return frame{}, after, false
	case after >= end: // beyond it is what waits to be written, or to be told
		return frame{}, after, after <= l.last
	}
	if s := l.shared.Load(); s != nil && s.after == after && s.position == end && s.frame.size <= limit &&
		!slices.Contains(s.authors, v.session) {
		return s.frame, s.position, true
	}
	s := l.measureLocked(after, end, v, limit)
	if s.seen == 0 && s.position-after < quietSpan {
		return frame{}, after, true
	}
	shared := !s.own && !s.private && s.position == end
	if shared {
		buf = make([]byte, 0, frameHead+s.size)
	}
	f = l.buildLocked(buf[:0], s, v)
	if f.shared = shared; shared {
		l.shared.Store(&sharedFrame{after, s.position, f, l.authorsLocked(s)})
	}
	return f, s.position, true
}

// measureLocked finds how far a frame goes.
func (l *Log) measureLocked(after, end uint64, v viewer, limit int) span {
	s := span{after: after, position: after}
	end = min(end, after+spanEntries)
	for s.size = frameHead; s.position < end; s.position++ {
		r := l.atLocked(s.position + 1)
		visible, own := v.sees(r)
		if !visible {
			s.private = true
			continue
		}
		add, payload := len(r.body)+1, len(r.payload)
		if own {
			add, payload = ownSize(r), 0
		}
		if s.seen > 0 && s.size+add+payload > limit {
			break
		}
		s.size += add + payload
		s.seen++
		s.own = s.own || own
		s.private = s.private || r.direct || r.kind == EntryRefused
		s.payload += payload
	}
	return s
}

// largeEntry is from which size on an entry is sent from where it is, and not copied for each reader.
const largeEntry = 32 << 10

// buildLocked makes the frame of a span.
func (l *Log) buildLocked(buf []byte, s span, v viewer) frame {
	buf = appendLogHead(buf, s.after, s.position)
	if s.seen == 1 {
		if f, ok := l.buildLargeLocked(buf, s, v); ok {
			return f
		}
	}
	var payloads [][]byte
	comma := false
	var before neighbour
	for o := s.after + 1; o <= s.position; o++ {
		r := l.atLocked(o)
		visible, own := v.sees(r)
		if !visible {
			continue
		}
		if comma {
			buf = append(buf, ',')
		}
		comma = true
		switch {
		case own:
			buf = appendOwn(buf, r, o)
			before.offset = o
		default:
			buf = before.append(buf, r, o)
			if r.payload != nil {
				payloads = append(payloads, r.payload)
			}
		}
	}
	buf = append(buf, `]}`...)
	if payloads == nil {
		return whole(buf, false)
	}
	return whole(appendWithBytes(make([]byte, 0, len(buf)+s.payload+8), buf, payloads...), true)
}

// buildLargeLocked makes a frame of one entry that is large, without copying it.
func (l *Log) buildLargeLocked(head []byte, s span, v viewer) (frame, bool) {
	for o := s.after + 1; o <= s.position; o++ {
		r := l.atLocked(o)
		visible, own := v.sees(r)
		switch {
		case !visible:
			continue
		case own, len(r.body)+len(r.payload) < largeEntry:
			return frame{}, false
		}
		head = slices.Clone(head)
		size := len(head) + len(r.body) + len(`]}`)
		f := frame{parts: [][]byte{head, r.body, []byte(`]}`)}, size: size}
		if r.payload != nil {
			prefix := appendBytesHead(nil, size)
			f = frame{
				parts: [][]byte{prefix, head, r.body, []byte(`]}`), r.payload},
				size:  len(prefix) + size + len(r.payload), binary: true,
			}
		}
		return f, true
	}
	return frame{}, false
}

// authorsLocked are the sessions with something of their own in a span.
func (l *Log) authorsLocked(s span) []string {
	var out []string
	for o := s.after + 1; o <= s.position; o++ {
		if id := l.atLocked(o).session; id != "" && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

func appendLogHead(buf []byte, after, position uint64) []byte {
	buf = append(buf, `{"t":"log","after":`...)
	buf = strconv.AppendUint(buf, after, 10)
	buf = append(buf, `,"position":`...)
	buf = strconv.AppendUint(buf, position, 10)
	return append(buf, `,"entries":[`...)
}
