package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Joins is a load of people who come into a room, one after the other, and of people who are there and do nothing.
type Joins struct {
	Present    int // who are there before
	Count      int // who come then, and are measured
	AudioSlots int // of each
	VideoSlots int
	Rest       time.Duration // for which everybody is left alone, before and after, and a quarter of it to settle

	Server   Process // whose CPU and memory are measured
	Parallel int     // joins at a time of those who are there before; 0 is 8
	Measured func()  // called when the joins that are measured begin, by its own goroutine
}

// JoinReport is what came of it.
type JoinReport struct {
	Present int       `json:"present"`
	Joins   int       `json:"joins"`
	JoinMs  Quantiles `json:"joinMs"` // of those that are measured; so the rest

	MillisPerJoin     float64 `json:"serverMillisPerJoin,omitempty"` // CPU beyond that of being there
	KiBPerParticipant float64 `json:"serverKiBPerParticipant,omitempty"`
	IdleMicros        float64 `json:"serverIdleMicrosPerSecond,omitempty"` // CPU of each participant who is there
	LoadCPU           float64 `json:"loadCPU"`
	OthersCPU         float64 `json:"othersCPU,omitempty"`
}

// RunJoins lets people in and leave.
func RunJoins(ctx context.Context, stage Stage, j Joins) (*JoinReport, error) {
	if j.Count < 1 {
		return nil, errors.New("nobody would join")
	}
	c := &crowd{Joins: j, stage: stage}
	defer c.leave()
	empty, err := j.Server.RSS()
	if err != nil {
		return nil, err
	}
	if err := c.fill(ctx); err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	before, err := c.rest(ctx)
	if err != nil {
		return nil, err
	}
	joined, took, err := c.join(ctx)
	if err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	after, err := c.rest(ctx)
	if err != nil {
		return nil, err
	}
	full, err := j.Server.RSS()
	if err != nil {
		return nil, err
	}
	r := &JoinReport{Present: j.Present, Joins: j.Count, JoinMs: milliseconds(took), LoadCPU: joined.load}
	if j.Server == 0 {
		return r, nil
	}
	everybody := float64(j.Present + j.Count)
	// While people join there are as many as before, then as many as after: their rest is in between too.
	resting := (before.server + after.server) / 2 * joined.seconds
	r.MillisPerJoin = (joined.server*joined.seconds - resting) * 1000 / float64(j.Count)
	r.KiBPerParticipant = float64(full-empty) / 1024 / everybody
	r.IdleMicros = after.server * 1e6 / everybody
	r.OthersCPU = max(0, joined.machine-joined.server-joined.load)
	return r, nil
}

// crowd is a load of joins while it is on.
type crowd struct {
	// Static.
	Joins
	stage Stage

	mu sync.Mutex
	// Guarded by mu while people join.
	seats []Seat
	came  int
}

// span is what was used for a while, in cores.
type span struct{ seconds, server, load, machine float64 }

// during measures what f uses.
func (c *crowd) during(f func() error) (span, error) {
	before, err := readMeter(c.Server)
	if err != nil {
		return span{}, err
	}
	if err := f(); err != nil {
		return span{}, err
	}
	after, err := readMeter(c.Server)
	seconds := after.at.Sub(before.at).Seconds()
	return span{
		seconds, (after.server - before.server).Seconds() / seconds, (after.load - before.load).Seconds() / seconds,
		(after.machine - before.machine).Seconds() / seconds,
	}, err
}

// rest leaves everybody alone: first until what joining left behind is done, then measured.
func (c *crowd) rest(ctx context.Context) (span, error) {
	if err := c.settle(ctx); err != nil {
		return span{}, err
	}
	return c.during(func() error { return sleep(ctx, c.Rest) })
}

func (c *crowd) settle(ctx context.Context) error { return sleep(ctx, c.Rest/4) }

// fill lets in those who are there before, a few at a time.
func (c *crowd) fill(ctx context.Context) error {
	parallel := c.Parallel
	if parallel == 0 {
		parallel = 8
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	places := make(chan struct{}, parallel)
	for range c.Present {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			if ctx.Err() != nil {
				return
			}
			if _, err := c.enter(ctx); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// join lets in those who are measured, one after the other.
func (c *crowd) join(ctx context.Context) (used span, took *latency, err error) {
	took = &latency{}
	if c.Measured != nil {
		go c.Measured()
	}
	used, err = c.during(func() error {
		for range c.Count {
			d, err := c.enter(ctx)
			if err != nil {
				return err
			}
			took.add(d)
		}
		return c.settle(ctx) // what they leave behind is theirs
	})
	return used, took, err
}

func (c *crowd) enter(ctx context.Context) (time.Duration, error) {
	c.mu.Lock()
	c.came++
	name := fmt.Sprintf("guest-%d", c.came)
	c.mu.Unlock()
	began := time.Now()
	s, err := c.stage.Enter(ctx, name, Part{AudioSlots: c.AudioSlots, VideoSlots: c.VideoSlots})
	if err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seats = append(c.seats, s)
	return time.Since(began), nil
}

func (c *crowd) leave() {
	var wg sync.WaitGroup
	for _, s := range c.seats {
		wg.Go(s.Leave)
	}
	wg.Wait()
}
