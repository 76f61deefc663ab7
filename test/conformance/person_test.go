package conformance

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// person is a session and the bookkeeping that docs/protocol.md asks of a client: its place in the log, what it sent and
// what became of it, over whichever line. It does nothing by itself but read, acknowledge and ping; the test opens and
// attaches lines. What the server does wrong is noted as a fault, which ends the test.
type person struct {
	// Static after join.
	t              testing.TB
	url            string
	dial           dialer
	name           string
	id             string
	in             told // joined
	windowMessages int  // unanswered
	windowBytes    int

	// Guarded by mu.
	mu      sync.Mutex
	changed chan struct{} // closed and replaced
	rt      string
	epoch   string
	lines   []*line
	data    *line // carries the log
	signal  *line // the newest that is no data channel
	peer    *peer

	position, gen, acked uint64
	attached             bool // the server answered the attach of gen

	n         uint64
	unacked   []posted
	sent      int // of unacked
	confirmed uint64

	timeline []event
	fates    map[uint64]entry // of own messages
	unknown  []uint64         // own messages whose fate a reset has taken
	cells    map[string]cell
	got, of  uint64 // cells of a snapshot
	lossy    []told
	others   map[string]string // names of who is here, by id
	resets   []told
	errors   []told
	answers  map[uint64]told // to offers and history, by id
	asked    uint64
	pongs    map[uint64]bool
	faults   []string
	closed   *told
	over     bool
	mute     bool // it neither acknowledges nor pings
	mayReset bool // the test expects it
}

// event is one entry of the log as everybody sees it.
type event struct {
	o         uint64
	from, typ string
	body      string
	direct    bool
	at        time.Time // when it came
}

type posted struct {
	n     uint64
	frame []byte
	bin   bool
	event event
}

// arriving is how somebody comes in. The zero value is over a WebSocket straight to the server.
type arriving struct {
	via  string
	dial dialer
	join object // more members of join
}

func arrive(t testing.TB, url, room, name string, how ...arriving) *person {
	t.Helper()
	var h arriving
	if len(how) > 0 {
		h = how[0]
	}
	p := newPerson(t, url, name, h.dial)
	if err := p.join(room, h); err != nil {
		t.Fatalf("%s: join: %v", name, err)
	}
	return p
}

func newPerson(t testing.TB, url, name string, dial dialer) *person {
	p := &person{
		t: t, url: url, dial: dial, name: name, changed: make(chan struct{}),
		fates: map[uint64]entry{}, cells: map[string]cell{}, others: map[string]string{},
		answers: map[uint64]told{}, pongs: map[uint64]bool{},
	}
	t.Cleanup(p.end)
	return p
}

// join enters. It may be called once.
func (p *person) join(room string, h arriving) error {
	hello := object{"t": "join", "room": room, "name": p.name}
	maps.Copy(hello, h.join)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	l, err := p.dialUp(ctx, h.via, hello)
	if err != nil {
		return err
	}
	_, err = l.answer(ctx)
	return err
}

