package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/parlorhq/parlor/internal/client"
)

const (
	killClients = 20
	killRate    = 200 // messages a second of all together
	killPromise = 2 * time.Second
)

// A server is killed at random moments under people who send all the time. Nothing that was acknowledged is lost, nothing
// comes twice or out of order, all see one order, and everybody sends again soon. PARLOR_KILL_ROUNDS says how often.
func TestKillNine(t *testing.T) {
	rounds := 10
	if text := os.Getenv("PARLOR_KILL_ROUNDS"); text != "" {
		var err error
		if rounds, err = strconv.Atoi(text); err != nil {
			t.Fatal("PARLOR_KILL_ROUNDS: ", err)
		}
	}
	p := durable(t)
	rng := seeded(t)
	room := aRoom()
	crowd := make([]*sender, killClients)
	for i := range crowd {
		crowd[i] = newSender(t, p.url, room, i)
	}
	ctx, stop := context.WithCancel(t.Context())
	var sending sync.WaitGroup
	for _, s := range crowd {
		sending.Go(func() { s.send(ctx) })
	}
	var back []time.Duration
	channels := 0 // that were in use when the server was killed, in all rounds
	for round := range rounds {
		if round%3 == 0 { // mostly a server does not live long enough for them
			awaitChannel(t, crowd[1+2*rng.IntN(killClients/2)])
		}
		pause(t, time.Duration(200+rng.IntN(1000))*time.Millisecond)
		for _, s := range crowd {
			if s.client.Stats().Transport == client.WebRTC {
				channels++
			}
		}
		p.kill()
		p.again(t)
		for _, s := range crowd {
			took, err := s.ackedAfter(t.Context(), p.began)
			if err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			back = append(back, took)
		}
	}
	stop()
	sending.Wait()
	acked := check(t, crowd)
	slices.Sort(back)
	p50, p99 := back[len(back)/2], back[len(back)*99/100]
	t.Logf("%d rounds, %d clients, %d over data channels when it was killed, %d messages acknowledged; "+
		"sending again after p50 %s, p99 %s, most %s", rounds, killClients, channels, acked, p50.Round(time.Millisecond), p99.Round(time.Millisecond), back[len(back)-1].Round(time.Millisecond))
	if p99 > killPromise {
		t.Errorf("sending again took p99 %s, %s is promised", p99, killPromise)
	}
	if channels == 0 {
		t.Error("nobody used a data channel: this says nothing of them")
	}
}

// awaitChannel waits until a data channel carries what s sends.
func awaitChannel(t *testing.T, s *sender) {
	t.Helper()
	if err := s.client.Until(within(t, patience), func() bool { return s.client.Stats().Transport == client.WebRTC }); err != nil {
		t.Fatalf("client %d gets no data channel: %v", s.index, err)
	}
}

// sender is one client who sends numbered messages, and what it saw.
type sender struct {
	index  int
	client *client.Client

	mu      sync.Mutex
	changed chan struct{}
	seen    []sight
	resets  int
	fates   []fate // by number
	acks    []time.Time
}

// sight is a message at its place in the log: the one that a client sent as its Nth.
type sight struct {
	offset  uint64
	From, N int
}

type fate struct {
	offset uint64
	err    error
}

func newSender(t *testing.T, url, room string, index int) *sender {
	t.Helper()
	s := &sender{index: index, changed: make(chan struct{})}
	options := client.Options{
		URL: url, Room: room, Name: fmt.Sprint("Sender ", index),
		OnMessage: s.see,
		OnEvent: func(e client.Event) {
			if e.Kind == "reset" {
				s.mu.Lock()
				s.resets++
				s.mu.Unlock()
			}
		},
	}
	if index%2 == 0 { // the others go over data channels when they can
		options.NoMedia, options.Pin = true, []client.Transport{client.WebSocket}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var err error
	if s.client, err = client.Join(ctx, options); err != nil {
		t.Fatal("join: ", err)
	}
	t.Cleanup(s.client.Kill)
	return s
}

func (s *sender) see(m client.Message) {
	v := sight{offset: m.Offset, From: -1}
	_ = json.Unmarshal(m.Data, &v)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, v)
	s.wakeLocked()
}

