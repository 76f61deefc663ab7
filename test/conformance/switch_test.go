package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// trio is three people in a new room, over WebSockets.
func trio(t *testing.T, url string) (ada, ben, cy *person) {
	t.Helper()
	room := aRoom()
	return arrive(t, url, room, "Ada"), arrive(t, url, room, "Ben"), arrive(t, url, room, "Cy")
}

// halfway waits until p has seen half of a burst.
func (p *person) halfway(typ string, count int) {
	p.t.Helper()
	half := strconv.Itoa(count / 2)
	p.sees("half of "+typ, func(e event) bool { return e.typ == typ && e.body == half })
}

func TestCase01WebSocketToDataChannelMidBurst(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	ada, ben, cy := trio(t, tt.url)
	count := tt.many(2000)
	ready := ada.open(overWebRTC)
	other := ben.open(overWebRTC)
	ada.burst("from ada", count)
	ben.burst("from ben", count)
	cy.halfway("from ada", count)
	ada.attach(ready)
	ben.attach(other)
	for _, p := range []*person{ada, ben, cy} {
		p.complete("from ada", count)
		p.complete("from ben", count)
	}
	agree(t, ada, ben, cy)
}

// What one sends and what one is sent is buffered in a channel that has died, when the WebSocket takes over.
func TestCase02DataChannelToWebSocketWith1MiBBuffered(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	ada, ben, cy := trio(t, tt.url)
	socket := ada.signal
	channel := ada.switchTo(overWebRTC)
	ada.peer.net.mute(true)
	const size, count = 16_000, 66 // above 1 MiB
	for i := range count {
		ada.post(message{typ: "up", data: strconv.Quote(fmt.Sprintf("%05d", i) + strings.Repeat("u", size))})
		ben.post(message{typ: "down", data: strconv.Quote(fmt.Sprintf("%05d", i) + strings.Repeat("d", size))})
	}
	ben.answered()
	ada.until("the window is full", func() bool { return ada.sent >= min(count, ada.windowBytes/(size+60)) })
	ada.attach(socket)
	ada.answered()
	for _, p := range []*person{ada, ben, cy} {
		for _, typ := range []string{"up", "down"} {
			p.until("all of "+typ, func() bool { return number(p.timeline, typ) >= count })
		}
	}
	agree(t, ada, ben, cy)
	// What lay in the channel comes late, and nobody takes it for anything.
	ada.peer.net.mute(false)
	after := ada.post(message{typ: "after"})
	ada.ok(after)
	if err := ada.tryEcho(within(t, patience), channel); err != nil {
		t.Logf("the channel did not come to life: %v", err)
	}
	ben.sees("after", ofType("after"))
	if n := ben.count(ofType("up")); n != count {
		t.Errorf("%d of %d messages", n, count)
	}
	agree(t, ada, ben, cy)
}

func number(all []event, typ string) int {
	n := 0
	for i := range all {
		if all[i].typ == typ {
			n++
		}
	}
	return n
}

// Everybody climbs and falls at random while all talk; in the end all have seen the same.
func TestCase03EveryRungAndBack(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	rng := seeded(t)
	const people = 4
	each := tt.many(2500)
	rungs := []string{overWebSocket, overSSE, overPoll, overWebSocket, overWebRTC}
	room := aRoom()
	var all []*person
	for i := range people {
		all = append(all, arrive(t, tt.url, room, fmt.Sprint("Rover", i)))
	}
	var running sync.WaitGroup
	for _, p := range all {
		order := slices.Clone(rungs)
		cuts := make([]bool, 0, 2*len(order))
		when := make([]int, 0, 2*len(order))
		for range 2 * len(order) {
			cuts = append(cuts, rng.IntN(2) == 0)
			when = append(when, 1+rng.IntN(each/(2*len(order))))
		}
		running.Go(func() {
			seen := 0
			for i := range cuts {
				target := seen + when[i]
				mine := p.name
				if err := p.wait(within(t, patience), "some more", func() bool {
					return number(p.timeline, mine) >= min(target, each)
				}); err != nil {
					t.Errorf("%s: %v", p.name, err)
					return
				}
				seen = target
				var former *line
				p.look(func() { former = p.data })
				if kind := order[i%len(order)]; cuts[i] {
					if former.kind != overWebRTC && kind == overWebRTC {
						kind = overWebSocket // a channel is offered over the line that is cut
					}
					former.cut()
					if _, err := p.persist(kind); err != nil {
						t.Errorf("%s: %v", p.name, err)
						return
					}
				} else if _, err := p.persist(kind); err != nil {
					t.Errorf("%s: %v", p.name, err)
					return
				}
			}
		})
		p.burst(p.name, each)
	}
	running.Wait()
	if t.Failed() {
		return
	}
	for _, p := range all {
		for _, sender := range all {
			p.complete(sender.name, each)
		}
	}
	agree(t, all...)
	from, to := all[people-1].in.Position, uint64(0)
	all[0].look(func() { to = all[0].position })
	for _, p := range all[1:] {
		if p.hash(from, to) != all[0].hash(from, to) {
			t.Errorf("%s has another hash", p.name)
		}
	}
}

