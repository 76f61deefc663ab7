package bubble_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/parlorhq/parlor/internal/client"
)

// browser is a client of internal/client in a storm: it has a PeerConnection, and climbs to its data channel.
type browser struct {
	// Static.
	storm *storm
	name  string
	line  *line
	ip    string
	saw   *witness
	over  chan struct{}
	wg    sync.WaitGroup

	mu sync.Mutex
	// Guarded by mu.
	client  *client.Client // nil: it is not in
	left    bool
	back    time.Time // it does not come back before
	resume  *client.Resume
	lossy   map[string]string
	missing silence
}

func newBrowser(s *storm, name string) *browser {
	b := &browser{
		storm: s, name: name, line: s.arrive(rand.New(rand.NewPCG(s.seed, uint64(len(s.crew))))), saw: &witness{name: name},
		over: make(chan struct{}), lossy: map[string]string{},
	}
	b.ip = b.line.ip.String()
	s.udp.Host(b.ip)
	s.udp.SetDelay(b.ip, oneWay)
	b.jumble(s.plan.jitter)
	b.wg.Go(b.live)
	return b
}

// live is in the room as long as it may be.
func (b *browser) live() {
	for b.pause(200 * time.Millisecond) {
		b.mu.Lock()
		out := b.left || time.Now().Before(b.back)
		b.mu.Unlock()
		if out {
			continue
		}
		c, err := b.join()
		if err != nil {
			b.storm.note(b.name, "join: %v", err)
			continue
		}
		select {
		case <-c.Done():
			b.storm.note(b.name, "ended: %v", c.Err())
		case <-b.over:
			c.Kill()
		}
		b.mu.Lock()
		if b.client = nil; b.resume == nil {
			b.resume = &client.Resume{Session: c.Session().Session, Token: c.Session().Token}
		}
		b.mu.Unlock()
	}
}

func (b *browser) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-b.over:
		return false
	}
}

func (b *browser) join() (*client.Client, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	b.mu.Lock()
	o := client.Options{
		URL: "http://parlor", Room: "storm", Name: b.name, Rejoin: true, Resume: b.resume,
		Dial: b.line.Dial, Net: b.storm.udp.Host(b.ip),
	}
	b.mu.Unlock()
	v := &visit{b: b, in: make(chan struct{}), life: b.storm.life()}
	o.OnMessage, o.OnEvent, o.OnState, o.OnLossy = v.message, v.event, v.state, v.pen
	c, err := client.Join(ctx, o)
	if err != nil {
		close(v.in)
		return nil, err
	}
	v.c, v.began = c, time.Now()
	b.saw.wakes()
	v.begin(c.Entered().Epoch, c.Entered().Offset)
	b.storm.note(b.name, "joined as %s", c.You().ID)
	b.mu.Lock()
	b.client, b.resume, b.missing.longest = c, nil, 0
	b.mu.Unlock()
	close(v.in)
	return c, nil
}

// now is the client that is in, nil if none is.
func (b *browser) now() *client.Client {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.client
}

func (b *browser) obey(o order) {
	if o.what != "say" && o.what != "set" {
		b.storm.note(b.name, "%s", o)
	}
	c := b.now()
	switch o.what {
	case "say", "tell", "bytes", "large", "set", "stray":
		if c == nil {
			return
		}
		others, values := map[string]string{}, map[string]cell{}
		for _, p := range c.Participants() {
			others[p.ID] = p.Name
		}
		for _, v := range c.State().Entries("") {
			values[v.Key] = cell{K: v.Key, O: v.Offset}
		}
		for _, w := range wishes(o, b.name, b.saw.next(), others, values) {
			b.say(c, w)
		}
	case "point":
		for i := range o.n {
			if c != nil {
				_ = c.Lossy("pen", strconv.Itoa(i%3), strconv.Itoa(i))
			}
		}
	case "switch":
		b.storm.udp.Cut(b.ip)
		b.storm.later(time.Duration(o.n)*time.Second, func() { b.storm.udp.Restore(b.ip) })
	case "double":
		if c != nil {
			_ = c.Break(context.Background())
		}
	case "attach":
		b.lose(0.1)
		b.storm.later(5*time.Second, func() { b.lose(0) })
	case "slow":
		b.jumble(b.storm.plan.jitter + time.Duration(o.n*10)*time.Millisecond)
		b.storm.later(8*time.Second, func() { b.jumble(b.storm.plan.jitter) })
		trouble(b.storm, b.line, o, b.missed)
	case "vanish", "vanish long", "cut", "cut long":
		b.missed(o.d)
		b.line.set(true)
		b.storm.udp.Cut(b.ip)
		b.storm.later(o.d, func() {
			b.line.set(false)
			b.storm.udp.Restore(b.ip)
		})
	case "reload", "leave":
		if c != nil {
			b.go_(c, o)
		}
	default:
		trouble(b.storm, b.line, o, b.missed)
	}
}

