package conformance

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// A place in the log is known from the beginning, not only once something came.
func TestCase07ResumeBeforeAnyServerMessage(t *testing.T) {
	t.Parallel()
	tt := server(t)
	room := aRoom()
	ben := arrive(t, tt.url, room, "Ben")
	ada := arrive(t, tt.url, room, "Ada")
	ada.signal.cut()
	ben.ok(ben.post(message{typ: "meanwhile"}))
	ada.switchTo(overWebSocket)
	ada.sees("meanwhile", ofType("meanwhile"))
	ada.ok(ada.post(message{typ: "back"}))
	ben.sees("back", ofType("back"))
	agree(t, ada, ben)
}

// The server still believes in links of a session that went on elsewhere, and learns late that they are dead.
func TestCase08ResumeTwiceThriceFirstSocketTimesOutLater(t *testing.T) {
	t.Parallel()
	tt := short(t)
	room := aRoom()
	ben := arrive(t, tt.url, room, "Ben")
	dead := []*proxy{before(t, tt.url), before(t, tt.url), before(t, tt.url)}
	ada := arrive(t, tt.url, room, "Ada", arriving{dial: dead[0].dial})
	for i, p := range dead {
		p.up.set(lost)
		p.down.set(lost)
		ada.dial = nil
		if i+1 < len(dead) {
			ada.dial = dead[i+1].dial
		}
		ada.switchTo(overWebSocket)
		ada.ok(ada.post(message{typ: "on link", data: fmt.Sprint(i + 2)}))
	}
	// Longer than a silent session is kept: each beat is one message, and none of the dead links does harm by dying.
	began := time.Now()
	for i := 0; time.Since(began) < lostAfter+resumeWindow; i++ {
		ada.ok(ada.post(message{typ: "alive", data: fmt.Sprint(i)}))
		if i%50 == 49 && len(dead) > 0 {
			dead[0].cut()
			dead = dead[1:]
		}
		ada.echo(ada.signal)
		ben.sees("alive", func(e event) bool { return e.typ == "alive" && e.body == fmt.Sprint(i) })
		pause(t, 10*time.Millisecond)
	}
	if n := ben.count(ofType("(left)")); n > 0 {
		t.Errorf("was seen leaving %d times", n)
	}
	agree(t, ada, ben)
}

// pause is for what is about time itself: silence, and messages that are not to come all at once.
func pause(t testing.TB, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}

// What was sent was taken, but no word of it came back.
func TestCase09AckLostPublishReplayedOnce(t *testing.T) {
	t.Parallel()
	tt := server(t)
	room := aRoom()
	deaf := before(t, tt.url)
	ben := arrive(t, tt.url, room, "Ben")
	ada := arrive(t, tt.url, room, "Ada", arriving{dial: deaf.dial})
	deaf.down.set(lost)
	ada.burst("once", 10)
	ben.complete("once", 10)
	deaf.cut()
	deaf.down.set(flows)
	l := ada.open(overWebSocket)
	var answer told
	hear := l.hear
	l.hear = func(l *line, all []told) {
		for _, m := range all {
			if m.T == "attached" {
				answer = m
			}
		}
		hear(l, all)
	}
	ada.attach(l)
	ada.look(func() {
		if answer.N != 10 {
			t.Errorf("the server has messages up to %d, all see 10", answer.N)
		}
	})
	for n := 1; n <= 10; n++ { // a client may send them again nevertheless
		if err := l.say(object{"t": "m", "n": n, "type": "once", "data": n}); err != nil {
			t.Fatal(err)
		}
	}
	ada.answered()
	ada.ok(ada.post(message{typ: "end"}))
	ben.sees("end", ofType("end"))
	ben.inOrder("once", 10)
	ada.inOrder("once", 10)
	agree(t, ada, ben)
}

// A network that lets WebSockets open and kills them at once: the session gets on in what little time it has.
func TestCase15SocketsDieYoung(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	room := aRoom()
	deadly := before(t, tt.url)
	ben := arrive(t, tt.url, room, "Ben")
	ada := arrive(t, tt.url, room, "Ada", arriving{dial: deadly.dial})
	deadly.kills(200 * time.Millisecond)
	deadly.cut()
	const count = 300
	ada.burst("through", count)
	ben.burst("back", count)
	for i := range 8 {
		if i%2 == 1 { // the answer to resume does not even arrive
			deadly.down.set(lost)
			l, err := ada.tryOpen(within(t, patience), overWebSocket)
			if err == nil {
				t.Fatalf("%s opened over a line that loses all", l.kind)
			}
			deadly.down.set(flows)
			continue
		}
		l, err := ada.persist(overWebSocket)
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-l.ended:
		case <-time.After(patience):
			t.Fatal("the line lives on")
		}
	}
	deadly.kills(0)
	if _, err := ada.persist(overWebSocket); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*person{ada, ben} {
		p.complete("through", count)
		p.complete("back", count)
	}
	if n := ben.count(ofType("(left)")); n > 0 {
		t.Errorf("was seen leaving %d times", n)
	}
	agree(t, ada, ben)
}