// end stops everything, and reports what went wrong.
func (p *person) end() {
	p.mu.Lock()
	p.over = true
	lines := p.lines
	p.wakeLocked()
	p.mu.Unlock()
	for _, l := range lines {
		l.cut()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.faults {
		p.t.Errorf("%s: %s", p.name, f)
	}
}

func (p *person) dialUp(ctx context.Context, via string, hello any) (l *line, err error) {
	switch via {
	case "", overWebSocket:
		l, err = openSocket(ctx, p.t, p.url, p.dial, hello, p.hear)
	case overSSE, overPoll:
		l, err = openRung(ctx, p.t, p.url, p.dial, via, hello, p.hear)
	default:
		panic(via)
	}
	return l, err
}

// tryOpen opens a line of a kind and resumes with it, but for a data channel, which is offered over the signal line.
// It carries no messages until attach.
func (p *person) tryOpen(ctx context.Context, kind string) (*line, error) {
	if kind == overWebRTC {
		return p.tryChannel(ctx)
	}
	p.mu.Lock()
	hello := object{"t": "resume", "sid": p.in.SID, "rt": p.rt}
	p.mu.Unlock()
	l, err := p.dialUp(ctx, kind, hello)
	if err != nil {
		return nil, err
	}
	if _, err := l.answer(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

func (p *person) open(kind string) *line {
	p.t.Helper()
	l, err := p.tryOpen(within(p.t, patience), kind)
	if err != nil {
		p.t.Fatalf("%s: open %s: %v", p.name, kind, err)
	}
	return l
}

// tryChannel makes a PeerConnection, whose data channel is the line, and waits for an echo on it.
func (p *person) tryChannel(ctx context.Context) (*line, error) {
	next, err := makePeer(p.hear)
	if err != nil {
		return nil, err
	}
	p.t.Cleanup(func() {
		next.reliable.cut()
		_ = next.pc.Close()
	})
	if err := p.negotiate(ctx, next, true, nil); err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.peer = next
	p.startLocked(next.reliable)
	p.mu.Unlock()
	return next.reliable, p.tryEcho(ctx, next.reliable)
}

// negotiate sends an offer and takes its answer.
func (p *person) negotiate(ctx context.Context, pc *peer, fresh bool, options *webrtc.OfferOptions) error {
	sdp, err := pc.offer(options)
	if err != nil {
		return err
	}
	answer, err := p.ask(ctx, object{"t": "offer", "sdp": sdp, "fresh": fresh, "tracks": []object{}})
	if err != nil {
		return err
	}
	return pc.accept(ctx, answer.SDP)
}

// ask says something with an id on the signal line and waits for the answer with that id.
func (p *person) ask(ctx context.Context, request object) (answer told, err error) {
	p.mu.Lock()
	p.asked++
	id, l := p.asked, p.signal
	p.mu.Unlock()
	request["id"] = id
	if err := l.say(request); err != nil {
		return told{}, err
	}
	err = p.wait(ctx, fmt.Sprint("answer to ", request["t"]), func() bool {
		m, ok := p.answers[id]
		answer = m
		return ok
	})
	if err == nil && answer.T == "error" {
		err = &refusal{answer.Re, answer.Code}
	}
	return answer, err
}

// tryAttach makes l the data line.
func (p *person) tryAttach(ctx context.Context, l *line) error {
	p.mu.Lock()
	p.gen++
	gen := p.gen
	frame := object{"t": "attach", "gen": gen, "epoch": p.epoch, "position": p.position}
	if p.got < p.of {
		frame["state"] = p.got
	}
	p.data, p.attached, p.sent = l, false, 0
	p.wakeLocked()
	p.mu.Unlock()
	if err := l.say(frame); err != nil {
		return err
	}
	err := p.wait(ctx, fmt.Sprint("attached ", gen), func() bool { return p.attached && p.gen == gen || l.why() != nil })
	if err == nil && l.why() != nil {
		err = l.why()
	}
	return err
}

func (p *person) attach(l *line) {
	p.t.Helper()
	if err := p.tryAttach(within(p.t, patience), l); err != nil {
		p.t.Fatalf("%s: attach: %v", p.name, err)
	}
}

// switchTo opens a line and attaches it.
func (p *person) switchTo(kind string) *line {
	p.t.Helper()
	l := p.open(kind)
	p.attach(l)
	return l
}

// persist opens and attaches until it works, as a client does whose network or server comes and goes.
func (p *person) persist(kind string) (*line, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		try, stop := context.WithTimeout(ctx, 5*time.Second)
		l, err := p.tryOpen(try, kind)
		if err == nil {
			err = p.tryAttach(try, l)
		}
		stop()
		if err == nil || refusedWith(err, "session_not_found") || p.wronged() {
			return l, err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("%s does not come through: %w", kind, err)
		}
	}
}

// tryEcho proves a line by a ping.
func (p *person) tryEcho(ctx context.Context, l *line) error {
	p.mu.Lock()
	p.asked++
	id := p.asked + 1<<32
	p.mu.Unlock()
	if err := l.say(object{"t": "ping", "id": id}); err != nil {
		return err
	}
	return p.wait(ctx, "pong", func() bool { return p.pongs[id] })
}

// echo waits until the server has handled what was said on l.
func (p *person) echo(l *line) {
	p.t.Helper()
	if err := p.tryEcho(within(p.t, patience), l); err != nil {
		p.t.Fatalf("%s: ping over %s: %v", p.name, l.kind, err)
	}
}

// message is one to send. Data is JSON; with raw it is bytes.
type message struct {
	typ  string
	data string
	raw  []byte
	to   []string
}

// post queues a message. It goes out when the window and the lines allow.
func (p *person) post(m message) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	head := object{"t": "m", "n": p.n, "type": m.typ}
	if m.to != nil {
		head["to"] = m.to
	}
	e := event{from: p.id, typ: m.typ, body: m.data, direct: m.to != nil}
	var frame []byte
	switch {
	case m.raw != nil:
		head["bytes"] = len(m.raw)
		frame = framed(asJSON(head), m.raw)
		e.body = digest(m.raw)
	case m.data == "":
		e.body = "null"
		frame = []byte(asJSON(head))
	default: // not through encoding/json, which would change it
		frame = []byte(strings.TrimSuffix(asJSON(head), "}") + `,"data":` + m.data + "}")
		e.body = brief(m.data)
	}
	p.queueLocked(frame, m.raw != nil, e)
	return p.n
}

// change queues a change of the state.
func (p *person) change(ops ...op) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	p.queueLocked([]byte(asJSON(object{"t": "s", "n": p.n, "ops": ops})), false, event{from: p.id, typ: "(ops)"})
	return p.n
}

func (p *person) queueLocked(frame []byte, bin bool, e event) {
	p.unacked = append(p.unacked, posted{p.n, frame, bin, e})
	p.wakeLocked()
}

// cursor sends a lossy message.
func (p *person) cursor(typ, key, data string) error {
	frame := []byte(`{"t":"e","type":` + asJSON(typ) + `,"key":` + asJSON(key) + `,"data":` + data + `}`)
	p.mu.Lock()
	l, peer := p.data, p.peer
	p.mu.Unlock()
	if l.kind == overWebRTC {
		return peer.lossy.SendText(string(frame))
	}
	return l.send(frame, false)
}
