package sfu

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// story is what came in a line.
type story struct {
	start time.Time
	came  []moment
}

// moment is a packet that came.
type moment struct {
	at       time.Time
	sequence int // extended
	time     uint32
	rid      string
	first    bool // of a frame
	last     bool
	key      bool
}

func (b *browser) story(mid string, start time.Time) *story {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := &story{start: start}
	highest := -1
	for i, p := range b.received[mid] {
		if highest < 0 {
			highest = int(p.SequenceNumber) + 1<<16
		}
		sequence := highest + int(int16(p.SequenceNumber-uint16(highest)))
		highest = max(highest, sequence)
		m := moment{at: b.times[mid][i], sequence: sequence, time: p.Timestamp, last: p.Marker}
		if len(p.Payload) > 8 && p.Payload[0]&0x80 != 0 {
			m.rid, m.first = string(p.Payload[6:7]), p.Payload[0]&0x10 != 0
			m.key = m.first && p.Payload[5]&1 == 0
		}
		s.came = append(s.came, m)
	}
	return s
}

// gap is the longest time without a packet in a span of the story, in the order in which they are heard: one that comes
// too late is of no use.
func (s *story) gap(from, to time.Duration) (longest time.Duration) {
	last := s.start.Add(from)
	for _, m := range s.came {
		if at := m.at.Sub(s.start); at >= from && at < to {
			longest = max(longest, m.at.Sub(last))
			last = m.at
		}
	}
	return max(longest, s.start.Add(to).Sub(last))
}

// until is how long after a time an encoding is there.
func (s *story) until(from time.Duration, rid string) time.Duration {
	now := ""
	for _, m := range s.came {
		at := m.at.Sub(s.start)
		if at > from && m.rid == rid {
			if now == rid {
				return 0
			}
			return at - from
		}
		if m.rid != "" {
			now = m.rid
		}
		if at > from && now != rid {
			now = "other"
		}
	}
	return time.Hour
}

// last is when an encoding came last before a time.
func (s *story) last(before time.Duration, rid string) (at time.Duration) {
	for _, m := range s.came {
		if when := m.at.Sub(s.start); when < before && m.rid == rid {
			at = when
		}
	}
	return at
}

// falls are when a smaller encoding followed a larger one.
func (s *story) falls() (at []time.Duration) {
	now := ""
	for _, m := range s.sorted() {
		if now != "" && strings.Index("qhf", m.rid) < strings.Index("qhf", now) {
			at = append(at, m.at.Sub(s.start))
		}
		now = m.rid
	}
	return at
}

// sorted are the packets as they were sent, each once, as it came first.
func (s *story) sorted() []moment {
	out := slices.Clone(s.came)
	slices.SortStableFunc(out, func(a, b moment) int { return a.sequence - b.sequence })
	return slices.CompactFunc(out, func(a, b moment) bool { return a.sequence == b.sequence })
}

// freeze is the longest time without a new picture that can be decoded.
func (s *story) freeze(from, to time.Duration) (longest time.Duration, at time.Duration) {
	shown := s.start.Add(from)
	note := func(when time.Time) {
		if d := when.Sub(shown); d > longest {
			longest, at = d, shown.Sub(s.start)
		}
		shown = when
	}
	var whole, decodes bool // the frame that is read; all up to it
	var when time.Time
	next := 0
	for _, m := range s.sorted() {
		gap := m.sequence != next
		next = m.sequence + 1
		if m.first {
			whole = true
			if when = m.at; m.key {
				decodes = true
			} else if gap {
				decodes = false
			}
		} else if gap {
			whole, decodes = false, false
		}
		if m.at.After(when) {
			when = m.at
		}
		if m.last && whole && decodes {
			if shows := when.Sub(s.start); shows >= from && shows < to && when.After(shown) {
				note(when)
			}
		}
	}
	note(s.start.Add(to))
	return longest, at
}

// mean is what came in a span, in bits a second. Packets are counted as large as they mostly are.
func (s *story) count(from, to time.Duration) (n int) {
	for _, m := range s.came {
		if at := m.at.Sub(s.start); at >= from && at < to {
			n++
		}
	}
	return n
}

// tells logs what is shown over time.
func (s *story) tells(t *testing.T, what string) {
	t.Helper()
	now, line := "", ""
	for _, m := range s.sorted() {
		if m.rid != now {
			now = m.rid
			line += fmt.Sprintf(" %.1fs %s", m.at.Sub(s.start).Seconds(), now)
		}
	}
	t.Logf("%s:%s", what, line)
}
