package datachannel

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// client is the other end of the protocol, written from docs/protocol.md: one goroutine, which owns everything here.
type client struct {
	t     *testing.T
	name  string
	room  *testRoom
	s     *Session
	rnd   *rand.Rand
	inbox chan arrived
	links sync.WaitGroup

	gen      uint64
	position uint64
	ready    bool // attached: messages may be sent
	data     *wire
	wires    map[Kind]*wire

	n       uint64
	unacked []string // from n-len+1
	seen    []logEntry
	acked   uint64
	resets  int
}

type arrived struct {
	w     *wire
	kind  Kind
	frame []byte
	err   error
}

func newClient(t *testing.T, room *testRoom, name string, seed uint64) *client {
	return &client{
		t: t, name: name, room: room, s: room.session(name, Limits{}), rnd: rand.New(rand.NewPCG(seed, uint64(len(name)))),
		inbox: make(chan arrived), wires: map[Kind]*wire{},
	}
}

func (c *client) open(kind Kind, o LinkOptions) {
	w := newWire()
	l := c.s.Open(w, kind, o)
	c.links.Go(func() { _ = l.Run(context.Background()) })
	c.links.Go(func() {
		for {
			frame, err := w.recv()
			if err == nil {
				time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond) // the way here
			}
			c.inbox <- arrived{w, kind, frame, err}
			if err != nil {
				return
			}
		}
	})
	c.wires[kind] = w
}

// attach goes on over kind, opening it if need be.
func (c *client) attach(kind Kind) {
	if c.wires[kind] == nil {
		c.open(kind, LinkOptions{})
	}
	c.gen++
	c.data, c.ready = c.wires[kind], false
	c.data.send(fmt.Sprintf(`{"t":"attach","gen":%d,"epoch":%q,"position":%d}`, c.gen, c.room.log.Epoch(), c.position))
}

func (c *client) handle(a arrived) {
	if a.err != nil {
		if c.wires[a.kind] == a.w {
			delete(c.wires, a.kind)
		}
		if c.data == a.w { // go on over the other one
			c.attach(WebSocket + DataChannel - a.kind)
		}
		return
	}
	var f struct {
		logFrame
		Gen  uint64 `json:"gen"`
		N    uint64 `json:"n"`
		Code string `json:"code"`
	}
	if err := json.Unmarshal(a.frame, &f); err != nil {
		c.t.Errorf("%s got %s: %v", c.name, a.frame, err)
		return
	}
	switch f.T {
	case "attached", "reset":
		if f.Gen != c.gen {
			return
		}
		if f.T == "reset" {
			c.resets++
			c.position = f.Position
		}
		// Messages up to f.N are in the log; their ok may still be on its way.
		first := c.n - uint64(len(c.unacked)) + 1
		for i, m := range c.unacked {
			if first+uint64(i) > f.N {
				a.w.send(m)
			}
		}
		c.ready = true
	case "log":
		f.complete()
		c.log(&f.logFrame)
	case "error":
		// An attach that a later one on a faster link overtook.
		if !strings.Contains(string(a.frame), `"re":"attach","code":"bad_message"`) {
			c.t.Errorf("%s got %s", c.name, a.frame)
		}
	}
}

func (c *client) log(f *logFrame) {
	if f.After > c.position {
		c.t.Errorf("%s was at %d and got a frame after %d", c.name, c.position, f.After)
		return
	}
	for _, e := range f.Entries {
		if e.O <= c.position {
			continue // a former link was faster
		}
		c.seen = append(c.seen, e)
		if n := max(e.OK, e.Refused); n > 0 {
			if want := c.n - uint64(len(c.unacked)) + 1; n != want {
				c.t.Errorf("%s was told of its message %d, want %d", c.name, n, want)
				return
			}
			c.unacked = c.unacked[1:]
		}
	}
	c.position = max(c.position, f.Position)
	if c.position >= c.acked+64 {
		c.acked = c.position
		c.data.send(fmt.Sprintf(`{"t":"ack","position":%d}`, c.acked))
	}
}

func (c *client) send(text, to string) {
	c.n++
	m := fmt.Sprintf(`{"t":"m","n":%d,"type":%q,"data":%q%s}`, c.n, text, c.name+"/"+fmt.Sprint(c.n), to)
	c.unacked = append(c.unacked, m)
	if c.ready {
		c.data.send(m)
	}
}

// run sends count messages while its links break and the log moves between them, then reads until it is told to stop.
func (c *client) run(count int, peers []string, trouble time.Duration, stop <-chan struct{}) {
	c.open(WebSocket, LinkOptions{Attached: true})
	c.gen, c.ready, c.data = 1, true, c.wires[WebSocket]
	pen := time.NewTicker(4 * time.Millisecond)
	defer pen.Stop()
	next := time.After(trouble)
	for {
		select {
		case a := <-c.inbox:
			c.handle(a)
		case <-pen.C:
			for range c.rnd.IntN(4) {
				if c.n >= uint64(count) || len(c.unacked) >= 200 {
					break
				}
				text, to := "draw", ""
				switch c.rnd.IntN(20) {
				case 0:
					to = fmt.Sprintf(`,"to":[%q]`, peers[c.rnd.IntN(len(peers))])
				case 1:
					text = "forbidden"
				}
				c.send(text, to)
			}
		case <-next:
			c.makeTrouble()
			next = time.After(time.Duration(c.rnd.Int64N(int64(2 * trouble))))
		case <-stop:
			c.s.Close("left", "done")
			go func() {
				for range c.inbox { // what the links still bring
				}
			}()
			c.links.Wait()
			close(c.inbox)
			return
		}
	}
}

