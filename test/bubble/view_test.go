package bubble_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// silence is the last time in which somebody could not be heard, and how long the longest took.
type silence struct {
	from, to time.Time
	longest  time.Duration
}

// add notes that it begins, or goes on.
func (s *silence) add(d time.Duration) {
	now := time.Now()
	if now.Sub(s.to) > 15*time.Second {
		s.from = now
	}
	if end := now.Add(d); end.After(s.to) {
		s.to = end
	}
	s.longest = max(s.longest, s.to.Sub(s.from))
}

// view is what a client knows of its room besides messages: who is there, the state, and the last of each lossy message.
type view struct {
	others map[string]string // names by id
	values map[string]cell
	lossy  map[string]string // by sender, type and key

	got, of int // cells of a snapshot

	kept  []entry // of the history that was asked for
	asked chan struct{}
}

// enter takes a snapshot, whose cells follow; with since they are changes.
func (r *view) enter(others []named, cells int, since bool) {
	r.others = map[string]string{}
	for _, p := range others {
		r.others[p.ID] = p.Name
	}
	if !since || r.values == nil {
		r.values = map[string]cell{}
	}
	r.got, r.of = 0, cells
}

func (r *view) whole() bool { return r.got == r.of }

// page takes cells of a snapshot.
func (r *view) page(m *told, position uint64) error {
	if m.Position != position || int(m.At) != r.got || int(m.Of) != r.of || r.got+len(m.Cells) > r.of {
		return fmt.Errorf("state at %d of %d as of %d, after %d of %d as of %d", m.At, m.Of, m.Position, r.got, r.of, position)
	}
	for _, c := range m.Cells {
		if c.Del {
			delete(r.values, c.K)
		} else {
			r.values[c.K] = c
		}
	}
	r.got += len(m.Cells)
	return nil
}

// apply does what an entry says was done.
func (r *view) apply(e *entry) {
	for _, o := range e.Ops {
		if o.Del {
			delete(r.values, o.K)
		} else {
			r.values[o.K] = cell{K: o.K, V: o.V, O: e.O}
		}
	}
}

// event takes who came or went, and says so.
func (r *view) event(e *entry) string {
	switch e.Event {
	case "joined":
		r.others[e.Participant.ID] = e.Participant.Name
		return "joined " + e.Participant.ID
	case "left":
		delete(r.others, e.ID)
		maps.DeleteFunc(r.lossy, func(k, _ string) bool { return strings.HasPrefix(k, e.ID+" ") })
		return "left " + e.ID + " " + e.Reason
	}
	return e.Event + " " + e.ID
}

// state is all values, comparable.
func (r *view) state() string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(r.values)) {
		c := r.values[key]
		fmt.Fprintf(&b, "%s=%s@%d ", key, c.V, c.O)
	}
	return b.String()
}

// roster is who is here, with oneself.
func (r *view) roster(self, name string) string {
	all := maps.Clone(r.others)
	all[self] = name
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "%s=%s ", all[id], id)
	}
	return b.String()
}
