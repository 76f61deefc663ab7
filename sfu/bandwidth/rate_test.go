package bandwidth

import (
	"math/rand/v2"
	"testing"
	"time"
)

// A sender that sends less than the estimate: it grows to 1.25 of what arrives and not beyond, and it does not fall.
func TestRateOfWhoSendsLittle(t *testing.T) {
	r := newRate(100_000, 30_000, 20_000_000)
	for at := time.Duration(0); at < 5*time.Minute; at += 100 * ms {
		r.update(normal, 400_000, 400_000, 60*ms, true, at)
	}
	if limit := 400_000*growMost + growSlack; r.bits < 400_000 || r.bits > limit {
		t.Errorf("it is %v", r.bits)
	}
	r.measured(3_000_000, 400_000, false)
	for at := 5 * time.Minute; at < 10*time.Minute; at += 100 * ms {
		r.update(normal, 50_000, 50_000, 60*ms, true, at)
	}
	if r.bits != 3_000_000 {
		t.Errorf("it is %v, and was measured", r.bits)
	}
}

func TestRateFalls(t *testing.T) {
	for name, c := range map[string]struct{ bits, acked, sent, want float64 }{
		"a full line":                     {2_000_000, 1_800_000, 2_000_000, 1_530_000},
		"a line that broke down":          {2_000_000, 300_000, 1_900_000, 255_000},
		"nothing known":                   {600_000, 0, 500_000, 300_000},
		"little sent and all of it came":  {2_000_000, 200_000, 200_000, 220_000},
		"little sent and not all came":    {2_000_000, 200_000, 400_000, 170_000},
		"more comes than was thought":     {500_000, 900_000, 900_000, 500_000},
		"never below a voice":             {100_000, 1_000, 100_000, 30_000},
		"what arrives is just the budget": {1_000_000, 1_000_000, 1_000_000, 850_000},
	} {
		r := newRate(c.bits, 30_000, 20_000_000)
		if !r.update(overusing, c.acked, c.sent, 60*ms, true, time.Second) || int(r.bits) != int(c.want) {
			t.Errorf("%s: it is %v, want %v", name, r.bits, c.want)
		}
		// Not again before what was sent since is known of.
		if r.update(overusing, r.bits, r.bits, 60*ms, true, time.Second+50*ms) {
			t.Errorf("%s: it falls twice for one thing", name)
		}
		// And it does not grow while a queue drains, nor at once for the time that passed.
		was := r.bits
		r.update(underusing, 1e7, 1e7, 60*ms, true, 20*time.Second)
		r.update(normal, 1e7, 1e7, 60*ms, true, 21*time.Second)
		if r.bits != was {
			t.Errorf("%s: it grows from %v to %v", name, was, r.bits)
		}
	}
}

// Whoever has more does not grow faster.
func TestRateGrowsAlike(t *testing.T) {
	grows := func(bits float64) float64 {
		r := newRate(bits, 30_000, 20_000_000)
		for at := time.Duration(0); at <= 10*time.Second; at += 100 * ms {
			r.update(normal, 1e7, 1e7, 60*ms, true, at)
		}
		return r.bits - bits
	}
	if a, b := grows(800_000), grows(2_400_000); a < 0.7*b || b < 0.7*a {
		t.Errorf("%v and %v in ten seconds", a, b)
	}
	lossy := newRate(800_000, 30_000, 20_000_000)
	for at := time.Duration(0); at <= 10*time.Second; at += 100 * ms {
		lossy.update(normal, 1e7, 1e7, 60*ms, false, at)
	}
	if lossy.bits != 800_000 {
		t.Errorf("it grows to %v though too much is lost", lossy.bits)
	}
}

// lose plays windows of half a second with so much loss of what is sent at a rate, and returns for how many the estimate
// was to fall.
func lose(l *losses, rng *rand.Rand, at *time.Duration, windows int, loss, sent float64, queues bool) (falls int) {
	for range windows {
		for i := range 60 {
			l.add(rng.Float64() < loss, *at+time.Duration(i)*lossWindow/60)
		}
		*at += lossWindow
		if l.close(*at, sent, queues) {
			falls++
		}
	}
	return falls
}