func (c *client) makeTrouble() {
	kind := WebSocket + Kind(c.rnd.IntN(2))
	switch c.rnd.IntN(4) {
	case 0, 1: // a better link
		c.attach(kind)
	case 2: // the one in use dies, with all that is under way
		c.data.cut()
	default: // a new one in place of an old one that may still live
		c.open(kind, LinkOptions{})
		c.attach(kind)
	}
}

func storm(t *testing.T, clients, each int, seed uint64) {
	synctest.Test(t, func(t *testing.T) {
		room := newTestRoom(LogConfig{MaxEntries: 50_000})
		var all []*client
		var peers []string
		for i := range clients {
			c := newClient(t, room, fmt.Sprintf("%c", 'a'+i), seed+uint64(i))
			all = append(all, c)
			peers = append(peers, "p_"+c.name)
		}
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for _, c := range all {
			wg.Go(func() { c.run(each, peers, 100*time.Millisecond, stop) })
		}
		// Until nothing new came for long enough that everyone must have everything. Trouble goes on to the end.
		for head := uint64(0); head < uint64(clients*each); head = room.log.Head() {
			time.Sleep(time.Second)
			if time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) > 5*time.Minute {
				t.Errorf("only %d of %d entries after five minutes", room.log.Head(), clients*each)
				break
			}
		}
		time.Sleep(10 * time.Second)
		close(stop)
		wg.Wait()
		check(t, room, all, each)
	})
}

// check compares what everyone saw with what is in the log.
func check(t *testing.T, room *testRoom, all []*client, each int) {
	t.Helper()
	visible := func(who *client) (want []string) {
		for o := uint64(1); o <= room.log.Head(); o++ {
			r := room.log.atLocked(o)
			own := r.session == who.s.cfg.ID
			i, found := slices.BinarySearchFunc(room.truth, o, func(e truth, o uint64) int { return int(e.offset) - int(o) })
			switch {
			case !found && own:
				want = append(want, fmt.Sprintf("%d refused %d", o, r.n))
			case !found:
			case own:
				want = append(want, fmt.Sprintf("%d ok %d", o, r.n))
			case len(r.to) == 0 || slices.Contains(r.to, "p_"+who.name):
				want = append(want, fmt.Sprintf("%d %s %s", o, room.truth[i].from, room.truth[i].data))
			}
		}
		return want
	}
	for _, c := range all {
		var got []string
		for _, e := range c.seen {
			switch {
			case e.OK > 0:
				got = append(got, fmt.Sprintf("%d ok %d", e.O, e.OK))
			case e.Refused > 0:
				got = append(got, fmt.Sprintf("%d refused %d", e.O, e.Refused))
			default:
				got = append(got, fmt.Sprintf("%d %s %s", e.O, e.From, e.Data))
			}
		}
		if want := visible(c); !slices.Equal(got, want) {
			t.Errorf("%s saw %d entries, want %d: %s", c.name, len(got), len(want), firstDifference(got, want))
		}
		if len(c.unacked) > 0 || c.n != uint64(each) {
			t.Errorf("%s sent %d and knows nothing of %d", c.name, c.n, len(c.unacked))
		}
		// Each message once, in the order of its sender.
		next := uint64(1)
		for o := uint64(1); o <= room.log.Head(); o++ {
			if r := room.log.atLocked(o); r.session == c.s.cfg.ID {
				if r.n != next {
					t.Errorf("%s's message %d is in the log after %d", c.name, r.n, next-1)
				}
				next = r.n + 1
			}
		}
		if next != uint64(each)+1 {
			t.Errorf("the log has %d messages of %s, want %d", next-1, c.name, each)
		}
		for _, e := range room.truth {
			if e.from == "p_"+c.name && e.data != fmt.Sprintf("%q", c.name+"/"+fmt.Sprint(e.n)) {
				t.Errorf("message %d of %s became %s", e.n, c.name, e.data)
			}
		}
		t.Logf("%s: generation %d, %d entries, %d resets", c.name, c.gen, room.log.Head(), c.resets)
		if c.resets > 0 {
			t.Errorf("%s was reset", c.name)
		}
	}
}

func firstDifference(a, b []string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("at %d %q, want %q", i, a[i], b[i])
		}
	}
	return "one is longer: " + strings.Join(append(a[min(len(a), len(b)):], b[min(len(a), len(b)):]...), ", ")
}

func TestStorm(t *testing.T) {
	for _, c := range []struct{ clients, each int }{{2, 1000}, {3, 700}, {8, 1250}} {
		t.Run(fmt.Sprintf("%d clients", c.clients), func(t *testing.T) { storm(t, c.clients, c.each, uint64(c.clients)) })
	}
}
