package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// last is the newest lossy message of a kind that p has.
func (p *person) last(from *person, typ, key string) (data string, count int) {
	for _, m := range p.lossy {
		if m.From == from.id && m.Type == typ && m.Key == key {
			data = string(m.Data)
			count++
		}
	}
	return data, count
}

// However many cursors move, what is to arrive arrives soon, and so does where each cursor stops.
func TestCase40CursorFlood(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	ada, ben, cy := trio(t, tt.url)
	dee := arrive(t, tt.url, ada.in.Room, "Dee")
	ben.switchTo(overWebRTC)
	dee.switchTo(overWebRTC)
	watchers := []*person{cy, dee}

	// Ada and Ben send more than anybody may, over both kinds of links, while Ben and Cy talk.
	stop := make(chan struct{})
	flooded := make(chan error, 2)
	for _, p := range []*person{ada, ben} {
		go func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					flooded <- nil
					return
				case <-time.After(time.Millisecond):
				}
				for range 3 {
					if err := p.cursor("cursor", "pen", strconv.Itoa(i)); err != nil {
						flooded <- err
						return
					}
				}
			}
		}()
	}
	began := time.Now()
	delays := speak(t, 60, cy, ben, dee)
	flood := time.Since(began)
	close(stop)
	for range 2 {
		if err := <-flooded; err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("in a flood p50 %s, most %s", delays[len(delays)/2], delays[len(delays)-1])
	if most := delays[len(delays)*95/100]; most > 500*time.Millisecond {
		t.Errorf("messages took %s in a flood of cursors", most)
	}
	for _, p := range watchers {
		for _, from := range []*person{ada, ben} {
			p.look(func() {
				if _, n := p.last(from, "cursor", "pen"); n == 0 || n > 30*int(flood/time.Second+2) {
					t.Errorf("%s got %d cursors of %s in %s", p.name, n, from.name, flood)
				}
			})
		}
	}

	// At a rate that is allowed the last one arrives, and one's own messages do not wait either.
	pause(t, 1100*time.Millisecond)
	for i := range 100 {
		for _, p := range []*person{ada, ben} {
			if err := p.cursor("cursor", "pen", fmt.Sprintf(`{"x":%d}`, i)); err != nil {
				t.Fatal(err)
			}
		}
		if i%20 == 0 {
			moment := time.Now()
			ada.ok(ada.post(message{typ: "own"}))
			if took := time.Since(moment); took > time.Second {
				t.Errorf("a message beside its sender's cursors took %s", took)
			}
		}
		pause(t, 7*time.Millisecond)
	}
	for _, p := range watchers {
		p.until("the last cursors", func() bool {
			a, _ := p.last(ada, "cursor", "pen")
			b, _ := p.last(ben, "cursor", "pen")
			return a == `{"x":99}` && b == `{"x":99}`
		})
	}
	agree(t, ada, ben, cy, dee)
}

// speak lets somebody send messages at an easy rate and says how long they took to all others.
func speak(t *testing.T, count int, from *person, others ...*person) []time.Duration {
	t.Helper()
	var delays []time.Duration
	for range count {
		moment := time.Now()
		o := from.ok(from.post(message{typ: "talk"}))
		for _, p := range others {
			e := p.sees("talk", func(e event) bool { return e.o == o })
			delays = append(delays, e.at.Sub(moment))
		}
		pause(t, 15*time.Millisecond)
	}
	slices.Sort(delays)
	return delays
}

// What is lossy is for whom it is for, is told to newcomers, and is forgotten with who sent it.
func TestLossyValues(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	ada, ben, cy := trio(t, tt.url)
	cy.switchTo(overWebRTC)
	say := func(frame string, raw []byte) {
		t.Helper()
		err := error(nil)
		if raw == nil {
			err = ada.signal.send([]byte(frame), false)
		} else {
			err = ada.signal.send(framed(frame, raw), true)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	limit := ada.in.Limits.LossyBytes
	if limit == 0 {
		t.Fatal("no limits.lossyBytes")
	}
	say(`{"t":"e","type":"plain","data":1}`, nil)
	say(`{"t":"e","type":"bytes","key":"k","bytes":3}`, []byte("abc"))
	say(`{"t":"e","type":"for ben","data":2,"to":[`+asJSON(ben.id)+`]}`, nil)
	say(`{"t":"e","type":"largest","data":`+letters(limit)+`}`, nil)
	say(`{"t":"e","type":"too large","data":`+letters(limit+1)+`}`, nil)
	for _, p := range []*person{ben, cy} {
		p.until("the values", func() bool {
			plain, _ := p.last(ada, "plain", "")
			_, bytes := p.last(ada, "bytes", "k")
			_, largest := p.last(ada, "largest", "")
			return plain == "1" && bytes > 0 && largest > 0
		})
		p.look(func() {
			for _, m := range p.lossy {
				if m.Type == "bytes" && string(m.raw) != "abc" {
					t.Errorf("%s: bytes came as %q", p.name, m.raw)
				}
				if m.Type == "too large" || m.Type == "for ben" && p != ben {
					t.Errorf("%s got %s", p.name, m.Type)
				}
			}
		})
	}
	ben.until("what is for Ben", func() bool { _, n := ben.last(ada, "for ben", ""); return n > 0 })
	for i := range 100 { // above 64 keys
		say(`{"t":"e","type":"many","key":"`+strings.Repeat("k", 100)+strconv.Itoa(i)+`","data":1}`, nil)
	}
	ada.echo(ada.signal)

	dee := arrive(t, tt.url, ada.in.Room, "Dee")
	dee.until("the last values", func() bool { v, _ := dee.last(ada, "plain", ""); return v == "1" })
	ben.ok(ben.post(message{typ: "marker"}))
	dee.sees("marker", ofType("marker"))
	dee.look(func() {
		keys := map[string]bool{}
		for _, m := range dee.lossy {
			keys[m.Type+" "+m.Key] = true
			if m.Type == "for ben" {
				t.Error("a newcomer got what was for another")
			}
		}
		if len(keys) > 64 {
			t.Errorf("%d keys of one sender", len(keys))
		}
	})
	say(`{"t":"leave"}`, nil)
	ben.until("Ada has left", func() bool { _, here := ben.others[ada.id]; return !here })
	eve := arrive(t, tt.url, ada.in.Room, "Eve")
	ben.ok(ben.post(message{typ: "end"}))
	eve.sees("end", ofType("end"))
	eve.look(func() {
		if len(eve.lossy) > 0 {
			t.Errorf("who has left is remembered: %+v", eve.lossy)
		}
	})
}
