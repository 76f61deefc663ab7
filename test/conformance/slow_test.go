package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Three read nothing while the room says far more than the server remembers: that costs it no memory and nobody else any
// time, and when they read again they are told. PARLOR_FULL lasts five minutes.
func TestCase26StalledReader(t *testing.T) {
	t.Parallel()
	const logBytes, size = 4 << 20, 32 << 10
	total, bound := 64<<20, 16<<20
	// A server gives up a link that takes nothing for 10 s. Who is not heard on another one meanwhile has a resume-window to
	// come back, and these sleep for longer than it is by default.
	p := launch(t, append([]string{"--dev", "--log-bytes", strconv.Itoa(logBytes), "--resume-window", "10m"},
		without(generous, "--log-bytes")...)...)
	room := aRoom()
	clogged := before(t, p.url)
	ada, ben := arrive(t, p.url, room, "Ada"), arrive(t, p.url, room, "Ben")
	stuck := arrive(t, p.url, room, "Stuck", arriving{dial: clogged.dial})
	hung := arrive(t, p.url, room, "Hung")
	hung.switchTo(overWebRTC)
	dammed := arrive(t, p.url, room, "Dammed", arriving{dial: clogged.dial})
	dammed.switchTo(overSSE)
	stalled := []*person{stuck, hung, dammed}
	ada.ok(ada.change(op{K: "kept", V: rawJSON(1)}))
	for _, someone := range stalled {
		someone.mayReset = true
		someone.until("the state", func() bool { return someone.cells["kept"].O > 0 })
	}
	body := strconv.Quote(strings.Repeat("s", size-2))
	// What this much talk takes while everyone reads is not the stalled ones' doing.
	for sent := 0; sent < total; sent += 32 * size {
		for range 31 {
			ada.post(message{typ: "large", data: body})
		}
		o := ada.ok(ada.post(message{typ: "large", data: body}))
		for _, someone := range append(stalled, ben) { // the log is short
			someone.until("all of it", func() bool { return someone.position >= o })
		}
	}
	for _, someone := range append(stalled, ben) {
		someone.look(func() { someone.timeline = nil })
	}
	before := p.memory(t)
	clogged.down.set(frozen)
	hung.data.hold()

	began := time.Now()
	var delays []time.Duration
	highest := 0
	for sent := 0; sent < total || full() && time.Since(began) < 5*time.Minute; sent += size {
		ada.post(message{typ: "large", data: body})
		if sent%(16*size) != 0 {
			continue
		}
		ada.answered()
		moment := time.Now()
		o := ada.ok(ada.post(message{typ: "small"}))
		e := ben.sees("small", func(e event) bool { return e.o == o })
		delays = append(delays, e.at.Sub(moment))
		ben.look(func() { ben.timeline = nil }) // it need not grow for minutes
		ada.look(func() { ada.timeline, ada.fates = nil, map[uint64]entry{} })
		highest = max(highest, p.memory(t)-before)
		if full() {
			pause(t, 20*time.Millisecond)
		}
	}
	slices.Sort(delays)
	t.Logf("memory grew by %d MiB at most over %d MiB; delay of others p50 %s, most %s",
		highest>>20, total>>20, delays[len(delays)/2], delays[len(delays)-1])
	if highest > bound {
		t.Errorf("memory grew by %d MiB with a log of %d MiB", highest>>20, logBytes>>20)
	}
	if most := delays[len(delays)*99/100]; most > time.Second {
		t.Errorf("others waited %s", most)
	}
	clogged.down.set(flows)
	hung.data.letGo()
	for _, someone := range stalled {
		// Either the link goes on, or the server has given it up, as it may: then it is silent, and the session is not.
		if err := someone.tryEcho(within(t, channelDead), someone.data); err != nil {
			t.Logf("%s goes on elsewhere: %v", someone.name, err)
			someone.dial = nil
			someone.switchTo(overWebSocket)
		}
		someone.until("a snapshot", func() bool {
			return len(someone.resets) > 0 && someone.resets[0].Reason == "trimmed" && someone.got == someone.of && someone.cells["kept"].O > 0
		})
		someone.ok(someone.post(message{typ: "back"}))
	}
	agree(t, append(stalled, ben)...)
}

