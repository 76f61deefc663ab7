package conformance

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A newcomer's snapshot and the log behind it make one whole, whenever it comes.
func TestCase23JoinDuringBurst(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	room := aRoom()
	ada, ben := arrive(t, tt.url, room, "Ada"), arrive(t, tt.url, room, "Ben")
	count := tt.many(1500)
	for i := 1; i <= count; i++ {
		for _, p := range []*person{ada, ben} {
			p.post(message{typ: p.name, data: strconv.Itoa(i)})
			p.change(op{K: fmt.Sprint("shared/", i%97), V: rawJSON(fmt.Sprint(p.name, i))}, op{K: fmt.Sprint(p.name, "/", i%31), V: rawJSON(i)})
			if i%7 == 0 {
				p.change(op{K: fmt.Sprint("shared/", (i/7)%97), Del: true})
			}
		}
	}
	all := []*person{ada, ben}
	for i := range 10 {
		part := strconv.Itoa((i + 1) * count / 12)
		ada.sees("some", func(e event) bool { return e.typ == "Ben" && e.body == part })
		all = append(all, arrive(t, tt.url, room, fmt.Sprint("Newcomer", i)))
	}
	ada.answered()
	ben.answered()
	o := ada.ok(ada.post(message{typ: "end"}))
	for _, p := range all {
		p.until("the end", func() bool { return p.position >= o && p.got == p.of })
	}
	for _, p := range all[2:] { // each from where it came in
		agree(t, ada, p)
		agree(t, ben, p)
	}
	sameState(t, all...)
	if tt.started && all[len(all)-1].in.State == 0 {
		t.Error("no newcomer had a state to be told of: this tested nothing")
	}
}

// Whoever is seen to have joined can be spoken to.
func TestCase24MessageSentOnJoinedReachesJoiner(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	room := aRoom()
	ada, ben := arrive(t, tt.url, room, "Ada"), arrive(t, tt.url, room, "Ben")
	ben.switchTo(overWebRTC)
	for i := range 25 {
		name := fmt.Sprint("Joiner", i)
		entered := make(chan *person)
		joiner := newPerson(t, tt.url, name, nil)
		go func() {
			if err := joiner.join(room, arriving{}); err != nil {
				t.Error(err)
			}
			entered <- joiner
		}()
		for _, p := range []*person{ada, ben} {
			id := ""
			p.until(name, func() bool {
				for other, called := range p.others {
					if called == name {
						id = other
					}
				}
				return id != ""
			})
			p.post(message{typ: "welcome", data: asJSON(p.name), to: []string{id}})
			p.post(message{typ: "look who is here", data: asJSON(p.name + name)})
		}
		<-entered
		for _, p := range []*person{ada, ben} {
			joiner.sees("welcome", func(e event) bool { return e.typ == "welcome" && e.body == asJSON(p.name) && e.direct })
			joiner.sees("the word to all", func(e event) bool { return e.typ == "look who is here" && e.body == asJSON(p.name+name) })
		}
		agree(t, ada, ben, joiner)
		if err := joiner.signal.say(object{"t": "leave"}); err != nil {
			t.Fatal(err)
		}
	}
}

