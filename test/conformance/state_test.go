package conformance

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Of two changes at once the higher version stays, of equals the lower nonce, of those the first, whoever came first.
func TestCase36VersionAndNonceTies(t *testing.T) {
	t.Parallel()
	p := launch(t, append([]string{"--dev", "--state-rules", "shape/=version"}, generous...)...)
	ada, ben, cy := trio(t, p.url)
	set := func(key, v string, ver, nonce uint64) op {
		return op{K: key, V: rawJSON(v), Ver: &ver, Nonce: &nonce}
	}
	for _, prefix := range []string{"ver/", "shape/"} {
		for i, c := range []struct {
			first, second [2]uint64
			wins          string
		}{
			{[2]uint64{1, 5}, [2]uint64{2, 9}, "second"},
			{[2]uint64{2, 9}, [2]uint64{1, 5}, "first"},
			{[2]uint64{3, 5}, [2]uint64{3, 4}, "second"},
			{[2]uint64{3, 4}, [2]uint64{3, 5}, "first"},
			{[2]uint64{3, 4}, [2]uint64{3, 4}, "first"},
			{[2]uint64{0, 0}, [2]uint64{0, 0}, "first"},
			{[2]uint64{1, 0}, [2]uint64{1<<53 - 1, 1<<53 - 1}, "second"},
		} {
			key := prefix + strconv.Itoa(i)
			ada.ok(ada.change(set(key, "first", c.first[0], c.first[1])))
			ben.ok(ben.change(set(key, "second", c.second[0], c.second[1])))
			ben.ok(ben.change(op{K: "lww", V: rawJSON(i)})) // the state of ben is beyond what lost
			for _, someone := range []*person{ada, ben, cy} {
				someone.until("the winner", func() bool { return string(someone.cells["lww"].V) == strconv.Itoa(i) })
				if v := someone.value(key); v != asJSON(c.wins) {
					t.Errorf("%s: %v then %v: %s for %s, want %s", key, c.first, c.second, v, someone.name, c.wins)
				}
			}
		}
		// One that loses is left out, what stands beside it is not; and a deletion has a version, too.
		key := prefix + "beside"
		two, three, four := uint64(2), uint64(3), uint64(4)
		ada.ok(ada.change(set(key, "is", 3, 0)))
		ben.ok(ben.change(set(key, "was", 2, 0), op{K: prefix + "other", V: rawJSON("done"), Ver: new(uint64(1))}))
		ben.ok(ben.change(op{K: key, Del: true, Ver: &two}))
		ben.ok(ben.change(op{K: key, Del: true, Ver: &three, Nonce: new(uint64(1))}))
		ben.ok(ben.change(op{K: "beyond " + prefix, V: rawJSON(1)}))
		cy.until("all", func() bool { return cy.cells["beyond "+prefix].O > 0 })
		if a, b := cy.value(key), cy.value(prefix+"other"); a != `"is"` || b != `"done"` {
			t.Errorf("%s and %s", a, b)
		}
		o := ben.ok(ben.change(op{K: key, Del: true, Ver: &four}))
		cy.until("the deletion", func() bool { return cy.position >= o })
		if v := cy.value(key); v != "" {
			t.Errorf("deleted, and yet %s", v)
		}
		ada.ok(ada.change(set(key, "ghost", 3, 0))) // older than the deletion
		o = ben.ok(ben.change(op{K: "end " + prefix, V: rawJSON(1)}))
		cy.until("the end", func() bool { return cy.position >= o })
		if v := cy.value(key); v != "" {
			t.Errorf("what was deleted came back by an older version: %s", v)
		}
	}
	// Without versions the last one wins.
	var running sync.WaitGroup
	for _, someone := range []*person{ada, ben} {
		running.Go(func() {
			for i := range 100 {
				someone.change(op{K: "last", V: rawJSON(fmt.Sprint(someone.name, i))})
			}
		})
	}
	running.Wait()
	agree(t, ada, ben, cy)
	sameState(t, ada, ben, cy)
	dee := arrive(t, p.url, ada.in.Room, "Dee")
	dee.until("all cells", func() bool { return dee.got == dee.of })
	sameState(t, ada, dee)
}