// At the very moment when the time to come back is over, one comes back or one does not: nothing between.
func TestCase19GraceExpiresOneTickBeforeAttach(t *testing.T) {
	t.Parallel()
	tt := short(t)
	room := aRoom()
	ben := arrive(t, tt.url, room, "Ben")
	var all []*person
	for i := range 60 {
		all = append(all, arrive(t, tt.url, room, fmt.Sprint("Late", i)))
	}
	began := time.Now()
	for _, p := range all {
		p.look(func() { p.mute = true })
		p.signal.cut()
	}
	// The window begins with the silence or with the loss that is seen after it; both ends are tried.
	var back, gone int
	var mu sync.Mutex
	var running sync.WaitGroup
	for i, p := range all {
		edge := resumeWindow
		if i%2 == 1 {
			edge += lostAfter
		}
		running.Go(func() {
			from := time.Duration(i-30) * 10 * time.Millisecond
			if i < 6 { // a busy machine may be late, but not for all
				from -= 500 * time.Millisecond
			}
			pause(t, time.Until(began.Add(edge+from)))
			l, err := p.tryOpen(within(t, patience), overWebSocket)
			if err == nil {
				p.look(func() { p.mute = false })
				err = p.tryAttach(within(t, patience), l)
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				back++
			case refusedWith(err, "session_not_found"):
				gone++
				p.look(func() { p.over = true })
			default:
				t.Errorf("%s neither came back nor was refused: %v", p.name, err)
			}
		})
	}
	running.Wait()
	t.Logf("%d came back, %d did not", back, gone)
	if back == 0 || gone == 0 || back+gone != len(all) {
		t.Errorf("%d came back and %d were refused of %d", back, gone, len(all))
	}
	for _, p := range all {
		if p.over {
			continue
		}
		p.ok(p.post(message{typ: "alive"})) // who is back is back
		ben.sees("alive", func(e event) bool { return e.typ == "alive" && e.from == p.id })
	}
	ben.until("only those who are back are here", func() bool { return len(ben.others) == back })
	// Who was refused joins anew, with a page that still knows its session.
	for _, p := range all {
		if p.over {
			again := arrive(t, tt.url, room, "Again", arriving{join: object{"resume": object{"sid": p.in.SID, "rt": p.rt}}})
			if again.id == p.id {
				t.Errorf("%s came back by a session that is gone", p.id)
			}
			break
		}
	}
}

// Who was away for too long gets the room as it is, and goes on from there.
func TestCase20ResumeBelowLogTail(t *testing.T) {
	t.Parallel()
	p := launch(t, append([]string{"--dev", "--log-entries", "100"}, without(generous, "--log-entries")...)...)
	room := aRoom()
	ben := arrive(t, p.url, room, "Ben")
	ada := arrive(t, p.url, room, "Ada")
	ada.ok(ada.change(op{K: "kept", V: rawJSON(1)}, op{K: "changed", V: rawJSON(1)}, op{K: "deleted", V: rawJSON(1)}))
	ada.ok(ada.post(message{typ: "before"}))
	ada.signal.cut()
	lost := ada.post(message{typ: "sent while away"})
	ben.ok(ben.change(op{K: "changed", V: rawJSON(2)}, op{K: "deleted", Del: true}, op{K: "new", V: rawJSON(3)}))
	cy := arrive(t, p.url, room, "Cy")
	cy.murmur(300, ben)
	ada.mayReset = true
	ada.switchTo(overWebSocket)
	ada.look(func() {
		if len(ada.resets) != 1 || ada.resets[0].Reason != "trimmed" || len(ada.others) != 2 {
			t.Errorf("%+v", ada.resets)
		}
	})
	ada.ok(lost)
	ada.until("all cells", func() bool { return ada.got == ada.of })
	ben.ok(ben.post(message{typ: "end"}))
	ada.sees("end", ofType("end"))
	sameState(t, ada, ben, cy)
	if got := ada.value("changed") + ada.value("deleted") + ada.value("new"); got != "23" {
		t.Errorf("the state is %v", ada.cells)
	}
	agree(t, ada, ben)
}

