package bubble_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlorhq/parlor/datachannel/storetest"
	"github.com/parlorhq/parlor/internal/simnet"
)

// TestStorm plays what seeds stand for (plan_test.go): clients that talk over whatever link, networks that break in all
// the ways they do, and a server that is stopped, killed between two writes, or cannot write. In the end everybody must
// have seen what docs/guarantees.md promises (check_test.go).
//
//	PARLOR_SEED=n     plays one seed; with PARLOR_LOG=1 the server talks
//	PARLOR_SEEDS=n    plays so many, from 1; 200, with the race detector 30
//	PARLOR_STORM=1h   goes on for so long; give it -timeout 0
func TestStorm(t *testing.T) {
	seeds, until := 200, time.Time{}
	if raced {
		seeds = 30
	}
	if one := os.Getenv("PARLOR_SEED"); one != "" {
		seed, err := strconv.ParseUint(one, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		stormy(t, seed)
		return
	}
	if n, err := strconv.Atoi(os.Getenv("PARLOR_SEEDS")); err == nil {
		seeds = n
	}
	if d, err := time.ParseDuration(os.Getenv("PARLOR_STORM")); err == nil {
		seeds, until = 1<<62, time.Now().Add(d)
	}
	failed := 0
	for seed := range uint64(seeds) {
		if !until.IsZero() && time.Now().After(until) {
			fmt.Printf("%d seeds, %d failed\n", seed, failed)
			break
		}
		if !stormy(t, seed+1) {
			failed++
		}
		if !until.IsZero() && seed%100 == 99 {
			fmt.Printf("%s: %d seeds, %d failed\n", time.Now().Format(time.DateTime), seed+1, failed)
		}
	}
}

// tooLong is for one seed, which takes a second at most on a machine that has time for it.
const tooLong = 8 * time.Minute

func stormy(t *testing.T, seed uint64) bool {
	return t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
		if os.Getenv("PARLOR_STORM") == "" {
			t.Parallel()
		}
		// In real time: a loop that never waits keeps the bubble's from going on.
		stuck := time.AfterFunc(tooLong, func() { panic(fmt.Sprintf("PARLOR_SEED=%d does not end", seed)) })
		defer stuck.Stop()
		synctest.Test(t, func(t *testing.T) { newStorm(t, seed).play() })
	})
}

// sailor is a client in a storm.
type sailor interface {
	obey(o order)
	witness() *witness
	// ready says why it is not: it has a link, everything it sent has a fate.
	ready() error
	// finish has it send its last words, and gives the number of the reliable one.
	finish(last string) int
	// knows is what it has of the room, comparable: who is here, and the state.
	knows() (roster, state string)
	// hears is the last lossy message that it has of a participant.
	hears(id string) string
	id() string
	here() bool
	end()
}

// storm is a world in which a plan comes true.
type storm struct {
	t    *testing.T
	seed uint64
	plan *plan
	wire *wire
	udp  *simnet.Network // nil: there are no data channels
	rng  *rand.Rand      // of the scene's goroutine

	start  time.Time
	crew   []sailor
	hosts  int
	ending sync.WaitGroup // of servers that died
	timers sync.WaitGroup // of what an order does later

	site   *site
	disk   *disk
	socket net.PacketConn

	mu sync.Mutex
	// Guarded by mu.
	notes   []string
	faults  int
	lost    []time.Time // when sessions may have been
	ailing  bool        // the store has failed, or does
	ill     time.Time   // until when what is in the store may lag
	lives   int         // of the server
	calmed  bool
	pending map[*time.Timer]func()
}

func newStorm(t *testing.T, seed uint64) *storm {
	s := &storm{
		t: t, seed: seed, plan: drawPlan(seed), wire: newWire(), start: time.Now(), pending: map[*time.Timer]func(){},
		rng: rand.New(rand.NewPCG(seed, 2)),
	}
	if s.plan.channels > 0 {
		s.udp = simnet.New(t, seed)
		s.udp.SetDelay(serverIP, oneWay)
	}
	if s.plan.durable {
		s.disk = newDisk(storetest.New())
	}
	s.serve()
	return s
}

// arrive gives a client a line to the net.
func (s *storm) arrive(rng *rand.Rand) *line {
	s.hosts++
	l := s.wire.line(net.IPv4(10, 0, 1, byte(s.hosts)), time.Duration(1+rng.IntN(40))*time.Millisecond)
	l.rng = rand.New(rand.NewPCG(s.seed, uint64(s.hosts)<<32))
	l.jitter = time.Duration(rng.IntN(60)) * time.Millisecond
	return l
}