// A snapshot that takes much longer than any silence is allowed to last comes through, and what happens meanwhile after it.
// PARLOR_FULL makes it 64 MiB at 1 Mbit/s, which takes ten minutes.
func TestCase25LargeSnapshotOnASlowLine(t *testing.T) {
	t.Parallel()
	size, rate, patient := 6<<20, 6_000_000/8, time.Minute
	if full() {
		size, rate, patient = 63<<20, 1_000_000/8, 15*time.Minute
	}
	p := launch(t, append([]string{"--dev", "--lost-after", "3s", "--resume-window", "6s"}, generous...)...)
	room := aRoom()
	ada := arrive(t, p.url, room, "Ada")
	const value = 64 << 10
	letters := strings.Repeat("v", value-2)
	for i := range size / value {
		ada.change(op{K: fmt.Sprint("large/", i), V: rawJSON(letters)})
		if i%64 == 63 {
			ada.answered()
		}
	}
	ada.answered()
	narrow := before(t, p.url)
	narrow.down.limit(rate)
	began := time.Now()
	ben := arrive(t, p.url, room, "Ben", arriving{dial: narrow.dial})
	if ben.in.State != uint64(size/value) {
		t.Errorf("%d cells are announced", ben.in.State)
	}
	last := uint64(0)
	for i := 0; ; i++ { // the room goes on
		last = ada.ok(ada.post(message{typ: "meanwhile", data: strconv.Itoa(i + 1)}))
		whole := false
		ben.look(func() { whole = ben.got == ben.of })
		if whole {
			ben.until("the tail", func() bool { return ben.position >= last })
			ben.inOrder("meanwhile", i+1)
			break
		}
		if time.Since(began) > patient {
			t.Fatal("the snapshot does not come through: ", ben.where())
		}
		pause(t, 50*time.Millisecond)
	}
	if took, least := time.Since(began), time.Duration(size/rate)*time.Second/2; took < least {
		t.Errorf("took %s: the line was not slow", took)
	}
	if n := ada.count(ofType("(left)")); n > 0 {
		t.Errorf("seen leaving %d times", n)
	}
	ben.ok(ben.post(message{typ: "here"}))
	sameState(t, ada, ben)
	agree(t, ada, ben)
}

// The same person twice, as two pages: two participants. The same session twice: the newer page has it.
func TestCase46SameParticipantInTwoTabs(t *testing.T) {
	t.Parallel()
	tt := server(t)
	room := aRoom()
	ben := arrive(t, tt.url, room, "Ben")
	if tt.keyed != "" && tt.secret != "" {
		token := mint(t, tt, room, nil)
		one := arrive(t, tt.keyed, room, "One", arriving{join: object{"token": token}})
		two := arrive(t, tt.keyed, room, "Two", arriving{join: object{"token": token}})
		if one.id == two.id || one.in.You.Identity != "ada" || two.in.You.Identity != "ada" {
			t.Errorf("%+v and %+v", one.in.You, two.in.You)
		}
		two.post(message{typ: "from two"})
		one.sees("a message of the other", func(e event) bool { return e.typ == "from two" && e.from == two.id })
		one.ok(one.post(message{typ: "from one"}))
	}
	// A tab that was duplicated knows the session of the first.
	first := arrive(t, tt.url, room, "Ada")
	first.ok(first.post(message{typ: "before"}))
	second := arrive(t, tt.url, room, "Ada", arriving{join: object{"resume": object{"sid": first.in.SID, "rt": first.rt}}})
	if second.id != first.id || second.in.SID == first.in.SID {
		t.Errorf("%+v took the place of %+v", second.in.You, first.in.You)
	}
	if err := first.wait(within(t, patience), "the end", func() bool { return false }); first.closed == nil || first.closed.Code != "replaced" {
		t.Errorf("the first page: %v, %+v", err, first.closed)
	}
	second.ok(second.post(message{typ: "after"}))
	ben.sees("after", func(e event) bool { return e.typ == "after" && e.from == second.id })
	ben.until("one Ada", func() bool { return len(ben.others) == 1 })
	s := resume(t, tt.url, first.in.SID, first.rt)
	s.expectError("resume", "session_not_found")
	// Joining twice with one attempt, as a page does that heard no answer, makes one participant.
	attempt := arriving{join: object{"attempt": aRoom() + "-attempt"}}
	one := arrive(t, tt.url, room, "Cy", attempt)
	two := arrive(t, tt.url, room, "Cy", attempt)
	ben.until("one Cy", func() bool { return len(ben.others) == 2 && ben.others[two.id] == "Cy" })
	if err := one.wait(within(t, patience), "the end", func() bool { return false }); one.closed == nil || one.closed.Code != "replaced" {
		t.Errorf("the first attempt: %v, %+v", err, one.closed)
	}
}
