package datachannel

import (
	"encoding/json"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/parlorhq/parlor/internal/metrics"
)

// LatestConfig says how much a Latest holds. A zero field has its default.
type LatestConfig struct {
	Keys    int           // values of one sender; 64
	Slots   int           // values of all; 10,000
	Every   time.Duration // a reader gets a value no oftener; 33 ms
	Metrics *metrics.Metrics
}

// Lossy is a lossy message. Nothing of it is kept but its strings.
type Lossy struct {
	From   string // participant
	Type   string
	Key    string
	Data   json.RawMessage // or else
	Bytes  []byte
	Binary bool     // it has Bytes
	To     []string // participants who get it; nil: everyone
}

// Latest is the lossy messages of one room: the last of each sender, type and key. A reader is a place in the order of
// their last changes and holds nothing, so one that is slow misses what was overtaken and gets the newest.
//
// Readers are woken together, on a beat: at once when nothing was sent for a while, else when Every has passed since
// the beat before. So they see each value at most once in Every, and in the end the last one. Without changes there
// is no beat, and no timer.
//
// Its lock is taken last of all, and it calls nobody.
type Latest struct {
	cfg LatestConfig // static after NewLatest

	mu sync.RWMutex
	// Guarded by mu.
	senders     map[string]map[slotName]*slot
	slots       int
	first, last *slot  // by their changes
	change      uint64 // counts them
	told        uint64 // up to where readers were woken for
	readers     []*latestReader
	beat        time.Time // the last
	timer       *time.Timer
	armed       bool
}

// slotName is what tells the slots of one sender apart.
type slotName struct{ kind, key string }

// slot is where the last message of its name is.
type slot struct {
	from    string
	object  []byte // as readers get it, encoded when it came
	payload []byte // the bytes it owns
	binary  bool
	direct  bool // only to get it
	to      []string

	change     uint64 // 0: it was forgotten
	prev, next *slot
}

// NewLatest returns one without messages.
func NewLatest(c LatestConfig) *Latest {
	orDefault(&c.Keys, 64)
	orDefault(&c.Slots, 10_000)
	if c.Every <= 0 {
		c.Every = 33 * time.Millisecond
	}
	return &Latest{cfg: c, senders: map[string]map[slotName]*slot{}}
}

// Put makes e the last of its sender, type and key, and says whether there was room for it.
func (l *Latest) Put(e Lossy) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.slotLocked(&e)
	if s == nil {
		return false
	}
	s.object = appendLossy(s.object[:0], &e)
	s.payload = append(s.payload[:0], e.Bytes...)
	s.binary, s.direct, s.to = e.Binary, e.To != nil, append(s.to[:0], e.To...)
	l.unlinkLocked(s)
	l.change++
	s.change = l.change
	s.prev = l.last
	if l.last != nil {
		l.last.next = s
	} else {
		l.first = s
	}
	l.last = s
	l.stirLocked()
	return true
}

// slotLocked is the slot of e, which is made if there is none; nil if that is too much.
func (l *Latest) slotLocked(e *Lossy) *slot {
	name := slotName{e.Type, e.Key}
	own := l.senders[e.From]
	if s := own[name]; s != nil {
		return s
	}
	switch {
	case len(own) >= l.cfg.Keys:
		l.cfg.Metrics.Dropped("lossy_keys")
		return nil
	case l.slots >= l.cfg.Slots:
		l.cfg.Metrics.Dropped("lossy_slots")
		return nil
	case own == nil:
		own = map[slotName]*slot{}
		l.senders[e.From] = own
	}
	s := &slot{from: e.From}
	own[name] = s
	l.slots++
	return s
}

// unlinkLocked takes s out of the order, if it is in it.
func (l *Latest) unlinkLocked(s *slot) {
	if s.change == 0 {
		return
	}
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		l.first = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	} else {
		l.last = s.prev
	}
	s.prev, s.next, s.change = nil, nil, 0
}

// Forget drops what participant sent. What it sends after this is kept again.
func (l *Latest) Forget(participant string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.senders[participant] {
		l.unlinkLocked(s)
		l.slots--
	}
	delete(l.senders, participant)
}

// Len is how many messages there are.
func (l *Latest) Len() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.slots
}

