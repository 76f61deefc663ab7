package bubble_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

const (
	guestTick = 250 * time.Millisecond
	pingEvery = 2 * time.Second
)

// guest is a client that is nothing but docs/protocol.md, over WebSockets and HTTP. One goroutine owns all of it; what
// happens to it is told to that.
type guest struct {
	// Static.
	storm *storm
	name  string
	line  *line
	http  *http.Client
	saw   *witness
	box   chan func()
	over  chan struct{}
	wg    sync.WaitGroup

	// Owned by run.
	rng     *rand.Rand
	kind    string // of the links it wants
	away    bool   // it has no link and wants none
	dialing int
	retry   time.Time
	attempt string // of the join under way
	life    *sitting
	former  *sitting // that a join is to go on with
	hoses   map[*hose]bool
	data    *hose // carries the log
	signal  *hose // the newest
	pinged  time.Time
	half    bool // it attached with a part of a snapshot, of which a server that was restarted has no more
	leaving bool
	left    bool
	missing silence   // when it could not be heard
	began   time.Time // of life
	resets  int

	ledger
	view
}

// sitting is a session.
type sitting struct{ sid, rt, id string }

func newGuest(s *storm, name, kind string, seed uint64) *guest {
	rng := rand.New(rand.NewPCG(seed, uint64(len(name))))
	g := &guest{
		storm: s, name: name, kind: kind, rng: rng, saw: &witness{name: name}, line: s.arrive(rng),
		box: make(chan func()), over: make(chan struct{}), hoses: map[*hose]bool{},
	}
	g.http = &http.Client{Transport: &http.Transport{DialContext: g.line.Dial, MaxConnsPerHost: 6}}
	g.view.lossy, g.ledger.cells = map[string]string{}, &g.view
	g.wg.Go(g.run)
	return g
}

// tell has f done on the guest's goroutine; false when there is none any more.
func (g *guest) tell(f func()) bool {
	select {
	case g.box <- f:
		return true
	case <-g.over:
		return false
	}
}

// ask is tell that waits until it is done.
func (g *guest) ask(f func()) {
	done := make(chan struct{})
	if g.tell(func() { f(); close(done) }) {
		<-done
	}
}

func (g *guest) fault(format string, args ...any) {
	g.storm.fault("%s: %s", g.name, fmt.Sprintf(format, args...))
}

func (g *guest) note(format string, args ...any) { g.storm.note(g.name, format, args...) }

func (g *guest) run() {
	tick := time.NewTicker(guestTick)
	defer tick.Stop()
	for {
		select {
		case f := <-g.box:
			f()
		case now := <-tick.C:
			g.tend(now)
		case <-g.over:
			return
		}
	}
}

// end stops everything of it without a word.
func (g *guest) end() {
	g.ask(func() { g.hangUp() })
	close(g.over)
	g.wg.Wait()
	g.http.CloseIdleConnections()
}

// hangUp drops all links.
func (g *guest) hangUp() {
	for h := range g.hoses {
		h.drop(errDropped)
	}
	clear(g.hoses)
	g.data, g.signal, g.attached = nil, nil, false
}

var errDropped = errors.New("dropped")

// tend does what is to be done now and then.
func (g *guest) tend(now time.Time) {
	if g.away || g.left {
		return
	}
	switch {
	case g.data != nil:
	case g.signal != nil:
		g.attach(g.signal)
	case g.dialing == 0 && !now.Before(g.retry):
		g.dial(g.kind)
	}
	h := g.data
	if h == nil {
		return
	}
	if g.attached && g.position > g.acked {
		g.acked = g.position
		h.quickly(object{"t": "ack", "position": g.position})
	}
	if h.kind == overWebSocket && now.Sub(g.pinged) > pingEvery {
		g.pinged = now
		h.quickly(object{"t": "ping", "id": 1})
	}
	silent := now.Sub(h.heard)
	if h.kind == overWebSocket && silent > socketSilent || h.kind == overSSE && silent > streamSilent {
		g.note("%s has been silent for %s", h.kind, silent)
		h.drop(errors.New("silent"))
	}
}

