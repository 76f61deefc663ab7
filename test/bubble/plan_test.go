package bubble_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// plan is what a seed stands for: what the server is like, who comes by what, and what happens when. It is drawn before
// anything happens, so that it is the same every time.
type plan struct {
	durable  bool          // there is a store, and crashes
	failing  bool          // which fails at times
	channels int           // so many come with a PeerConnection
	jitter   time.Duration // of each packet of theirs: they overtake each other
	double   float64       // so many of the packets arrive twice
	guests   []string
	short    bool // the log is short, so that it is trimmed under readers
	strict   bool // senders are slowed early
	window   time.Duration
	lasts    time.Duration
	orders   []order
}

// order is something to happen.
type order struct {
	at   time.Duration
	who  int // number of a client; -1: the server
	what string
	n    int           // how often, or how large
	d    time.Duration // for so long
	kind string        // of link
	coin bool
	seed uint64
}

func (o order) String() string {
	return fmt.Sprintf("%s n=%d d=%s %s %t", o.what, o.n, o.d.Round(time.Millisecond), o.kind, o.coin)
}

// weighted is something that happens more or less often.
type weighted struct {
	what   string
	weight int
	most   time.Duration // how long it lasts
}

// What clients say, what befalls them, and what befalls the server.
var (
	sayings = []weighted{
		{"say", 30, 0}, {"tell", 10, 0}, {"bytes", 6, 0}, {"large", 2, 0}, {"set", 16, 0}, {"point", 10, 0}, {"stray", 2, 0},
	}
	troubles = []weighted{
		{"cut", 6, 9 * time.Second},
		{"cut long", 2, 40 * time.Second},
		{"reset", 6, 0},
		{"forget", 4, 0},
		{"half open", 4, 0},
		{"half shut", 4, 0},
		{"mute", 3, 9 * time.Second},
		{"deaf", 4, 25 * time.Second},
		{"slow", 6, 0},
		{"switch", 14, 0},
		{"double", 8, 0},
		{"attach", 6, 0},
		{"vanish", 4, 25 * time.Second},
		{"vanish long", 1, 0},
		{"leave", 2, 6 * time.Second},
		{"reload", 3, 4 * time.Second},
		{"arrive", 2, 0},
	}
	disasters = []weighted{{"crash", 6, 3 * time.Second}, {"crash write", 10, 3 * time.Second}, {"restart", 3, 3 * time.Second}}
	ailments  = []weighted{{"full", 3, 5 * time.Second}, {"broken", 2, 5 * time.Second}, {"stuck", 4, 2 * time.Second}}
)

func draw(rng *rand.Rand, all []weighted) weighted {
	sum := 0
	for _, w := range all {
		sum += w.weight
	}
	at := rng.IntN(sum)
	for _, w := range all {
		if at -= w.weight; at < 0 {
			return w
		}
	}
	panic("unreachable")
}

func (p *plan) String() string {
	return fmt.Sprintf("durable %t, failing %t, short %t, strict %t, window %s, %d with data channels (jitter %s, %.0f %% doubled), others by %s",
		p.durable, p.failing, p.short, p.strict, p.window, p.channels, p.jitter, 100*p.double, strings.Join(p.guests, " "))
}

func kindOf(rng *rand.Rand) string {
	return []string{overWebSocket, overWebSocket, overSSE, overPoll}[rng.IntN(4)]
}

func drawPlan(seed uint64) *plan {
	rng := rand.New(rand.NewPCG(seed, 0x57085))
	p := &plan{
		durable: rng.IntN(2) == 0, short: rng.IntN(4) == 0, strict: rng.IntN(5) == 0,
		window: 2 * time.Minute, lasts: 20*time.Second + time.Duration(rng.Int64N(int64(25*time.Second))),
	}
	p.failing = p.durable && rng.IntN(2) == 0
	if rng.IntN(3) == 0 {
		p.window = 35 * time.Second
	}
	guests := 3 + rng.IntN(3)
	if rng.IntN(5) < 2 {
		p.channels, guests = 2+rng.IntN(2), 1+rng.IntN(2)
		if rng.IntN(4) > 0 {
			p.jitter, p.double = time.Duration(1+rng.IntN(60))*time.Millisecond, 0.1*rng.Float64()
		}
	}
	for range guests {
		p.guests = append(p.guests, kindOf(rng))
	}
	for who := range guests + p.channels {
		for at := time.Duration(0); ; {
			at += time.Duration(rng.Int64N(int64(2500 * time.Millisecond)))
			if at > p.lasts {
				break
			}
			p.add(rng, at, who, draw(rng, sayings))
		}
	}
	for at := 2 * time.Second; ; {
		at += time.Duration(rng.Int64N(int64(4 * time.Second)))
		if at > p.lasts {
			break
		}
		p.add(rng, at, rng.IntN(guests+p.channels), draw(rng, troubles))
	}
	for range rng.IntN(4) {
		p.add(rng, p.anytime(rng), -1, draw(rng, disasters))
	}
	for i := 0; p.failing && i < 1+rng.IntN(2); i++ {
		p.add(rng, p.anytime(rng), -1, draw(rng, ailments))
	}
	slices.SortStableFunc(p.orders, func(a, b order) int { return cmp.Compare(a.at, b.at) })
	return p
}

func (p *plan) anytime(rng *rand.Rand) time.Duration {
	return 3*time.Second + time.Duration(rng.Int64N(int64(p.lasts-3*time.Second)))
}

func (p *plan) add(rng *rand.Rand, at time.Duration, who int, w weighted) {
	o := order{at: at, who: who, what: w.what, n: 1 + rng.IntN(12), kind: kindOf(rng), coin: rng.IntN(2) == 0, seed: rng.Uint64()}
	if w.most > 0 {
		o.d = time.Duration(rng.Int64N(int64(w.most)))
	}
	if w.what == "vanish long" {
		o.d = p.window + time.Duration(rng.Int64N(int64(20*time.Second)))
	}
	p.orders = append(p.orders, o)
}
