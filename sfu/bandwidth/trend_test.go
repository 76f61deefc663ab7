package bandwidth

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestGroups(t *testing.T) {
	var g groups
	add := func(sent, arrived time.Duration, want bool, between step) {
		t.Helper()
		s, ok := g.add(sent*ms, arrived*ms, arrived*ms)
		if ok != want || ok && (s.sent != between.sent*ms || s.arrived != between.arrived*ms) {
			t.Fatalf("sent at %d: %v %+v", sent, ok, s)
		}
	}
	add(0, 100, false, step{})
	add(2, 103, false, step{})
	add(5, 104, false, step{}) // still the first
	add(33, 140, false, step{})
	add(34, 142, false, step{})
	add(20, 142, false, step{}) // overtaken
	add(66, 180, true, step{sent: 29, arrived: 38})
	add(73, 181, false, step{}) // it was sent later, but caught up on the way
	add(99, 210, true, step{sent: 39, arrived: 39})

	// The browser's clock jumps: nothing is known then.
	if s, ok := g.add(133*ms, 5210*ms, 250*ms); !ok || s.sent != 26*ms || s.arrived != 29*ms {
		t.Errorf("before the jump %v %+v", ok, s)
	}
	if _, ok := g.add(166*ms, 5243*ms, 300*ms); ok || g.open {
		t.Error("a jump of the clock is taken for a delay")
	}
	for range 4 { // and backwards
		g.add(200*ms, 9000*ms, 400*ms)
		g.add(300*ms, 8990*ms, 400*ms)
		g.add(400*ms, 8980*ms, 400*ms)
	}
	if g.reordered > 3 {
		t.Error("it does not begin anew")
	}
}

// feed lets groups arrive that are sent every 20 ms and delayed so, and says when the trend first saw overuse.
func feed(tr *trend, groups int, delay func(i int) time.Duration) (over int) {
	over = -1
	for i := 1; i <= groups; i++ {
		tr.add(step{sent: 20 * ms, arrived: 20*ms + delay(i) - delay(i-1), at: time.Duration(i)*20*ms + delay(i)})
		if tr.usage == overusing && over < 0 {
			over = i
		}
	}
	return over
}

func TestTrend(t *testing.T) {
	steady := newTrend()
	if at := feed(&steady, 500, func(int) time.Duration { return 0 }); at >= 0 {
		t.Errorf("overuse at %d on a line without delay", at)
	}

	grows := newTrend()
	if at := feed(&grows, 100, func(i int) time.Duration { return time.Duration(i) * 2 * ms }); at < 0 || at > 40 {
		t.Errorf("a queue that grows by 100 ms a second is seen at %d", at)
	}
	feed(&grows, 60, func(i int) time.Duration { return time.Duration(60-i) * 2 * ms })
	if grows.usage == overusing {
		t.Error("a queue that drains is overuse")
	}

	rng := rand.New(rand.NewPCG(1, 2))
	jitter := newTrend()
	at := feed(&jitter, 2000, func(int) time.Duration { return time.Duration(rng.IntN(2500)) * time.Microsecond })
	if at >= 0 {
		t.Errorf("2.5 ms of jitter are overuse at %d", at)
	}

	// The threshold gets used to what goes on, and back.
	wild := newTrend()
	feed(&wild, 500, func(i int) time.Duration { return time.Duration(i%50) * 3 * ms })
	high := wild.limit
	feed(&wild, 500, func(int) time.Duration { return 0 })
	if high <= limitStart || wild.limit != limitLeast {
		t.Errorf("the threshold is %v on a wild line and %v on a calm one", high, wild.limit)
	}
}