func (b *browser) lose(share float64) {
	b.storm.udp.SetLoss(b.ip, serverIP, share)
	b.storm.udp.SetLoss(serverIP, b.ip, share)
}

// jumble has packets overtake each other, each way, and some arrive twice.
func (b *browser) jumble(jitter time.Duration) {
	for _, way := range [][2]string{{b.ip, serverIP}, {serverIP, b.ip}} {
		b.storm.udp.SetJitter(way[0], way[1], jitter)
		b.storm.udp.SetDuplication(way[0], way[1], b.storm.plan.double)
	}
}

func (b *browser) missed(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.missing.add(d)
}

// go_ leaves or reloads, and comes back.
func (b *browser) go_(c *client.Client, o order) {
	b.mu.Lock()
	b.back = time.Now().Add(o.d)
	b.resume = &client.Resume{Session: c.Session().Session, Token: c.Session().Token}
	if o.what == "leave" {
		b.resume = nil
	}
	b.mu.Unlock()
	b.wg.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		switch {
		case o.what == "leave":
			_ = c.Leave(ctx)
		case o.coin:
			_ = c.LeaveForReload(ctx)
		default:
			c.Kill()
		}
	})
}

// say sends a wish, and notes its fate when it is known.
func (b *browser) say(c *client.Client, w wish) {
	ctx := context.Background()
	p := post{number: b.saw.next(), to: w.to, chat: w.typ == "chat" && w.to == nil && w.raw == nil}
	switch {
	case w.raw != nil:
		p.body = digest(w.raw, true)
	case w.ops == nil:
		p.body = digest(w.data, false)
	}
	sent := b.saw.posted(p)
	var q *client.Pending
	var err error
	switch {
	case w.ops != nil:
		ops := make([]client.Op, len(w.ops))
		for i, o := range w.ops {
			ops[i] = client.Op{Key: o.K, Value: o.V, Delete: o.Del, Base: o.Base, Version: o.Ver, Nonce: o.Nonce, If: o.If, TTL: o.TTL}
		}
		q, err = c.QueueOps(ctx, ops...)
	case w.raw != nil:
		q, err = c.QueueBytes(ctx, w.typ, w.raw, w.to...)
	default:
		q, err = c.Queue(ctx, w.typ, json.RawMessage(w.data), w.to...)
	}
	if err != nil {
		b.saw.settles(sent, unsent)
		return
	}
	b.wg.Go(func() {
		select {
		case <-q.Done():
		case <-c.Done():
			b.saw.settles(sent, unknown)
			return
		}
		_, err := q.Wait(ctx)
		refusal, isRefused := errors.AsType[*client.Error](err)
		b.saw.mu.Lock()
		defer b.saw.mu.Unlock()
		if at := q.Place(); err == nil || isRefused {
			sent.session, sent.log, sent.offset = at.Session, b.storm.logOf(at.Epoch), at.Offset
		}
		switch {
		case err == nil:
			sent.fate = taken
		case isRefused:
			sent.fate, sent.code = refused, refusal.Code
		default:
			sent.fate = unknown
		}
	})
}

func (b *browser) witness() *witness { return b.saw }

func (b *browser) ready() error {
	c := b.now()
	if c == nil {
		return errors.New("not in")
	}
	if n := b.saw.unsettled(); n > 0 {
		return fmt.Errorf("%d posts without a fate, over %s: %+v", n, c.Stats().Transport, c.Stats())
	}
	return nil
}

func (b *browser) finish(last string) int {
	number := b.saw.next()
	if c := b.now(); c != nil {
		b.say(c, wish{typ: "draw", data: asJSON(label(b.name, number) + last)})
		for i := range 3 { // what comes last counts, not what was sent before it
			_ = c.Lossy("pen", "", strconv.Itoa(i))
			time.Sleep(5 * time.Millisecond)
		}
		_ = c.Lossy("pen", "", last)
	}
	return number
}

func (b *browser) knows() (roster, state string) {
	c := b.now()
	if c == nil {
		return "", ""
	}
	v := view{others: map[string]string{}, values: map[string]cell{}}
	for _, p := range c.Participants() {
		v.others[p.ID] = p.Name
	}
	for _, e := range c.State().Entries("") {
		v.values[e.Key] = cell{K: e.Key, V: e.Value, O: e.Offset}
	}
	return v.roster(c.You().ID, b.name), v.state()
}

func (b *browser) hears(id string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Trim(b.lossy[id+" pen "], `"`)
}

func (b *browser) id() string {
	if c := b.now(); c != nil {
		return c.You().ID
	}
	return ""
}

func (b *browser) here() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.left
}

func (b *browser) end() {
	close(b.over)
	b.wg.Wait()
}
