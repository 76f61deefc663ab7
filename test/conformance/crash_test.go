package conformance

import (
	"strconv"
	"testing"
	"time"
)

// durable starts a server that writes to a directory of the test.
func durable(t *testing.T, args ...string) *process {
	t.Helper()
	return launch(t, append(append([]string{"--dev", "--data-dir", t.TempDir()}, generous...), args...)...)
}

// Without a directory a restart loses everything, and says so: to who comes back, and to who names a place in the log.
func TestCase16RestartWithLogInMemory(t *testing.T) {
	t.Parallel()
	p := launch(t, append([]string{"--dev"}, generous...)...)
	room := aRoom()
	deaf := before(t, p.url)
	ben := arrive(t, p.url, room, "Ben")
	ada := arrive(t, p.url, room, "Ada", arriving{dial: deaf.dial})
	ada.burst("sure", 3)
	ada.answered()
	deaf.down.set(lost)
	ada.burst("unsure", 5)
	ben.complete("unsure", 5)
	p.kill()
	deaf.cut()
	p.again(t)
	deaf.down.set(flows)

	if _, err := ada.persist(overWebSocket); !refusedWith(err, "session_not_found") {
		t.Fatalf("came back after a restart: %v", err)
	}
	ada.look(func() {
		if len(ada.unacked) != 5 { // these are what the application is told of
			t.Errorf("%d messages of unknown fate", len(ada.unacked))
		}
	})
	again := arrive(t, p.url, room, "Ada", arriving{join: object{"resume": object{"sid": ada.in.SID, "rt": ada.rt}}})
	if again.in.Epoch == ada.in.Epoch || again.id == ada.id || len(again.in.Participants) != 0 {
		t.Errorf("%+v is no new beginning after %+v", again.in, ada.in)
	}
	again.mayReset = true
	again.look(func() { again.epoch, again.position = ada.in.Epoch, ada.position })
	again.attach(again.signal)
	again.look(func() {
		if r := again.resets; len(r) != 1 || r[0].Reason != "epoch" || r[0].N != 0 || r[0].Epoch != again.in.Epoch {
			t.Errorf("reset as %+v", r)
		}
	})
	again.ok(again.post(message{typ: "anew"}))
}

// With a directory a restart is a cut like any other.
func TestCase17RestartWithLogOnDisk(t *testing.T) {
	t.Parallel()
	for name, down := range map[string]func(*process){"stopped": func(p *process) { p.stop() }, "killed": (*process).kill} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := durable(t)
			ada, ben, cy := trio(t, p.url)
			ben.switchTo(overWebRTC)
			ada.ok(ada.change(op{K: "kept", V: rawJSON("a")}, op{K: "own/ada", V: rawJSON(1)}, op{K: "gone", V: rawJSON(1)}))
			ada.ok(ada.change(op{K: "gone", Del: true}))
			epoch := ada.epoch
			const count = 400
			ada.burst("a", count)
			ben.burst("b", count)
			cy.halfway("a", count)
			down(p)
			p.again(t)
			for _, someone := range []*person{ada, ben, cy} {
				if _, err := someone.persist(overWebSocket); err != nil {
					t.Fatal(err)
				}
			}
			ben.switchTo(overWebRTC)
			for _, someone := range []*person{ada, ben, cy} {
				someone.complete("a", count)
				someone.complete("b", count)
				if n := someone.count(ofType("(left)")); n > 0 {
					t.Errorf("%s saw somebody leave", someone.name)
				}
			}
			if ada.epoch == epoch {
				t.Error("the log goes on under its old epoch")
			}
			agree(t, ada, ben, cy)
			dee := arrive(t, p.url, ada.in.Room, "Dee")
			dee.until("the state", func() bool { return dee.got == dee.of })
			sameState(t, ada, ben, cy, dee)
			if dee.value("kept") != `"a"` || dee.value("own/ada") != "1" || dee.value("gone") != "" {
				t.Errorf("the state is %v", dee.cells)
			}
			ada.ok(ada.post(message{typ: "on"}))
			dee.sees("on", ofType("on"))
		})
	}
}

// The server dies while messages are between the log and the word that they are in it.
func TestCase18KillNineBetweenAppendAndAck(t *testing.T) {
	t.Parallel()
	p := durable(t)
	rng := seeded(t)
	ada, ben, cy := trio(t, p.url)
	all := []*person{ada, ben, cy}
	const rounds, count = 20, 60
	next := 0
	for range rounds {
		for range count {
			next++
			ada.post(message{typ: "a", data: strconv.Itoa(next)})
			ben.post(message{typ: "b", data: strconv.Itoa(next)})
		}
		// At once when one of them is acknowledged, or a little later.
		ada.fate(uint64(next - count + 1 + rng.IntN(count/2)))
		if rng.IntN(2) == 0 {
			pause(t, time.Duration(rng.IntN(5000))*time.Microsecond)
		}
		p.kill()
		p.again(t)
		for _, someone := range all {
			if _, err := someone.persist(overWebSocket); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, someone := range all {
		someone.complete("a", next)
		someone.complete("b", next)
	}
	agree(t, all...)
}
