package bubble_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// fact is what an offset of a log stands for.
type fact struct {
	text  string // comparable
	kind  string
	post  *post
	whose string // witness who said so
}

// still keeps all witnesses from seeing more until it is undone: people still come, go and are told while what they saw is
// looked at. Nobody may be asked anything meanwhile.
func (s *storm) still() (undo func()) {
	for _, c := range s.crew {
		c.witness().mu.Lock()
	}
	return func() {
		for _, c := range s.crew {
			c.witness().mu.Unlock()
		}
	}
}

// facts are what all witnesses say of each log, by offset. They are to be still.
func (s *storm) facts() map[string]map[uint64]*fact {
	bodies := map[string]*post{}
	for _, c := range s.crew {
		for _, p := range c.witness().posts {
			if p.body != "" {
				bodies[p.body] = p
			}
		}
	}
	all := map[string]map[uint64]*fact{}
	for _, c := range s.crew {
		for _, sp := range c.witness().spans {
			if all[sp.log] == nil {
				all[sp.log] = map[uint64]*fact{}
			}
			for i := range sp.seen {
				s.testify(all[sp.log], c.witness(), sp, &sp.seen[i], bodies)
			}
		}
	}
	return all
}

// testify adds what a witness saw.
func (s *storm) testify(log map[uint64]*fact, w *witness, sp *span, x *sight, bodies map[string]*post) {
	f := &fact{kind: x.kind, whose: w.name, post: x.own}
	switch x.kind {
	case "ok":
		f.kind = "m"
		if x.own.body == "" {
			f.kind = "nothing" // a change of the state that changed nothing
		}
		f.text = fmt.Sprint(f.kind, " ", sp.id, " ", x.own.body, " ", x.own.to != nil)
	case "m":
		f.post = bodies[x.body]
		f.text = fmt.Sprint("m ", x.from, " ", x.body, " ", x.direct)
		s.seen(w, sp, x, f.post)
	case "refused":
		f.text = "refused"
	default:
		f.text = fmt.Sprint(x.kind, " ", x.from, " ", x.body)
	}
	was := log[x.offset]
	switch {
	case was == nil, was.kind == "event" || was.kind == "refused":
		if was != nil && was.text != f.text && !s.ailing {
			s.fault("at %d of %s %s saw %s, %s saw %s", x.offset, sp.log, was.whose, was.text, w.name, f.text)
		}
		log[x.offset] = f
	case was.text != f.text && !(s.ailing && (f.kind == "event" || f.kind == "refused")):
		s.fault("at %d of %s %s saw %s, %s saw %s", x.offset, sp.log, was.whose, was.text, w.name, f.text)
	case was.post == nil:
		was.post = f.post
	}
}

// seen checks that somebody was to see a message.
func (s *storm) seen(w *witness, sp *span, x *sight, p *post) {
	switch {
	case p == nil:
		s.fault("%s saw %s at %d, which nobody sent", w.name, x.body, x.offset)
	case p.fate == refused || p.fate == unsent:
		s.fault("%s saw %s at %d", w.name, p, x.offset)
	case x.direct != (p.to != nil) || p.to != nil && !slices.Contains(p.to, sp.id):
		s.fault("%s (%s) saw %s at %d, which is for %q", w.name, sp.id, p, x.offset, p.to)
	case p.fate == taken && (p.offset != x.offset || p.log != sp.log):
		s.fault("%s saw %s at %d of %s", w.name, p, x.offset, sp.log)
	}
}

// check holds what everybody saw against what is promised.
func (s *storm) check() {
	here := map[sailor]bool{}
	for _, c := range s.crew {
		here[c] = c.here()
	}
	defer s.still()()
	facts := s.facts()
	places := map[*post]uint64{}
	for _, log := range facts {
		for o, f := range log {
			if f.post == nil || f.kind != "m" {
				continue
			}
			if was, twice := places[f.post]; twice {
				s.fault("%s stands at %d and at %d", f.post, was, o)
			}
			places[f.post] = o
		}
	}
	for _, c := range s.crew {
		w := c.witness()
		s.sent(c, here[c])
		for _, sp := range w.spans {
			s.orderly(w, sp)
			s.complete(w, sp, facts[sp.log])
		}
		s.fifo(w)
	}
}

// sent checks that what somebody sent has a fate, and in what order.
func (s *storm) sent(c sailor, here bool) {
	last := map[string]uint64{}
	for _, p := range c.witness().posts {
		switch {
		case p.fate == pending && here:
			s.fault("%s", p)
		case p.fate == taken && p.offset <= last[p.log]:
			s.fault("%s, after an earlier one at %d", p, last[p.log])
		case p.fate == refused && !s.mayRefuse(p):
			s.fault("%s", p)
		}
		if p.fate == taken {
			last[p.log] = p.offset
		}
	}
}

// mayRefuse says whether there is a reason for a refusal.
func (s *storm) mayRefuse(p *post) bool {
	switch p.code {
	case "unknown_participant":
		return p.to != nil
	case "conflict":
		return p.body == ""
	case "not_allowed":
		return true // another's key; or it was taken for lost when its line brought this
	case "not_stored":
		return s.ailing
	}
	return false
}

// orderly checks that offsets rise.
func (s *storm) orderly(w *witness, sp *span) {
	at := sp.from
	for _, x := range sp.seen {
		if x.offset <= at {
			s.fault("%s saw %d after %d", w.name, x.offset, at)
		}
		at = x.offset
	}
}

// fifo checks that what one sent comes in the order in which it was sent.
func (s *storm) fifo(w *witness) {
	last := map[string]int{}
	for _, sp := range w.spans {
		for _, x := range sp.seen {
			if x.kind != "m" {
				continue
			}
			name, rest, _ := strings.Cut(x.body, ":")
			digits, _, _ := strings.Cut(rest, " ")
			number, _ := strconv.Atoi(digits) // what nobody sent is a fault already
			if number <= last[name] {
				s.fault("%s saw post %d of %s after %d", w.name, number, name, last[name])
			}
			last[name] = number
		}
	}
}

// complete checks that a span has all that others have seen of its part of the log, and may be seen by it.
func (s *storm) complete(w *witness, sp *span, log map[uint64]*fact) {
	has := map[uint64]bool{}
	for _, x := range sp.seen {
		has[x.offset] = true
	}
	for o, f := range log {
		if o <= sp.from || o > sp.to || has[o] || f.kind == "refused" || f.kind == "nothing" {
			continue
		}
		if f.kind == "event" && s.ailing {
			continue
		}
		if p := f.post; p != nil && (p.session == sp.session || p.to != nil && !slices.Contains(p.to, sp.id)) {
			continue // its own, or not for it
		}
		s.fault("%s was at %d to %d and lacks %d: %s", w.name, sp.from, sp.to, o, f.text)
	}
}