func (s *storm) embark(kind string) *guest {
	name := fmt.Sprintf("g%d", len(s.crew)+1)
	g := newGuest(s, name, kind, s.seed)
	s.crew = append(s.crew, g)
	return g
}

// play has the plan come true, calms the sea, and looks at what everybody has seen.
func (s *storm) play() {
	for i := range s.plan.channels {
		s.crew = append(s.crew, newBrowser(s, fmt.Sprintf("b%d", i+1)))
	}
	for _, kind := range s.plan.guests {
		s.embark(kind)
	}
	var server sync.WaitGroup
	server.Go(func() { s.follow(func(o order) bool { return o.who < 0 }, s.strike) })
	s.follow(func(o order) bool { return o.who >= 0 }, func(o order) {
		if o.what == "arrive" {
			s.embark(o.kind)
		} else {
			s.crew[o.who].obey(o)
		}
	})
	server.Wait()
	s.calm()
	if !s.faulty() {
		s.agree()
	}
	for _, c := range s.crew {
		c.end()
	}
	s.timers.Wait()
	s.site.close()
	s.ending.Wait()
	if s.udp != nil {
		_ = s.socket.Close()
		s.udp.Close()
	}
	s.report()
}

// follow does the orders that are meant, each at its time.
func (s *storm) follow(mine func(order) bool, do func(order)) {
	for _, o := range s.plan.orders {
		if !mine(o) {
			continue
		}
		if wait := o.at - time.Since(s.start); wait > 0 {
			time.Sleep(wait)
		}
		if !s.faulty() {
			do(o)
		}
	}
}

// later does f after a time, or when the storm is over.
func (s *storm) later(d time.Duration, f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timers.Add(1)
	var t *time.Timer
	t = time.AfterFunc(d, func() {
		defer s.timers.Done()
		s.mu.Lock()
		_, due := s.pending[t]
		delete(s.pending, t)
		s.mu.Unlock()
		if due {
			f()
		}
	})
	s.pending[t] = f
}

// calm ends all trouble.
func (s *storm) calm() {
	s.mu.Lock()
	for t, f := range s.pending {
		if t.Stop() {
			delete(s.pending, t)
			s.mu.Unlock()
			f()
			s.timers.Done()
			s.mu.Lock()
		}
	}
	s.calmed = true
	s.mu.Unlock()
	for _, l := range s.wire.all() {
		l.set(false)
		l.slow(10*time.Millisecond, 0)
	}
	time.Sleep(25 * time.Second) // until everybody has noticed which links are dead, and the store was asked again
	s.note("", "calm")
}

// note keeps what happened, for the report of a failure.
func (s *storm) note(who, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notes = append(s.notes, fmt.Sprintf("%8.3f %-6s %s", time.Since(s.start).Seconds(), who, fmt.Sprintf(format, args...)))
}

func (s *storm) fault(format string, args ...any) {
	s.note("FAULT", format, args...)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults++
	if s.faults <= 10 {
		s.t.Errorf(format, args...)
	}
}

func (s *storm) faulty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults > 0
}

func (s *storm) report() {
	if !s.t.Failed() {
		return
	}
	last := s.notes[max(0, len(s.notes)-100):]
	text := fmt.Sprintf("again: PARLOR_SEED=%d go test ./test/bubble -run TestStorm\n%s\n%s", s.seed, s.plan, strings.Join(last, "\n"))
	s.t.Log(text)
	if os.Getenv("PARLOR_STORM") != "" { // the log comes when all seeds have been played
		fmt.Println(text)
	}
}

var errReset = errors.New("a reset that nothing explains")

// logOf names the log that an epoch belongs to.
func (s *storm) logOf(epoch string) string {
	if s.plan.durable {
		return "disk"
	}
	return epoch
}

// mayReset says whether there is a reason for a reset.
func (s *storm) mayReset(reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch reason {
	case "trimmed":
		if s.plan.short {
			return nil
		}
	case "ahead", "epoch":
		if s.ailing {
			return nil
		}
	}
	return fmt.Errorf("%w: %s", errReset, reason)
}

// mayForget says whether a server may have lost what it had refused: a refusal for want of a disk is on none.
func (s *storm) mayForget() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ailing
}

// life counts the lives of the server.
func (s *storm) life() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lives
}

// lostSince says whether sessions may have been lost after a time.
func (s *storm) lostSince(t time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.lost) > 0 && s.lost[len(s.lost)-1].After(t)
}
