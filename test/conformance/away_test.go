package conformance

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// A page that is frozen, a laptop that sleeps, a telephone that changes its network.
func TestCase42FrozenAsleepAndElsewhere(t *testing.T) {
	t.Parallel()
	tt := short(t)
	room := aRoom()
	ice := before(t, tt.url)
	ben := arrive(t, tt.url, room, "Ben")
	ada := arrive(t, tt.url, room, "Ada", arriving{dial: ice.dial})

	// Frozen for longer than silence may last: others see her leave, and come back as who she was, missing nothing.
	ada.look(func() { ada.mute = true })
	ice.up.set(frozen)
	ice.down.set(frozen)
	left := ben.sees("Ada leaving", func(e event) bool { return e.typ == "(left)" && e.from == ada.id })
	if left.body != "lost" {
		t.Errorf("left as %s", left.body)
	}
	ben.ok(ben.post(message{typ: "meanwhile"}))
	ice.up.set(flows)
	ice.down.set(flows)
	ada.look(func() { ada.mute = false })
	ada.signal.cut()
	ada.switchTo(overWebSocket)
	ada.sees("meanwhile", ofType("meanwhile"))
	ben.sees("Ada coming back", func(e event) bool { return e.typ == "(joined)" && e.from == ada.id && e.o > left.o })
	ada.ok(ada.post(message{typ: "awake"}))
	ben.sees("awake", ofType("awake"))

	// Another network: another address of the WebSocket, and of the PeerConnection by an ICE restart, in mid-burst.
	channel := ada.switchTo(overWebRTC)
	const count = 200
	ada.burst("moving", count)
	ben.burst("moved", count)
	ben.halfway("moving", count)
	ada.dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
		return d.DialContext(ctx, network, addr)
	}
	ice.cut()
	ada.open(overWebSocket)
	if err := ada.negotiate(within(t, patience), ada.peer, false, &webrtc.OfferOptions{ICERestart: true}); err != nil {
		t.Fatal("ICE restart: ", err)
	}
	for _, p := range []*person{ada, ben} {
		p.complete("moving", count)
		p.complete("moved", count)
	}
	ada.echo(channel)
	if ada.data != channel || channel.why() != nil {
		t.Errorf("the channel did not survive: %v", channel.why())
	}
	agree(t, ada, ben)

	// Asleep for longer than a session is kept: it is gone, and says so; she joins anew.
	ada.look(func() { ada.mute = true })
	for _, l := range ada.lines {
		l.cut()
	}
	ben.sees("Ada leaving for good", func(e event) bool { return e.typ == "(left)" && e.from == ada.id && e.o > left.o })
	pause(t, resumeWindow+lostAfter)
	if _, err := ada.tryOpen(within(t, patience), overWebSocket); !refusedWith(err, "session_not_found") {
		t.Errorf("came back after all that time: %v", err)
	}
	again := arrive(t, tt.url, room, "Ada")
	if again.id == ada.id {
		t.Error("another session, the same participant")
	}
	again.ok(again.post(message{typ: "good morning"}))
	ben.sees("good morning", ofType("good morning"))
}

// The network under a data channel dies and no event says so, neither here nor there.
func TestCase43SilentDataChannelDeath(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	ada, ben, cy := trio(t, tt.url)
	socket := ada.signal
	for round := range 3 {
		channel := ada.switchTo(overWebRTC)
		count := 100
		typ := func(way string) string { return way + string(rune('0'+round)) }
		ada.burst(typ("up"), count)
		ben.burst(typ("down"), count)
		ben.halfway(typ("up"), count)
		ada.peer.net.mute(true)
		ada.burst(typ("late"), count)
		ben.burst(typ("later"), count)
		if err := ada.tryEcho(within(t, 300*time.Millisecond), channel); err == nil {
			t.Fatal("a dead channel answered")
		}
		if channel.why() != nil {
			t.Fatal("an event said so: this tests nothing")
		}
		ada.attach(socket)
		for _, p := range []*person{ada, ben, cy} {
			for _, way := range []string{"up", "down", "late", "later"} {
				p.complete(typ(way), count)
			}
		}
		agree(t, ada, ben, cy)
	}
}

// What a client's clock says is nothing to anybody: it is not in the protocol, and where a client puts it nevertheless, it
// is ignored. The server's own clock is in every entry. (How the server fares when its own clock jumps is shown where its
// parts take `now`.)
func TestCase44ClockJumps(t *testing.T) {
	t.Parallel()
	tt := server(t)
	room := aRoom()
	ada, ben := join(t, tt.url, room, "Ada"), join(t, tt.url, room, "Ben")
	began := time.Now()
	for n, at := range []string{"0", "-1", "9007199254740991", "1e300", `"yesterday"`, "null"} {
		ada.say(`{"t":"m","n":` + asJSON(n+1) + `,"type":"clock","data":null,"at":` + at + `,"ts":` + at + `}`)
		e := ben.expectEntry("message", func(e object) bool { return e["type"] == "clock" })
		if ms := int64(num(e["at"])); tt.started && (ms < began.UnixMilli()-1000 || ms > time.Now().UnixMilli()+1000) {
			t.Errorf("sent at %s by its sender, entered at %d", at, ms)
		}
	}
}

// A session is taken from a page while that page resumes it. Whichever was first, in the end one has it, and knows.
func TestCase47KickDuringResume(t *testing.T) {
	t.Parallel()
	tt := quick(t)
	room := aRoom()
	ben := arrive(t, tt.url, room, "Ben")
	for range 20 {
		first := arrive(t, tt.url, room, "Ada")
		first.signal.cut()
		second := newPerson(t, tt.url, "Ada again", nil)
		var resumed, joined error
		var both sync.WaitGroup
		both.Go(func() {
			var l *line
			if l, resumed = first.tryOpen(within(t, patience), overWebSocket); resumed == nil {
				resumed = first.tryAttach(within(t, patience), l)
			}
		})
		both.Go(func() {
			joined = second.join(room, arriving{join: object{"resume": object{"sid": first.in.SID, "rt": first.in.RT}}})
		})
		both.Wait()
		if joined != nil {
			t.Fatal("the newcomer did not come in: ", joined)
		}
		second.ok(second.post(message{typ: "mine"}))
		if second.id != first.id {
			if resumed != nil {
				t.Errorf("nobody has the session: %v", resumed)
			}
			continue
		}
		if resumed == nil { // it had it for a moment
			if err := first.wait(within(t, patience), "the end", func() bool { return false }); first.closed == nil {
				t.Fatal("two have one session: ", err)
			}
		}
		if first.closed != nil && first.closed.Code != "replaced" {
			t.Errorf("%+v", first.closed)
		}
		if s := resume(t, tt.url, first.in.SID, first.rt); s != nil {
			s.expectError("resume", "session_not_found")
		}
		e := ben.sees("the one who has it", func(e event) bool { return e.typ == "mine" && e.from == second.id })
		ben.look(func() {
			if ben.others[second.id] == "" {
				t.Errorf("%s spoke at %d and is not here", second.id, e.o)
			}
		})
	}
}