// without leaves an option and its value out.
func without(args []string, name string) []string {
	var kept []string
	for i := 0; i < len(args); i += 2 {
		if args[i] != name {
			kept = append(kept, args[i:i+2]...)
		}
	}
	return kept
}

func TestCase21ResumeAboveHead(t *testing.T) {
	t.Parallel()
	tt := server(t)
	room := aRoom()
	ben := arrive(t, tt.url, room, "Ben")
	ada := arrive(t, tt.url, room, "Ada")
	ada.mayReset = true
	for i, c := range []struct {
		epoch, reason string
		position      uint64
	}{
		{ada.in.Epoch, "ahead", ada.in.Position + 1000},
		{ada.in.Epoch, "ahead", 1<<53 - 1},
		{"another", "epoch", ada.in.Position},
		{"x", "epoch", 0},
	} {
		ada.look(func() { ada.epoch, ada.position = c.epoch, c.position })
		ada.attach(ada.signal)
		ada.look(func() {
			r := ada.resets[len(ada.resets)-1]
			if len(ada.resets) != i+1 || r.Reason != c.reason || r.Epoch != ada.in.Epoch || r.Position < ada.in.Position {
				t.Errorf("position %d of %q: %+v", c.position, c.epoch, r)
			}
		})
		n := ben.post(message{typ: "on", data: fmt.Sprint(i)})
		ben.ok(n)
		ada.sees("on", func(e event) bool { return e.typ == "on" && e.body == fmt.Sprint(i) })
	}
	agree(t, ada, ben)
	for name, position := range map[string]string{"negative": "-1", "fraction": "1.5", "text": `"9"`, "huge": "1e40"} {
		m := join(t, tt.url, aRoom(), name)
		m.say(`{"t":"attach","gen":2,"epoch":` + asJSON(m.in["epoch"]) + `,"position":` + position + `}`)
		m.expectClosed("bad_message")
	}
}

// A wrong token is refused, and does nothing to the session it was meant for.
func TestCase22ForgedReplayedAndOtherRoomsTokens(t *testing.T) {
	t.Parallel()
	tt := server(t)
	ada, eve := arrive(t, tt.url, aRoom(), "Ada"), arrive(t, tt.url, aRoom(), "Eve")
	first := ada.in.RT
	ada.switchTo(overWebSocket)
	second := ada.rt
	ada.switchTo(overWebSocket)
	flip := []byte(ada.rt)
	flip[len(flip)-1] ^= 1
	for name, c := range map[string][2]string{
		"replayed":           {ada.in.SID, first},
		"one bit":            {ada.in.SID, string(flip)},
		"cut short":          {ada.in.SID, ada.rt[:len(ada.rt)-1]},
		"longer":             {ada.in.SID, ada.rt + "A"},
		"empty":              {ada.in.SID, ""},
		"of another room":    {ada.in.SID, eve.rt},
		"for another":        {eve.in.SID, ada.rt},
		"very long":          {ada.in.SID, strings.Repeat("A", 30_000)},
		"of no session":      {"s_nobody", ada.rt},
		"of an empty name":   {"", ada.rt},
		"with NUL":           {ada.in.SID, ada.rt + "\x00"},
		"other case":         {ada.in.SID, strings.ToLower(ada.rt)},
		"session upper case": {strings.ToUpper(ada.in.SID), ada.rt},
	} {
		s := resume(t, tt.url, c[0], c[1])
		s.expectError("resume", "session_not_found")
		s.expectClose(websocket.ClosePolicyViolation)
		if name == "replayed" && c[1] == second {
			t.Error("a token twice")
		}
		// As the session to replace, a wrong token makes a newcomer.
		newcomer := arrive(t, tt.url, aRoom(), "Newcomer", arriving{join: object{"resume": object{"sid": c[0], "rt": c[1]}}})
		if newcomer.id == ada.id || newcomer.id == eve.id {
			t.Errorf("%s: took the place of %s", name, newcomer.id)
		}
	}
	for _, p := range []*person{ada, eve} {
		if err := p.signal.why(); err != nil {
			t.Errorf("%s lost its link: %v", p.name, err)
		}
		p.ok(p.post(message{typ: "unharmed"}))
	}
}