// More waits for a data channel than the server puts into it (1 MiB) and the client's end takes, for less than the 10 s
// after which a server gives up a channel that takes nothing; and none of it is lost.
func TestCase27DataChannelQueueFull(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	need(t, tt.started, "a server without limits in the way")
	ada, ben, cy := trio(t, tt.url)
	channel := ben.switchTo(overWebRTC)
	channel.hold()
	const size, count = 48_000, 120 // 5.5 MiB
	tail := strings.Repeat("q", size)
	for i := range count {
		ada.post(message{typ: "down", data: strconv.Quote(fmt.Sprintf("%05d", i) + tail)})
	}
	ada.answered()
	cy.ok(cy.post(message{typ: "on"})) // nobody waits for Ben
	channel.letGo()
	ben.sees("on", ofType("on"))
	if n := ben.count(ofType("down")); n != count {
		t.Errorf("%d of %d messages", n, count)
	}
	if err := channel.why(); err != nil {
		t.Errorf("the channel ended: %v", err)
	}
	// And upwards, where the server is slower than the client. The same channel still is what carries it.
	ben.look(func() { ben.windowBytes = 8 << 20 })
	for i := range count {
		ben.post(message{typ: "up", data: strconv.Quote(fmt.Sprintf("%05d", i) + tail)})
	}
	ben.answered()
	cy.until("all of them", func() bool { return number(cy.timeline, "up") == count })
	if err := channel.why(); err != nil {
		t.Errorf("the channel ended: %v", err)
	}
	agree(t, ada, ben, cy)
}

// A school comes back after the lights went out.
func TestCase45FiveHundredReconnectWithinASecond(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	need(t, tt.started, "a server without limits in the way")
	const people, rooms = 500, 5
	gate := before(t, tt.url)
	names := make([]string, rooms)
	for i := range names {
		names[i] = aRoom()
	}
	speakers := make([]*person, rooms)
	for i, room := range names {
		speakers[i] = arrive(t, tt.url, room, "Speaker")
	}
	crowd := make([]*person, people)
	forEach(crowd, 16, func(i int) error {
		crowd[i] = newPerson(t, tt.url, fmt.Sprint("Pupil", i), gate.dial)
		return crowd[i].join(names[i%rooms], arriving{})
	}, t)
	const count = 50
	for _, s := range speakers {
		s.burst("lesson", count)
		s.halfway("lesson", count)
	}
	gate.cut()
	began := time.Now()
	back := make([]time.Duration, people)
	forEach(crowd, people, func(i int) error { // spread over a second, as clients do
		pause(t, time.Duration(i)*time.Second/people)
		_, err := crowd[i].persist(overWebSocket)
		back[i] = time.Since(began)
		return err
	}, t)
	slices.Sort(back)
	t.Logf("back after p50 %s, p99 %s, most %s", back[people/2], back[people*99/100], back[people-1])
	if back[people-1] > 10*time.Second {
		t.Errorf("the last was back after %s", back[people-1])
	}
	for i, p := range crowd {
		p.complete("lesson", count)
		if n := p.count(ofType("(left)")); n > 0 {
			t.Errorf("%s saw %d leave", p.name, n)
		}
		if i >= people-rooms {
			agree(t, speakers[i%rooms], p)
		}
	}
}

// forEach does something for all of a crowd, so many at a time.
func forEach(crowd []*person, atOnce int, do func(i int) error, t *testing.T) {
	t.Helper()
	var running sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i := range crowd {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			if err := do(i); err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	running.Wait()
	if t.Failed() {
		t.FailNow()
	}
}
