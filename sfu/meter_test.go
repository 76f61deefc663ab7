package sfu

import (
	"math"
	"testing"
	"time"
)

// gauge plays a stream into a meter.
type gauge struct {
	m       meter
	now     time.Time
	picture uint32
}

// play sends pictures of so many bytes, by temporal layer in turn.
func (g *gauge) play(d, every time.Duration, bytes ...int) {
	for end := g.now.Add(d); g.now.Before(end); g.now = g.now.Add(every) {
		g.picture++
		t := int(g.picture) % len(bytes)
		for left := bytes[t]; left > 0; left -= 1000 {
			g.m.add(&shape{temporal: uint8(t)}, g.picture*3000, min(left, 1000), g.now)
		}
	}
}

func TestMeter(t *testing.T) {
	g := &gauge{now: time.Unix(1000, 0)}
	near := func(tier tier, want float64) {
		t.Helper()
		if got := g.m.rate(tier); math.Abs(got-want) > want*0.1+1 {
			t.Errorf("%v: %.0f bits a second, want %.0f", tier, got, want)
		}
	}
	if g.m.live(g.now) || g.m.rate(top) != 0 {
		t.Error("something comes before it came")
	}
	const every = 33 * time.Millisecond
	g.play(3*time.Second, every, 4000)
	near(top, 4000*8*1000/33)
	if s, l := g.m.depth(); s != 1 || l != 1 || !g.m.live(g.now) {
		t.Errorf("%d spatial and %d temporal layers, live %v", s, l, g.m.live(g.now))
	}
	// A second temporal layer.
	g.play(10*time.Second, every, 6000, 2000)
	near(top, 4000*8*1000/33)
	near(tierOf(0, 0), 3000*8*1000/33)
	if _, l := g.m.depth(); l != 2 {
		t.Errorf("%d temporal layers", l)
	}
	// At rest it keeps what it was.
	g.now = g.now.Add(restLeast)
	if g.m.live(g.now) {
		t.Error("it is not at rest")
	}
	g.now = g.now.Add(time.Hour)
	near(top, 4000*8*1000/33)
	g.play(100*time.Millisecond, every, 4000)
	near(top, 4000*8*1000/33)
	if !g.m.live(g.now) {
		t.Error("it does not go on")
	}
	// And a layer that does not come any more is forgotten.
	g.play(10*time.Second, every, 2000)
	near(top, 2000*8*1000/33)
	if _, l := g.m.depth(); l != 1 {
		t.Errorf("%d temporal layers", l)
	}
}

// A screen that changes once a second is not at rest in between.
func TestMeterOfASlowScreen(t *testing.T) {
	g := &gauge{now: time.Unix(1000, 0)}
	g.play(3*time.Second, time.Second, 4000)
	for range 10 {
		g.play(time.Second, time.Second, 4000)
		if !g.m.live(g.now) {
			t.Fatal("at rest between two pictures")
		}
	}
	g.now = g.now.Add(restMost)
	if g.m.live(g.now) {
		t.Error("it is not at rest when nothing comes")
	}
}

func TestMeterAllocatesNothing(t *testing.T) {
	g := &gauge{now: time.Unix(1000, 0)}
	if n := testing.AllocsPerRun(100, func() { g.play(time.Second, 33*time.Millisecond, 2000, 1000) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