func TestLossesOfTheLineItself(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var l losses
	var at time.Duration
	if falls := lose(&l, rng, &at, 20, 0.005, 1e6, false); falls > 0 || !l.grows() {
		t.Errorf("half a percent is too much: %v", l)
	}
	// A fifth is lost from now on, whatever is sent: it falls for a while, and then that is how the line is.
	falls := lose(&l, rng, &at, 40, 0.2, 1e6, false)
	if falls == 0 || falls > 14 || !l.grows() {
		t.Errorf("fell %d times; own %v of %v", falls, l.own, l.smooth)
	}
	if falls := lose(&l, rng, &at, 40, 0.2, 1e6, false); falls > 0 {
		t.Errorf("fell %d times for what is known", falls)
	}
	// Twice as much is news. And when it gets better, that is learned too.
	if falls := lose(&l, rng, &at, 4, 0.5, 1e6, true); falls == 0 {
		t.Error("half of everything is lost, and nothing happens")
	}
	lose(&l, rng, &at, 60, 0, 1e6, false)
	if l.own > 0.01 {
		t.Errorf("%v is still the line's own", l.own)
	}
}

func TestLossesThatHelpToSendLess(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var l losses
	var at time.Duration
	lose(&l, rng, &at, 2, 0.4, 2e6, true)
	if falls := lose(&l, rng, &at, 3, 0.15, 1e6, true); falls < 2 {
		t.Errorf("fell %d times", falls)
	}
	lose(&l, rng, &at, 6, 0, 0.8e6, false)
	if l.own > 0.05 {
		t.Errorf("%v is taken for the line's own", l.own)
	}

	// It did not help: then there is no use in it, though something queues.
	var weak losses
	lose(&weak, rng, &at, 2, 0.4, 2e6, true)
	lose(&weak, rng, &at, 4, 0.4, 1e6, true)
	if weak.own < 0.3 {
		t.Errorf("only %v is taken for the line's own", weak.own)
	}
}

func TestLossesThatWereOnlyLate(t *testing.T) {
	var l losses
	for range 100 {
		l.add(true, 0)
		l.found()
	}
	l.close(time.Second, 1e6, false)
	if l.recent() != 0 {
		t.Errorf("%v is lost", l.recent())
	}
}

func TestThroughput(t *testing.T) {
	tp := newThroughput()
	if tp.rate() != 0 || tp.carried() != 0 {
		t.Error("something arrives before anything")
	}
	at := time.Hour // the browser's clock
	for range 200 { // 480 kb/s, a packet each 20 ms, and no queue
		at += 20 * ms
		tp.add(1200, at, 0)
	}
	near := func(name string, got, want float64) {
		t.Helper()
		if got < 0.9*want || got > 1.1*want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	near("what arrives", tp.rate(), 480_000)
	near("what is carried", tp.carried(), 480_000)
	for range 20 { // and then faster, and waiting: 1920 kb/s for a tenth of a second
		at += 5 * ms
		tp.add(1200, at, 30*ms)
	}
	near("what the line carries", tp.carried(), 1_920_000)
	for range 100 { // the line breaks down: what it carried is forgotten soon
		at += 20 * ms
		tp.add(600, at, 300*ms)
	}
	near("what the line carries", tp.carried(), 240_000)
	tp.add(1200, at-10*time.Second, 0) // nonsense
	tp.add(1200, at+10*time.Second, 0)
	if r := tp.rate(); r < 0 || r > 1e6 {
		t.Errorf("after a jump %v", r)
	}
}

func TestMeter(t *testing.T) {
	m := newMeter(time.Second)
	for at := time.Duration(0); at < 10*time.Second; at += 10 * ms {
		m.add(125, at)
		if r := m.rate(at); at > time.Second && (r < 95_000 || r > 105_000) {
			t.Fatalf("after %v it is %v", at, r)
		}
	}
	if r := m.rate(11 * time.Second); r != 0 {
		t.Errorf("a second later it is %v", r)
	}
	if m.total != 125_000 {
		t.Errorf("%d in all", m.total)
	}
}

func TestPace(t *testing.T) {
	var p pace
	at := time.Second
	sent := 0
	for range 1000 {
		if p.wait(at) == 0 {
			p.sent(1250, 1_000_000, at)
			sent++
		}
		at += ms
	}
	if sent < 98 || sent > 103 {
		t.Errorf("%d packets of 10 ms in a second", sent)
	}
	for range 1000 {
		p.sent(1250, 1_000_000, at)
	}
	if w := p.wait(at); w > paceMost {
		t.Errorf("the next would wait for %v", w)
	}
}
