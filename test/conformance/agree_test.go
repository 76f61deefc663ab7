package conformance

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// burst queues count messages of a type that are numbered from 1.
func (p *person) burst(typ string, count int) {
	for i := 1; i <= count; i++ {
		p.post(message{typ: typ, data: strconv.Itoa(i)})
	}
}

// complete waits until p has seen message count of a burst, and looks whether each came once and in order.
func (p *person) complete(typ string, count int) {
	p.t.Helper()
	last := strconv.Itoa(count)
	p.sees(fmt.Sprintf("message %d of %s", count, typ), func(e event) bool { return e.typ == typ && e.body == last })
	p.inOrder(typ, count)
}

func (p *person) inOrder(typ string, count int) {
	p.t.Helper()
	next := 1
	p.look(func() {
		for _, e := range p.timeline {
			if e.typ != typ {
				continue
			}
			if e.body != strconv.Itoa(next) {
				p.t.Fatalf("%s: %s of %s came at %d instead of %d", p.name, e.body, typ, e.o, next)
			}
			next++
		}
	})
	if next != count+1 {
		p.t.Fatalf("%s: %d of %d messages of %s", p.name, next-1, count, typ)
	}
}

// murmur fills the log, no faster than a few who have a short one to read can follow.
func (p *person) murmur(count int, readers ...*person) {
	p.t.Helper()
	for i := range count {
		n := p.post(message{typ: "murmur"})
		if i%25 != 24 {
			continue
		}
		o := p.ok(n)
		for _, r := range readers {
			r.until("the murmur", func() bool { return r.position >= o })
		}
	}
	p.answered()
}

// answered waits until the fate of everything p has sent is known.
func (p *person) answered() {
	p.t.Helper()
	p.until("all answered", func() bool { return len(p.unacked) == 0 })
}

// agree waits until all are at the same place and looks whether they saw the same: all of it, once, in one order. What
// one saw before it came in or was reset does not count, nor what was for one alone.
func agree(t testing.TB, people ...*person) {
	t.Helper()
	from, to := uint64(0), uint64(0)
	for _, p := range people {
		p.answered()
		p.look(func() {
			from = max(from, p.in.Position)
			for _, e := range p.timeline { // a place at which there is something to be seen
				if !e.direct {
					to = max(to, e.o)
				}
			}
			for _, r := range p.resets {
				from = max(from, r.Position)
			}
		})
	}
	var first []string
	for i, p := range people {
		p.until(fmt.Sprintf("position %d", to), func() bool { return p.position >= to })
		lines := p.shared(from, to)
		if i == 0 {
			first = lines
			continue
		}
		for j := range max(len(first), len(lines)) {
			a, b := at(first, j), at(lines, j)
			if a != b {
				t.Fatalf("%s saw %q where %s saw %q (%d and %d entries of %d to %d)",
					p.name, b, people[0].name, a, len(lines), len(first), from, to)
			}
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "nothing"
}

// shared are the entries of a part of the log that everybody sees.
func (p *person) shared(from, to uint64) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, e := range p.timeline {
		if e.o > from && e.o <= to && !e.direct && e.typ != "(reset)" {
			all = append(all, fmt.Sprintf("%d %s %s %s", e.o, e.from, e.typ, e.body))
		}
	}
	return all
}

// hash is of everything that everybody saw in a part of the log.
func (p *person) hash(from, to uint64) string {
	sum := sha256.Sum256([]byte(strings.Join(p.shared(from, to), "\n")))
	return hex.EncodeToString(sum[:])
}

// sameState looks whether all have the same values.
func sameState(t testing.TB, people ...*person) {
	t.Helper()
	var first map[string]string
	for i, p := range people {
		now := map[string]string{}
		p.look(func() {
			for k, c := range p.cells {
				now[k] = fmt.Sprint(c.O, " ", canonical(c.V))
			}
		})
		if i == 0 {
			first = now
			continue
		}
		for k, v := range first {
			if now[k] != v {
				t.Fatalf("%s is %q for %s and %q for %s", k, v, people[0].name, now[k], p.name)
			}
		}
		if len(now) != len(first) {
			t.Fatalf("%s has %d values, %s has %d", people[0].name, len(first), p.name, len(now))
		}
	}
}

// seeded is chance that can be repeated: PARLOR_SEED replays what a failure printed.
func seeded(t testing.TB) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("PARLOR_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal("PARLOR_SEED: ", err)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("replay with PARLOR_SEED=%d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}

// full says whether what takes minutes is to run at its full size.
func full() bool { return os.Getenv("PARLOR_FULL") != "" }