func (s *sender) wakeLocked() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// send sends at a steady rate, whatever happens, until ctx is done.
func (s *sender) send(ctx context.Context) {
	const every = time.Second * killClients / killRate
	next := time.NewTimer(time.Duration(rand.Int64N(int64(every)))) // not all at once
	defer next.Stop()
	var waiting sync.WaitGroup
	defer waiting.Wait()
	for n := 0; ; n++ {
		select {
		case <-next.C:
			next.Reset(every)
		case <-ctx.Done():
			return
		}
		// It is sent even if the test ends meanwhile: then it is the last one.
		p, err := s.client.Queue(context.WithoutCancel(ctx), "kill", map[string]int{"From": s.index, "N": n})
		s.mu.Lock()
		s.fates = append(s.fates, fate{err: err})
		s.mu.Unlock()
		if err != nil {
			return
		}
		waiting.Go(func() {
			limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*patience)
			defer cancel()
			offset, err := p.Wait(limit)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.fates[n] = fate{offset, err}
			if err == nil {
				s.acks = append(s.acks, time.Now())
			}
			s.wakeLocked()
		})
	}
}

// ackedAfter waits for the first acknowledgement after a moment and says how long it took.
func (s *sender) ackedAfter(ctx context.Context, moment time.Time) (took time.Duration, err error) {
	err = s.until(ctx, "sends again", func() bool {
		for i := len(s.acks) - 1; i >= 0 && s.acks[i].After(moment); i-- {
			took = s.acks[i].Sub(moment)
		}
		return took > 0
	})
	return took, err
}

// check waits until all have seen everything and looks whether it is what was acknowledged.
func check(t *testing.T, crowd []*sender) (acked int) {
	t.Helper()
	order := map[uint64]sight{}
	for _, s := range crowd {
		former := uint64(0)
		for n, f := range s.fates {
			switch twice, is := order[f.offset]; {
			case f.err != nil:
				t.Errorf("message %d of %d: %v", n, s.index, f.err)
				continue
			case is:
				t.Errorf("message %d of %d and %d of %d are both at %d", n, s.index, twice.N, twice.From, f.offset)
			case f.offset <= former:
				t.Errorf("message %d of %d is at %d, the one before at %d", n, s.index, f.offset, former)
			}
			former = f.offset
			order[f.offset] = sight{f.offset, s.index, n}
		}
		if s.resets > 0 {
			t.Errorf("client %d was reset %d times", s.index, s.resets)
		}
	}
	for _, s := range crowd {
		var last uint64
		for offset, v := range order {
			if v.From != s.index {
				last = max(last, offset)
			}
		}
		if err := s.until(t.Context(), fmt.Sprint("sees offset ", last), func() bool {
			return last == 0 || len(s.seen) > 0 && s.seen[len(s.seen)-1].offset >= last
		}); err != nil {
			t.Error(err)
			continue
		}
		s.compare(t, order)
	}
	return len(order)
}

// compare looks whether s has seen every message of the others once, at its place.
func (s *sender) compare(t *testing.T, order map[uint64]sight) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	own, former, wrong := 0, uint64(0), 0
	for _, v := range order {
		if v.From == s.index {
			own++
		}
	}
	for _, v := range s.seen {
		if v != order[v.offset] || v.offset <= former || v.From == s.index {
			t.Errorf("client %d saw %+v after %d, where %+v is", s.index, v, former, order[v.offset])
			if wrong++; wrong > 5 {
				return
			}
		}
		former = v.offset
	}
	if len(s.seen) != len(order)-own {
		t.Errorf("client %d saw %d messages, the others sent %d", s.index, len(s.seen), len(order)-own)
	}
}

// until waits for what s is to see.
func (s *sender) until(ctx context.Context, what string, ok func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		s.mu.Lock()
		good, changed := ok(), s.changed
		s.mu.Unlock()
		if good {
			return nil
		}
		select {
		case <-changed:
		case <-s.client.Done():
			return fmt.Errorf("client %d ended before it %s: %w", s.index, what, s.client.Err())
		case <-ctx.Done():
			return fmt.Errorf("client %d never %s: %w", s.index, what, ctx.Err())
		}
	}
}