// Half of a message in pieces dies with its line, on the way up and on the way down.
func TestCase04SwitchDuringPieces(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	room := aRoom()
	slow := before(t, tt.url)
	ada, cy := arrive(t, tt.url, room, "Ada"), arrive(t, tt.url, room, "Cy")
	ben := arrive(t, tt.url, room, "Ben", arriving{dial: slow.dial})
	size := min(600_000, ada.in.Limits.MessageBytes)
	body := strconv.Quote(strings.Repeat("x", size-2))

	first := ada.signal
	whole := []byte(`{"t":"m","n":1,"type":"large","data":` + body + `}`)
	for _, p := range pieces(whole, false, size/10)[:5] {
		if err := first.put(p, true); err != nil {
			t.Fatal(err)
		}
	}
	ada.echo(first)                  // they have arrived
	ada.attach(ada.open(overWebRTC)) // and there it goes whole
	ada.ok(ada.post(message{typ: "large", data: body}))
	cy.sees("large", func(e event) bool { return e.typ == "large" && e.body == brief(body) })

	channel := ben.open(overWebRTC) // beside the proxy
	slow.down.limit(400_000)
	passed := slow.down.count()
	ada.ok(ada.post(message{typ: "larger", data: body}))
	slow.down.await(t, passed+size/4) // some pieces have come, not all
	ben.attach(channel)
	ben.sees("larger", func(e event) bool { return e.typ == "larger" && e.body == brief(body) })
	end := ada.post(message{typ: "end"})
	ada.ok(end)
	ben.sees("end", ofType("end"))
	for _, p := range []*person{ben, cy} {
		if a, b := p.count(ofType("large")), p.count(ofType("larger")); a != 1 || b != 1 {
			t.Errorf("%s saw %d and %d", p.name, a, b)
		}
	}
	agree(t, ada, ben, cy)
}

func TestCase05TwoLinksAttachAtOnce(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	ada, ben, _ := trio(t, tt.url)
	socket, channel := ada.signal, ada.open(overWebRTC)
	position := ada.in.Position
	for gen := uint64(2); gen < 22; gen++ {
		var both sync.WaitGroup
		before := 0
		ada.look(func() {
			ada.gen, ada.data, ada.attached = gen, nil, false // whoever wins, this test decides
			before = len(ada.errors)
		})
		for _, l := range []*line{socket, channel} {
			both.Go(func() {
				_ = l.say(object{"t": "attach", "gen": gen, "epoch": ada.in.Epoch, "position": position})
			})
		}
		both.Wait()
		ada.echo(socket)
		ada.echo(channel)
		ada.look(func() {
			if n := len(ada.errors) - before; n != 1 {
				t.Errorf("gen %d was refused %d times, not once", gen, n)
				return
			}
			if e := ada.errors[before]; e.Re != "attach" || e.Code != "bad_message" {
				t.Errorf("refused with %+v", e)
			}
		})
	}
	ada.look(func() { ada.gen, ada.position = 21, position })
	ada.attach(channel)
	ada.post(message{typ: "hello"})
	ben.post(message{typ: "hello back"})
	ada.sees("hello back", ofType("hello back"))
	ben.sees("hello", ofType("hello"))
}

// After another link has attached, what the former one brings is nothing, and it carries no more of the log.
func TestCase06LateFramesAfterFencing(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	room := aRoom()
	lazy := before(t, tt.url)
	ben := arrive(t, tt.url, room, "Ben")

	// The former link is still there.
	ada := arrive(t, tt.url, room, "Ada")
	socket, channel := ada.signal, ada.open(overWebRTC)
	ada.attach(channel)
	late := 0
	socket.mu.Lock()
	hear := socket.hear
	socket.hear = func(l *line, all []told) {
		for _, m := range all {
			if m.T == "log" {
				late++
			}
		}
		hear(l, all)
	}
	socket.mu.Unlock()
	if err := socket.say(object{"t": "m", "n": 1, "type": "wrong", "data": 1}); err != nil {
		t.Fatal(err)
	}
	ada.echo(socket)
	ada.ok(ada.post(message{typ: "right"}))
	ben.sees("right", ofType("right"))
	ada.echo(socket)
	ada.look(func() {
		if late > 0 {
			t.Errorf("%d frames of the log on a link that is fenced", late)
		}
	})

	// The former link's frames were on the way for long.
	eve := arrive(t, tt.url, room, "Eve", arriving{dial: lazy.dial})
	lazy.up.set(frozen)
	for n := 1; n <= 3; n++ {
		if err := eve.signal.say(object{"t": "m", "n": n, "type": "wrong", "data": n}); err != nil {
			t.Fatal(err)
		}
	}
	eve.dial = nil // past the proxy
	eve.switchTo(overWebSocket)
	eve.post(message{typ: "right"})
	lazy.up.set(flows)
	eve.ok(1)
	eve.post(message{typ: "end"})
	ben.sees("end", ofType("end"))
	if n := ben.count(ofType("wrong")); n != 0 {
		t.Errorf("%d messages were taken from fenced links", n)
	}
	agree(t, ada, ben, eve)
}
