package bandwidth

import (
	"math/rand/v2"
	"testing"
	"time"
)

// sends plays what the caller does with a cluster and returns how much it sent, for how long.
func sends(t *testing.T, p *prober, at time.Duration, number *int64) (bytes int, span time.Duration) {
	t.Helper()
	from := at
	for p.state == sending {
		n, again := p.padding(at)
		for ; n > 0; n -= 1200 {
			p.sent(min(n, 1200), *number, at)
			bytes += min(n, 1200)
			*number++
		}
		if p.state == sending {
			span = at - from
			at += again
		}
		if at-from > time.Second {
			t.Fatal("the cluster does not end")
		}
	}
	return bytes, span
}

func TestProberSends(t *testing.T) {
	for _, c := range []struct{ estimate, want, rate float64 }{
		{600_000, 3_000_000, 1_200_000},
		{1_200_000, 1_500_000, 1_800_000},   // not more than is of use
		{30_000, 3_000_000, probeLeast},     // a step is at least a packet
		{8_000_000, 50_000_000, 12_000_000}, // gently where a burst is large
		{18_000_000, 90_000_000, 20_000_000},
	} {
		p := newProber(20_000_000)
		if !p.begin(c.estimate, c.want, time.Second) || p.rate != c.rate {
			t.Errorf("%+v: probes with %v", c, p.rate)
			continue
		}
		var n int64
		bytes, span := sends(t, &p, time.Second, &n)
		if got := float64(bytes) * 8 / (span + probeStep).Seconds(); got < 0.97*c.rate || got > 1.2*c.rate {
			t.Errorf("%+v: %d bytes in %v", c, bytes, span)
		}
		if n < probePackets || span < 15*ms || span > 50*ms {
			t.Errorf("%+v: %d packets in %v", c, n, span)
		}
	}
}

// What is sent anyway meanwhile counts.
func TestProberCountsWhatIsSentAnyway(t *testing.T) {
	p := newProber(20_000_000)
	p.begin(600_000, 3_000_000, 0)
	for i := range 5 {
		p.sent(1200, int64(i), 0)
	}
	if n, _ := p.padding(0); n != 0 {
		t.Errorf("%d bytes though enough is on its way", n)
	}
}

// Nobody sends the padding.
func TestProberGivesUp(t *testing.T) {
	p := newProber(20_000_000)
	p.begin(600_000, 3_000_000, 0)
	at := time.Duration(0)
	for p.state == sending {
		_, again := p.padding(at)
		at += again
	}
	p.expire(100*ms, at+2*time.Second)
	if p.state != resting || at > time.Second {
		t.Errorf("after %v it is %v", at, p.state)
	}
	if p.begin(600_000, 3_000_000, at+2*time.Second) {
		t.Error("it begins anew at once")
	}
}

// On a line that carries no more, it asks seldom; when the line has fallen, or there is something to be had, sooner.
func TestProberIsPatient(t *testing.T) {
	p := newProber(20_000_000)
	var number int64
	var begun []time.Duration
	at := time.Duration(0)
	run := func(span time.Duration, want, line float64) {
		begun = nil
		for end := at + span; at < end; at += 200 * ms {
			if !p.begin(500_000, want, at) {
				continue
			}
			begun = append(begun, at)
			first := number
			sends(t, &p, at, &number)
			for i := first; i < number; i++ {
				part := time.Duration(i-first) * (probeSpan - probeStep) / time.Duration(number-first-1)
				p.arrived(p.number, p.bytes/int(number-first), at+part, at+time.Duration(float64(part)*max(p.rate/line, 1)))
			}
			if measured, sent, ok := p.result(number-1, at+200*ms); ok {
				p.learn(measured, sent, 500_000, at+200*ms)
			}
		}
	}
	run(time.Minute, 2_000_000, 500_000)
	if len(begun) < 8 || len(begun) > 14 {
		t.Errorf("%d times in a minute", len(begun))
	}
	for i := 1; i < len(begun); i++ {
		if between := begun[i] - begun[i-1]; between < probeEvery || between > probeMost+time.Second {
			t.Errorf("%v between two", between)
		}
	}
	run(10*time.Minute, 0, 500_000)
	if len(begun) < 9 || len(begun) > 16 {
		t.Errorf("%d times in ten minutes though nothing is wanted", len(begun))
	}
	at += time.Second
	run(5*time.Second, 2_000_000, 500_000)
	if len(begun) == 0 {
		t.Error("not in five seconds after something is wanted")
	}
	p.fell(at)
	run(probeEvery, 2_000_000, 500_000)
	if len(begun) > 0 {
		t.Error("it does not let the queue drain")
	}
	run(2*time.Second, 2_000_000, 500_000)
	if len(begun) == 0 {
		t.Error("nothing after a fall")
	}
}

// A cluster that raised the estimate until it fell again was wrong, and counts as one that showed nothing.
func TestProberOwnsUp(t *testing.T) {
	p := newProber(20_000_000)
	at := time.Minute
	for _, least := range []time.Duration{3 * time.Second, 4 * time.Second, 6 * time.Second, 6 * time.Second} {
		p.learn(900_000, 1_000_000, 500_000, at)
		p.fell(at + time.Second)
		if wait := p.notBefore - at - time.Second; wait < least {
			t.Errorf("the next after %v", wait)
		}
		at += 20 * time.Second
	}
}

func TestTrain(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, c := range []struct {
		sent, line float64
		jitter     time.Duration
	}{
		{1e6, 2e6, 0},
		{2e6, 1e6, 0},
		{2e6, 300e3, 5 * ms},
		{2e6, 1.5e6, 5 * ms},
		{2e6, 5e6, 5 * ms},
		{4e6, 3e6, 10 * ms},
	} {
		var sum, n float64
		for range 200 {
			var tr train
			var free, last time.Duration
			for at := time.Duration(0); at < probeSpan; at += probeStep {
				for left := int(c.sent / 8 * probeStep.Seconds()); left > 0; left -= 1200 {
					size := min(left, 1200)
					free = max(free, at) + time.Duration(float64(size*8)/c.line*1e9)
					x := rng.Float64()
					last = max(last, free+time.Duration(x*x*x*float64(c.jitter)))
					tr.add(size, at, last)
				}
			}
			got, ok := tr.rate(c.sent)
			if !ok {
				t.Fatalf("%+v shows nothing", c)
			}
			sum, n = sum+got, n+1
		}
		if got, want := sum/n, min(c.sent, c.line); got < 0.9*want || got > 1.15*want {
			t.Errorf("%+v: measured %v", c, got)
		}
	}
	var tr train
	for range 100 {
		tr.add(1200, 0, 0)
	}
	if _, ok := tr.rate(1e6); ok {
		t.Error("a train of one car shows something")
	}
	var jumps train
	for i := range 100 {
		jumps.add(1200, time.Duration(i)*5*ms, -time.Duration(i)*time.Hour)
	}
	if _, ok := jumps.rate(1e6); ok || jumps.n > trainCars {
		t.Error("a train that arrives before it leaves shows something")
	}
}