// dial opens a link of a kind and enters or resumes with it.
func (g *guest) dial(kind string) {
	g.dialing++
	life, session := g.life, ""
	var hello object
	if life != nil {
		hello = object{"t": "resume", "sid": life.sid, "rt": life.rt}
		session = life.sid
	} else {
		g.began = time.Now()
		if g.attempt == "" {
			g.attempt = fmt.Sprintf("%s-%016x", g.name, g.rng.Uint64())
		}
		hello = object{"t": "join", "room": "storm", "name": g.name, "attempt": g.attempt}
		if g.former != nil {
			hello["resume"] = object{"sid": g.former.sid, "rt": g.former.rt}
		}
	}
	seed := g.rng.Uint64()
	g.wg.Go(func() {
		h, first, err := g.dialHose(context.Background(), kind, asJSON(hello), session, seed)
		if !g.tell(func() { g.opened(kind, life, h, first, err) }) && h != nil {
			h.drop(errDropped)
		}
	})
}

// opened takes what became of dial.
func (g *guest) opened(kind string, life *sitting, h *hose, first []told, err error) {
	g.dialing--
	if r, ok := errors.AsType[*refusal](err); ok && r.code == "session_not_found" && life == g.life {
		g.note("session not found")
		if !g.mayLose() {
			g.fault("the session is gone")
		}
		g.lose()
		return
	}
	if err == nil && (g.away || g.left || life != g.life) {
		h.drop(errDropped)
		return
	}
	if err != nil {
		g.note("no %s: %v", kind, err)
		g.retry = time.Now().Add(100*time.Millisecond + time.Duration(g.rng.IntN(900))*time.Millisecond)
		return
	}
	m := &first[0]
	h.heard = time.Now()
	g.hoses[h], g.signal = true, h
	switch m.T {
	case "joined":
		g.joined(h, m)
	case "resumed":
		g.life.rt = m.RT
		g.attach(h)
	default:
		g.fault("%q in answer to a hello", m.T)
	}
	h.start()
	g.hear(h, first[1:])
}

// lose gives up a session that is gone: what it was waiting for has an unknown fate, and a new one takes its place.
func (g *guest) lose() {
	if g.life == nil {
		return
	}
	g.hangUp()
	g.former, g.life = g.life, nil
	g.saw.wakes()
	g.forsake(g.saw)
}

// missed notes that the server may not hear it for a while.
func (g *guest) missed(d time.Duration) { g.missing.add(d) }

// mayLose says whether there is a reason for a session to be gone.
func (g *guest) mayLose() bool {
	return g.leaving || g.storm.lostSince(g.began) || g.missing.longest > g.storm.plan.window-15*time.Second
}

func (g *guest) joined(h *hose, m *told) {
	g.missing.longest = 0
	g.life, g.attempt = &sitting{m.SID, m.RT, m.You.ID}, ""
	g.note("joined as %s at %d over %s", m.You.ID, m.Position, h.kind)
	g.ledger.enter(m)
	g.data = h
	g.view.enter(m.Participants, int(m.State), false)
	g.saw.begins(g.storm.logOf(m.Epoch), m.SID, m.You.ID, m.Position)
	g.flush()
}

// ended takes the end of a link.
func (g *guest) ended(h *hose, err error) {
	if !g.hoses[h] {
		return
	}
	delete(g.hoses, h)
	if g.signal == h {
		g.signal = nil
	}
	if g.data == h {
		g.data, g.attached = nil, false
		g.note("%s ended: %v", h.kind, err)
		g.retry = time.Now().Add(time.Duration(g.rng.IntN(300)) * time.Millisecond)
	}
	if g.leaving {
		g.gone()
	}
}

// gone is the end of a session that was asked for.
func (g *guest) gone() {
	g.leaving, g.left = false, true
	g.hangUp()
	g.saw.wakes()
	g.forsake(g.saw)
	g.former, g.life = nil, nil
}

// attach makes a link the one that carries the log.
func (g *guest) attach(h *hose) {
	g.data, g.half = h, !g.view.whole()
	h.clear()
	h.quickly(g.again())
}

// flush sends what may be sent.
func (g *guest) flush() {
	for g.data != nil {
		p, ok := g.ledger.next()
		if !ok {
			return
		}
		g.data.inOrder(p)
	}
}