// What was deleted stays deleted, however long whoever edits it was away.
func TestCase37DeleteAgainstOfflineEdit(t *testing.T) {
	t.Parallel()
	p := launch(t, append([]string{"--dev", "--log-entries", "100"}, without(generous, "--log-entries")...)...)
	room := aRoom()
	ben := arrive(t, p.url, room, "Ben")
	soon, late := arrive(t, p.url, room, "Soon"), arrive(t, p.url, room, "Late")
	late.mayReset = true
	bases := map[string]*uint64{}
	for _, key := range []string{"shapes/1", "shapes/2", "shapes/3"} {
		bases[key] = new(ben.ok(ben.change(op{K: key, V: rawJSON("drawn")})))
	}
	for _, someone := range []*person{soon, late} {
		someone.until("the shapes", func() bool { return len(someone.cells) == 3 })
		someone.signal.cut()
	}
	ben.ok(ben.change(op{K: "shapes/1", Del: true, Base: bases["shapes/1"]}))
	ben.ok(ben.change(op{K: "shapes/2", V: rawJSON("moved"), Base: bases["shapes/2"]}))

	// Edited while away, sent when back.
	lost := soon.change(op{K: "shapes/1", V: rawJSON("edited"), Base: bases["shapes/1"]})
	kept := soon.change(op{K: "shapes/2", V: rawJSON("edited"), Base: bases["shapes/2"]})
	both := soon.change(op{K: "shapes/3", V: rawJSON("edited"), Base: bases["shapes/3"]},
		op{K: "shapes/1", V: rawJSON("edited"), Base: bases["shapes/1"]})
	soon.switchTo(overWebSocket)
	soon.refused(lost, "conflict")
	soon.ok(kept)
	soon.refused(both, "conflict")                                              // all or nothing
	soon.ok(soon.change(op{K: "shapes/1", Del: true, Base: bases["shapes/1"]})) // two may delete the same thing
	if a, b, c := soon.value("shapes/1"), soon.value("shapes/2"), soon.value("shapes/3"); a != "" || b != `"edited"` || c != `"drawn"` {
		t.Errorf("the state is %s, %s, %s", a, b, c)
	}

	// More is deleted than any server remembers one by one, and the log is long past.
	const keys, batch = 6000, 100
	for from := 0; from < keys; from += batch {
		var set, del []op
		for i := range batch {
			key := fmt.Sprint("noise/", from+i)
			set = append(set, op{K: key, V: rawJSON(1)})
			del = append(del, op{K: key, Del: true})
		}
		ben.change(set...)
		o := ben.ok(ben.change(del...))
		soon.until("the noise", func() bool { return soon.position >= o }) // the log is short
	}
	lost = late.change(op{K: "shapes/1", V: rawJSON("edited"), Base: bases["shapes/1"]})
	late.switchTo(overWebSocket)
	late.until("the state", func() bool { return late.got == late.of })
	late.refused(lost, "conflict")
	if len(late.resets) != 1 || late.resets[0].Reason != "trimmed" {
		t.Errorf("%+v", late.resets)
	}
	soon.ok(soon.change(op{K: "shapes/1", V: rawJSON("drawn anew"), Base: new(uint64(0))})) // that is another shape
	agree(t, ben, soon)
	late.until("the new one", func() bool { return string(late.cells["shapes/1"].V) == `"drawn anew"` })
	sameState(t, ben, soon, late)
}

// Many want the same: one gets it, the others are told.
func TestCase38CompareAndSetRace(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	room := aRoom()
	var all []*person
	for i := range 4 {
		all = append(all, arrive(t, tt.url, room, fmt.Sprint("Racer", i)))
	}
	all[1].switchTo(overWebRTC)
	const locks, steps = 25, 10
	for i := range locks {
		key := fmt.Sprint("cas/lock/", i)
		var tries []uint64
		for _, p := range all {
			tries = append(tries, p.change(op{K: key, V: rawJSON(p.id), If: new(uint64(0))}))
		}
		won := ""
		for j, p := range all {
			switch e := p.fate(tries[j]); {
			case e.OK != 0 && won != "":
				t.Errorf("%s is held by two", key)
			case e.OK != 0:
				won = p.id
			case e.Code != "conflict":
				t.Errorf("%s: %+v", key, e)
			}
		}
		all[0].until("the lock", func() bool { return string(all[0].cells[key].V) == asJSON(won) })
	}
	// Everybody counts, and tries again who was too late; so none of it is lost. The rule is anywhere where `if` is.
	for _, key := range []string{"cas/counter", "plain/counter"} {
		var running sync.WaitGroup
		for _, p := range all {
			running.Go(func() { p.add(key, steps) })
		}
		running.Wait()
		all[0].until("the sum", func() bool { return string(all[0].cells[key].V) == strconv.Itoa(steps*len(all)) })
	}
	// Under cas nothing goes without it.
	if e := all[0].fate(all[0].change(op{K: "cas/counter", V: rawJSON(-1)})); e.Refused == 0 {
		t.Errorf("set without `if`: %+v", e)
	}
	all[0].refused(all[0].change(op{K: "cas/counter", Del: true, If: new(uint64(1))}), "conflict")
	agree(t, all...)
	sameState(t, all...)
}

