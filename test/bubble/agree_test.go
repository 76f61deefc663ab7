package bubble_test

import (
	"fmt"
	"time"
)

// patience is how long it may take until all is well again after a storm.
const patience = 3 * time.Minute

// agree has everybody catch up, asks a newcomer what it sees, and checks that they have seen the same.
func (s *storm) agree() {
	if !s.await("all ready", s.ready) {
		return
	}
	last := fmt.Sprintf("last %d", s.seed)
	numbers := map[sailor]int{}
	for _, c := range s.present() {
		numbers[c] = c.finish(last)
	}
	if !s.await("last words", func() error { return s.heard(numbers, last) }) {
		return
	}
	time.Sleep(lostAfter + 4*time.Second) // until who does not come back has left, and what had its time is gone
	newcomer := newGuest(s, "new", overWebSocket, s.seed)
	s.crew = append(s.crew, newcomer)
	if s.await("the newcomer", s.ready) && s.await("one view", s.oneView) {
		s.await("the newcomer's cursors", func() error { return s.cursors(newcomer, last) })
		s.history(newcomer)
		s.await("what belonged to who left", func() error { return s.owned(newcomer) })
	}
	s.check()
}

// owned says whether something is left of what belonged to people who have left. What could not be deleted while the
// store failed is deleted within a minute after that.
func (s *storm) owned(g *guest) error {
	var left error
	g.ask(func() {
		for key, c := range g.values {
			if _, here := g.others[c.By]; c.By != "" && !here {
				left = fmt.Errorf("%s belongs to %s, who is not here", key, c.By)
			}
		}
	})
	return left
}

// await waits for what must come about in the end.
func (s *storm) await(what string, come func() error) bool {
	began := time.Now()
	for {
		err := come()
		switch {
		case err == nil:
			return true
		case s.faulty():
			return false
		case time.Since(began) > patience:
			s.fault("%s: not in %s: %v", what, patience, err)
			return false
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (s *storm) present() (all []sailor) {
	for _, c := range s.crew {
		if c.here() {
			all = append(all, c)
		}
	}
	return all
}

func (s *storm) ready() error {
	for _, c := range s.crew {
		if err := c.ready(); c.here() && err != nil {
			return fmt.Errorf("%s: %w", c.witness().name, err)
		}
	}
	return nil
}

// heard says whether everybody has everybody's last words.
func (s *storm) heard(numbers map[sailor]int, last string) error {
	if err := s.ready(); err != nil {
		return err
	}
	up := uint64(0)
	for c, number := range numbers {
		w := c.witness()
		w.mu.Lock()
		p := w.posts[number-1]
		f, offset := p.fate, p.offset
		w.mu.Unlock()
		if f != taken {
			return fmt.Errorf("%s: %s", w.name, p)
		}
		up = max(up, offset)
	}
	for c := range numbers {
		w := c.witness()
		w.mu.Lock()
		to := w.spans[len(w.spans)-1].to
		w.mu.Unlock()
		if to < up && !(to+1 == up && numbers[c] > 0) {
			return fmt.Errorf("%s is at %d, others at %d", w.name, to, up)
		}
		if err := s.cursors(c, last); err != nil {
			return err
		}
	}
	return nil
}

// cursors says whether c has the last lossy message of all others.
func (s *storm) cursors(c sailor, last string) error {
	for _, other := range s.present() {
		if other == c || other.witness().name == "new" {
			continue
		}
		if got := c.hears(other.id()); got != last {
			return fmt.Errorf("%s has %q of %s's lossy messages, the last is %q", c.witness().name, got, other.witness().name, last)
		}
	}
	return nil
}

// oneView says whether everybody knows the same of the room.
func (s *storm) oneView() error {
	var roster, state, who string
	for i, c := range s.present() {
		r, v := c.knows()
		if i == 0 {
			roster, state, who = r, v, c.witness().name
			continue
		}
		if r != roster {
			return fmt.Errorf("%s sees %s, %s sees %s", who, roster, c.witness().name, r)
		}
		if v != state {
			return fmt.Errorf("%s has the state %s, %s has %s", who, state, c.witness().name, v)
		}
	}
	return nil
}

// history checks what is kept for newcomers against what was seen.
func (s *storm) history(g *guest) {
	asked := make(chan struct{})
	g.ask(func() {
		g.asked = asked
		g.data.quickly(object{"t": "history", "id": 1, "type": "chat", "limit": 200})
	})
	select {
	case <-asked:
	case <-time.After(10 * time.Second):
		s.fault("no history came")
		return
	}
	var kept []entry
	var log string
	g.ask(func() { kept, log = g.kept, s.logOf(g.epoch) })
	defer s.still()()
	f := s.facts()
	s.note("new", "history: %d entries", len(kept))
	seen := map[uint64]string{}
	for o, fact := range f[log] {
		if fact.kind == "m" && fact.post != nil && fact.post.chat {
			seen[o] = fact.post.body
		}
	}
	for i, e := range kept {
		if body, ok := seen[e.O]; ok && body != digest(e.Data, false) {
			s.fault("the history has %s at %d, seen was %s", digest(e.Data, false), e.O, body)
		}
		if i > 0 && e.O <= kept[i-1].O {
			s.fault("the history has %d after %d", e.O, kept[i-1].O)
		}
		delete(seen, e.O)
	}
	for o, body := range seen {
		if len(kept) < 200 || o > kept[0].O {
			s.fault("the history lacks %s at %d", body, o)
		}
	}
}