// stirLocked sees to it that readers are woken for a change.
func (l *Latest) stirLocked() {
	if l.armed || len(l.readers) == 0 {
		return
	}
	now := time.Now()
	if wait := l.cfg.Every - now.Sub(l.beat); wait > 0 {
		l.armLocked(wait)
		return
	}
	l.beatLocked(now)
}

func (l *Latest) armLocked(wait time.Duration) {
	l.armed = true
	if l.timer == nil {
		l.timer = time.AfterFunc(wait, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.armed = false
			l.beatLocked(time.Now())
		})
		return
	}
	l.timer.Reset(wait)
}

func (l *Latest) beatLocked(now time.Time) {
	l.beat = now
	changed := l.told != l.change
	l.told = l.change
	for _, r := range l.readers {
		if changed || r.behind.Load() {
			r.wakeUp()
		}
	}
}

// place is where a reader is in the order of changes.
type place struct {
	change uint64
	slot   *slot // that had it then; it spares the search while nothing happens to it
}

// afterLocked is the first slot that changed after p.
func (l *Latest) afterLocked(p place) *slot {
	if p.change == 0 {
		return l.first
	}
	if p.slot != nil && p.slot.change == p.change {
		return p.slot.next
	}
	var found *slot
	for s := l.last; s != nil && s.change > p.change; s = s.prev {
		found = s
	}
	return found
}

// seesLossy says whether s is for v. Nobody gets its own.
func (v *viewer) seesLossy(s *slot) bool {
	return s.from != v.participant && (!s.direct || slices.Contains(s.to, v.participant))
}

// maxObjects is how many objects a frame may have.
const maxObjects = 256

// appendFrame appends to buf one frame with what changed after p and not after until, the oldest change first: as much
// as fits into limit bytes, but one message at least. It returns the place that the frame reaches. Nothing to say is
// the same buf; the place may be another one then too.
func (l *Latest) appendFrame(buf []byte, p place, until uint64, v viewer, limit int) (frame []byte, binary bool, next place) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	first := l.afterLocked(p)
	next = p
	text, payload, count := 0, 0, 0
	for s := first; s != nil && s.change <= until; s = s.next {
		if v.seesLossy(s) {
			// What is around the objects is more than it can be: brackets, and the head of a frame with bytes.
			if count == maxObjects || count > 0 && 8+text+payload+1+len(s.object)+len(s.payload) > limit {
				break
			}
			count++
			text += 1 + len(s.object) // and what is before it: a bracket or a comma
			payload += len(s.payload)
			binary = binary || s.binary
		}
		next = place{s.change, s}
	}
	if count == 0 {
		return buf, false, next
	}
	if count == 1 {
		text-- // no brackets
	} else {
		text++
	}

	if binary {
		buf = appendBytesHead(buf, text)
	}
	if count > 1 {
		buf = append(buf, '[')
	}
	comma := false
	for s := first; ; s = s.next {
		if v.seesLossy(s) {
			if comma {
				buf = append(buf, ',')
			}
			comma = true
			buf = append(buf, s.object...)
		}
		if s == next.slot {
			break
		}
	}
	if count > 1 {
		buf = append(buf, ']')
	}
	for s := first; payload > 0; s = s.next {
		if v.seesLossy(s) {
			buf = append(buf, s.payload...)
		}
		if s == next.slot {
			break
		}
	}
	return buf, binary, next
}

// appendLossy appends e as others get it.
func appendLossy(buf []byte, e *Lossy) []byte {
	buf = append(buf, `{"t":"e","from":`...)
	buf = appendString(buf, e.From)
	buf = append(buf, `,"type":`...)
	buf = appendString(buf, e.Type)
	if e.Key != "" {
		buf = append(buf, `,"key":`...)
		buf = appendString(buf, e.Key)
	}
	switch {
	case e.Binary:
		buf = append(buf, `,"bytes":`...)
		buf = strconv.AppendInt(buf, int64(len(e.Bytes)), 10)
	case len(e.Data) == 0:
		buf = append(buf, `,"data":null`...)
	default:
		buf = append(buf, `,"data":`...)
		buf = append(buf, e.Data...)
	}
	return append(buf, '}')
}
