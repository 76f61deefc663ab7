package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// fate waits for what became of message n.
func (p *person) fate(n uint64) (e entry) {
	p.t.Helper()
	p.until(fmt.Sprint("fate of ", n), func() bool {
		f, ok := p.fates[n]
		e = f
		return ok
	})
	return e
}

// ok waits until message n has its place.
func (p *person) ok(n uint64) uint64 {
	p.t.Helper()
	e := p.fate(n)
	if e.OK != n {
		p.t.Fatalf("%s: message %d was refused: %s", p.name, n, e.Code)
	}
	return e.O
}

// refused waits until message n is, and looks at why.
func (p *person) refused(n uint64, code string) {
	p.t.Helper()
	if e := p.fate(n); e.Refused != n || e.Code != code {
		p.t.Errorf("%s: message %d: %+v, want %s", p.name, n, e, code)
	}
}

// sees waits for an entry of the log and returns it.
func (p *person) sees(what string, match func(event) bool) (found event) {
	p.t.Helper()
	next := 0
	p.until(what, func() bool {
		for ; next < len(p.timeline); next++ {
			if match(p.timeline[next]) {
				found = p.timeline[next]
				return true
			}
		}
		return false
	})
	return found
}

// count is how many entries match.
func (p *person) count(match func(event) bool) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, e := range p.timeline {
		if match(e) {
			n++
		}
	}
	return n
}

func ofType(typ string) func(event) bool { return func(e event) bool { return e.typ == typ } }

// look runs f while nothing changes.
func (p *person) look(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

// until waits for what a person is to see. ok is called while nothing changes.
func (p *person) until(what string, ok func() bool) {
	p.t.Helper()
	if err := p.wait(within(p.t, patience), what, ok); err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
}

func (p *person) wait(ctx context.Context, what string, ok func() bool) error {
	for {
		p.mu.Lock()
		good, changed := ok(), p.changed
		var wrong error
		switch {
		case len(p.faults) > 0:
			wrong = fmt.Errorf("waiting for %s: %s", what, strings.Join(p.faults, "; "))
		case !good && p.closed != nil:
			wrong = fmt.Errorf("waiting for %s: closed: %s %s", what, p.closed.Code, p.closed.Message)
		}
		p.mu.Unlock()
		if wrong != nil || good {
			return wrong
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w; %s", what, ctx.Err(), p.where())
		}
	}
}

// where says how things stand, for failures.
func (p *person) where() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var lines []string
	for _, l := range p.lines {
		state := l.kind
		if l == p.data {
			state += " (data)"
		}
		if err := l.why(); err != nil {
			state += ": " + err.Error()
		}
		lines = append(lines, state)
	}
	var errs []string
	for _, e := range p.errors {
		errs = append(errs, e.Re+" "+e.Code+" "+e.Message)
	}
	return fmt.Sprintf("position %d, gen %d attached %t, %d sent and %d unanswered, %d seen, %d cells of %d, lines %q, errors %q",
		p.position, p.gen, p.attached, p.n, len(p.unacked), len(p.timeline), p.got, p.of, lines, errs)
}

// wronged says that the server did something against the protocol.
func (p *person) wronged() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.faults) > 0
}

func (p *person) wakeLocked() {
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *person) faultLocked(format string, args ...any) {
	if len(p.faults) < 10 {
		p.faults = append(p.faults, fmt.Sprintf(format, args...))
	}
}

// value is one cell's, as JSON; empty if there is none.
func (p *person) value(key string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.cells[key].V)
}

func rawJSON(v any) json.RawMessage { return json.RawMessage(asJSON(v)) }
