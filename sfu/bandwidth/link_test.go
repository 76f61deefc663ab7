package bandwidth

import (
	"math/rand/v2"
	"time"
)

// parcel is a packet on its way through the simulated line.
type parcel struct {
	to      receiver
	number  uint16
	size    int
	kind    Kind
	at      time.Duration // sent
	repeats int
	tile    *tile // whose picture it is of
}

// receiver is whoever a parcel is for.
type receiver interface {
	arrives(p parcel, at time.Duration)
	loses(p parcel, at time.Duration)
}

// link is a line with a queue in front of its narrowest place: what does not fit is dropped, what is random comes after.
type link struct {
	rng    *rand.Rand
	rate   func(at time.Duration) float64 // bits a second
	queue  int                            // bytes
	delay  time.Duration                  // one way
	jitter time.Duration                  // at most, on top; it does not reorder
	loss   float64
	// A burst of losses: bad begins with this chance at each packet and ends with a quarter's; nothing passes meanwhile.
	bursts float64
	dead   func(at time.Duration) bool // nothing passes
	stalls time.Duration               // at most, about once a second: what comes meanwhile is there at the end

	stalled time.Duration // until
	calm    time.Duration // until
	waiting fifo[parcel]
	bytes   int
	free    time.Duration // when what is being sent has left
	air     fifo[flight]
	last    time.Duration
	bad     bool
}

type flight struct {
	parcel
	lands time.Duration
}

// offer puts a parcel into the queue.
func (l *link) offer(p parcel) {
	if l.bytes+p.size > l.queue {
		p.to.loses(p, p.at)
		return
	}
	l.bytes += p.size
	l.waiting.push(p)
}

// run lets the line do its work up to now.
func (l *link) run(now time.Duration) {
	for l.waiting.len() > 0 {
		p := *l.waiting.head()
		begins := max(l.free, p.at)
		if begins > now {
			break
		}
		l.waiting.pop()
		l.bytes -= p.size
		l.free = begins + time.Duration(float64(p.size*8)/l.rate(begins)*float64(time.Second))
		if l.lost() || l.dead != nil && l.dead(l.free) {
			p.to.loses(p, l.free)
			continue
		}
		lands := l.free + l.delay
		if l.jitter > 0 {
			// Mostly little, sometimes much, as on a radio.
			x := l.rng.Float64()
			lands += time.Duration(x * x * x * float64(l.jitter))
		}
		if l.stalls > 0 && lands > l.calm {
			l.stalled = lands + time.Duration(l.rng.Int64N(int64(l.stalls)))
			l.calm = l.stalled + time.Duration(l.rng.Int64N(int64(2*time.Second)))
		}
		l.last = max(l.last, lands, l.stalled)
		l.air.push(flight{p, l.last})
	}
	for l.air.len() > 0 && l.air.head().lands <= now {
		f := l.air.pop()
		f.to.arrives(f.parcel, f.lands)
	}
}

func (l *link) lost() bool {
	if l.bursts > 0 {
		if l.bad {
			l.bad = l.rng.Float64() > 0.25
		} else {
			l.bad = l.rng.Float64() < l.bursts
		}
		if l.bad {
			return true
		}
	}
	return l.loss > 0 && l.rng.Float64() < l.loss
}

// fifo is a queue that uses its memory again.
type fifo[T any] struct {
	items []T
	first int
}

func (f *fifo[T]) len() int { return len(f.items) - f.first }
func (f *fifo[T]) head() *T { return &f.items[f.first] }
func (f *fifo[T]) push(v T) { f.items = append(f.items, v) }
func (f *fifo[T]) drop()    { f.items, f.first = f.items[:0], 0 }
func (f *fifo[T]) pop() T {
	v := f.items[f.first]
	if f.first++; f.first == len(f.items) {
		f.drop()
	} else if f.first > 256 && f.first > len(f.items)/2 {
		f.items = append(f.items[:0], f.items[f.first:]...)
		f.first = 0
	}
	return v
}

// download is somebody else on the line: a file over TCP (Reno), as fast as it goes.
type download struct {
	link    *link
	left    int // bytes
	window  float64
	steep   float64 // up to where the window doubles each round trip
	flying  float64
	calm    time.Duration // no second halving before
	acks    fifo[ack]
	carried int
}

type ack struct {
	at   time.Duration
	lost bool
}

const segment = 1200

func (d *download) begin(bytes int) {
	d.left, d.window, d.steep, d.flying = bytes, 10, 1e9, 0
	d.acks.drop()
}

func (d *download) run(now time.Duration) {
	for d.acks.len() > 0 && d.acks.head().at <= now {
		a := d.acks.pop()
		d.flying = max(d.flying-1, 0)
		switch {
		case !a.lost && d.window < d.steep:
			d.window++
		case !a.lost:
			d.window += 1 / d.window
		case now >= d.calm:
			d.window = max(d.window/2, 2)
			d.steep, d.calm = d.window, now+4*d.link.delay
		}
	}
	for d.left > 0 && d.flying < d.window {
		d.left -= segment
		d.flying++
		d.link.offer(parcel{to: d, size: segment, at: now})
	}
}

func (d *download) arrives(_ parcel, at time.Duration) {
	d.carried += segment
	d.acks.push(ack{at: at + d.link.delay})
}

func (d *download) loses(_ parcel, at time.Duration) {
	d.left += segment
	d.acks.push(ack{at: at + 2*d.link.delay, lost: true})
}