// add adds 1 to a number so many times.
func (p *person) add(key string, times int) {
	for done := 0; done < times; {
		var c cell
		p.look(func() { c = p.cells[key] })
		was, _ := strconv.Atoi(string(c.V))
		n := p.change(op{K: key, V: rawJSON(was + 1), If: new(c.O)})
		var e entry
		if err := p.wait(within(p.t, patience), "a fate", func() bool { e = p.fates[n]; return e.O != 0 }); err != nil {
			p.t.Error(err)
			return
		}
		if e.OK != 0 {
			done++
		} else if e.Code != "conflict" {
			p.t.Errorf("%s: %+v", key, e)
			return
		}
	}
}

// What belongs to somebody goes with them, when they leave or are lost, and not when they are only cut off.
func TestCase39OwnersAndTimesAtCrashAndLeave(t *testing.T) {
	t.Parallel()
	tt := short(t)
	ada, ben, cy := trio(t, tt.url)
	deb := arrive(t, tt.url, ada.in.Room, "Deb")
	for _, p := range []*person{ada, ben, deb} {
		p.ok(p.change(op{K: "own/" + p.name, V: rawJSON(1)}, op{K: "ttl/" + p.name, V: rawJSON(1), TTL: 60_000},
			op{K: "plain/" + p.name, V: rawJSON(1)}))
	}
	cy.refused(cy.change(op{K: "own/Ada", V: rawJSON(2)}), "not_allowed")
	cy.refused(cy.change(op{K: "own/Ada", Del: true}), "not_allowed")
	ada.ok(ada.change(op{K: "own/Ada", V: rawJSON(3)}))

	ben.signal.cut() // for a moment
	ben.switchTo(overWebSocket)
	if err := ada.signal.say(object{"t": "leave"}); err != nil {
		t.Fatal(err)
	}
	deb.look(func() { deb.mute = true })
	crashed := time.Now()
	deb.signal.cut()
	gone := func(name string) func() bool {
		return func() bool { _, is := cy.cells["own/"+name]; return !is }
	}
	cy.until("Ada's gone", gone("Ada"))
	if took := time.Since(crashed); took > lostAfter {
		t.Errorf("a clean leave took %s", took)
	}
	cy.until("Deb's gone", gone("Deb"))
	cy.look(func() {
		for _, name := range []string{"Ada", "Ben", "Deb"} {
			if cy.cells["ttl/"+name].O == 0 || cy.cells["plain/"+name].O == 0 {
				t.Errorf("what %s set for all is gone: %v", name, cy.cells)
			}
		}
		if cy.cells["own/Ben"].O == 0 {
			t.Error("Ben was only cut off for a moment")
		}
		for _, e := range cy.timeline {
			if e.typ == "(ops)" && strings.Contains(e.body, `"own/`) && strings.Contains(e.body, `"del"`) && e.from != "" {
				t.Errorf("%+v is not by the server", e)
			}
		}
	})
	cy.ok(cy.change(op{K: "own/Ada", V: rawJSON("mine now")}))

	// Times run from when a value was last set.
	began := time.Now()
	cy.ok(cy.change(op{K: "ttl/short", V: rawJSON(1), TTL: 400}, op{K: "ttl/long", V: rawJSON(1), TTL: 400}, op{K: "plain/timed", V: rawJSON(1), TTL: 400}))
	pause(t, 200*time.Millisecond)
	cy.ok(cy.change(op{K: "ttl/long", V: rawJSON(2), TTL: 1200}))
	ben.until("the short ones are gone", func() bool { return ben.cells["ttl/short"].O == 0 && ben.cells["plain/timed"].O == 0 })
	if took := time.Since(began); took < 400*time.Millisecond {
		t.Errorf("gone after %s", took)
	}
	if v := ben.value("ttl/long"); v != "2" {
		t.Errorf("what was set again is %s", v)
	}
	ben.until("the long one is gone", func() bool { return ben.cells["ttl/long"].O == 0 })
	agree(t, ben, cy)
	sameState(t, ben, cy)
}
