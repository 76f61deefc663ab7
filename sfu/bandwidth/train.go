package bandwidth

import "time"

// train is what has arrived of a cluster, in cars of what was sent at about the same time.
type train struct {
	cars [trainCars]car
	n    int
}

type car struct {
	sent    time.Duration
	arrived time.Duration // the last of it
	bytes   int           // with all cars before it
}

const (
	trainCars  = 24
	trainLeast = 4
	carSpan    = 2 * time.Millisecond
)

func (t *train) add(size int, sent, arrived time.Duration) {
	switch {
	case t.n == 0:
		t.cars[0] = car{sent, arrived, 0} // where the clock begins: what came until then does not count
		t.n = 1
	case t.n < trainCars && sent-t.cars[t.n-1].sent >= carSpan:
		t.cars[t.n] = car{sent, arrived, t.cars[t.n-1].bytes}
		t.n++
	}
	last := &t.cars[t.n-1]
	last.arrived = max(last.arrived, arrived)
	last.bytes += size
}

func (t *train) bytes() int {
	if t.n == 0 {
		return 0
	}
	return t.cars[t.n-1].bytes
}

// rate is how fast it came, in bits a second. A car can be late on its own account but never early: of the first third and
// of the last the one counts that is earliest for its place in a train of the rate at which it was sent.
func (t *train) rate(sent float64) (bits float64, ok bool) {
	if t.n < trainLeast {
		return 0, false
	}
	third := max(t.n/3, 1)
	from, to := t.earliest(0, third, sent), t.earliest(t.n-third, t.n, sent)
	took := to.arrived - from.arrived
	if took <= 0 || took > time.Second {
		return 0, false
	}
	return float64(to.bytes-from.bytes) * 8 / took.Seconds(), true
}

func (t *train) earliest(from, to int, sent float64) car {
	best := t.cars[from]
	for _, c := range t.cars[from+1 : to] {
		if c.late(sent) < best.late(sent) {
			best = c
		}
	}
	return best
}

// late compares cars; by itself it means nothing.
func (c car) late(sent float64) float64 { return c.arrived.Seconds() - float64(c.bytes)*8/sent }
