package sfu

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parlorhq/parlor/sfu/bandwidth"
)

// line is the way from here to a peer's browser: what is known of what it carries, and packets of pictures that wait for
// their turn on it. Only packets of slots that have a transport-wide number pass through here.
type line struct {
	// Static after newLine.
	counts *counts
	drop   func(reason string)
	wake   chan struct{} // for run: something waits

	numbered atomic.Bool // some slot has numbers, so reports come
	full     atomic.Bool // see bandwidth.Advice
	fell     atomic.Bool // the estimate fell since somebody asked
	back     atomic.Bool // it was silent, and is not any more, since somebody asked

	mu sync.Mutex // a leaf
	// Guarded by mu.
	estimate *bandwidth.Line
	last     time.Time // the latest that the estimate was told
	first    time.Time // when the first packet was sent; zero: none was
	queue    queue
	advice   bandwidth.Advice
	ticked   time.Time // when that was asked for; zero: never
	counted  bandwidth.Figures
	silent   bool // nothing was reported for so long that the estimate fell

	weak atomic.Bool // the estimate ever fell
}

// unheardFor is how long a browser that said it would report may not do so before its line is no longer reckoned with.
const unheardFor = 3 * time.Second

// adviceGood is for how long advice holds for those who only want to know how it stands.
const adviceGood = 400 * time.Millisecond

func newLine(c *counts, drop func(reason string)) *line {
	return &line{counts: c, drop: drop, wake: make(chan struct{}, 1), estimate: bandwidth.New(bandwidth.Config{}, time.Now())}
}

// outgoing is a packet on its way out.
type outgoing struct {
	slot     *slot
	kind     bandwidth.Kind
	sequence uint16
	size     int   // with its header
	waits    bool  // it may be made to wait
	number   uint8 // id of the extension for the number
	writer   rtpWriter
}

// verdict is what becomes of a packet.
type verdict uint8

const (
	goes    verdict = iota // at once, under the number that it was given
	waits                  // it is in the queue
	refused                // there is no room for it
)

// admit gives a packet its number, or puts it into the queue: a copy, so it is the caller's again in any case.
func (o *line) admit(p *outgoing, packet *scratch, payload []byte, now time.Time) (number uint16, v verdict) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if p.waits && (o.queue.len() > 0 || o.estimate.Wait(o.latest(now)) > 0) {
		if !o.queue.push(p, &packet.header, payload, now) {
			o.drop("pace_overflow")
			return 0, refused
		}
		o.counts.paced.Add(1)
		if o.queue.len() == 1 {
			select {
			case o.wake <- struct{}{}:
			default:
			}
		}
		return 0, waits
	}
	return o.sent(p, now), goes
}

func (o *line) sent(p *outgoing, now time.Time) uint16 {
	if o.first.IsZero() {
		o.first = now
	}
	return o.estimate.Sent(p.size, p.kind, o.latest(now))
}

// latest keeps time from going back: packets of different publishers are read at their own.
func (o *line) latest(now time.Time) time.Time {
	if now.After(o.last) {
		o.last = now
	}
	return o.last
}

// run sends what waits, until closing.
func (o *line) run(closing <-chan struct{}) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	out := newScratch()
	for {
		if wait := o.drain(out); wait > 0 {
			timer.Reset(wait)
		}
		select {
		case <-closing:
			return
		case <-o.wake:
		case <-timer.C:
		}
	}
}

// drain sends what may be sent; wait is how long the next has to, if there is one. What is written stays in the queue
// until it is, so that nothing overtakes it.
func (o *line) drain(out *scratch) (wait time.Duration) {
	for {
		now := time.Now()
		o.mu.Lock()
		w := o.queue.head()
		if w == nil {
			o.mu.Unlock()
			return 0
		}
		if left := waitMost - now.Sub(w.since); left > 0 {
			if wait = min(o.estimate.Wait(o.latest(now)), left); wait > 0 {
				o.mu.Unlock()
				return wait
			}
		}
		number := o.sent(&w.outgoing, now)
		writer := w.writer
		payload, ok := w.unpack(out, number)
		w.leaves = true
		o.mu.Unlock()

		if ok {
			if _, err := writer.WriteRTP(&out.header, payload); err == nil {
				o.counts.out.Add(1)
			}
		}
		o.mu.Lock()
		o.queue.pop()
		o.mu.Unlock()
	}
}

// busy tells whether anything waits.
func (o *line) busy() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.queue.len() > 0
}

// cut drops what waits of a slot, which has stopped. Packets are those of the last numbers given, up to last, that will not have
// been sent: they are free again.
func (o *line) cut(s *slot, last uint16) (packets int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.queue.cut(s, last)
}

// feedback takes a browser's report. It is true if pictures should be chosen anew for it.
func (o *line) feedback(report []byte, now time.Time) (anew bool) {
	o.mu.Lock()
	fell := o.estimate.Feedback(report, o.latest(now))
	back := o.silent
	if back {
		o.silent = false
		o.back.Store(true)
	}
	o.mu.Unlock()
	if fell {
		o.weak.Store(true)
		o.fell.Store(true)
	}
	return fell || back
}

// moved is called when packets go by another way.
func (o *line) moved(now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.estimate.Move(o.latest(now))
	o.counts.moves.Add(1)
}

// tick asks for advice, which is for one who does what it says of padding.
func (o *line) tick(now time.Time, want int) bandwidth.Advice {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.tickLocked(now, want)
}

func (o *line) tickLocked(now time.Time, want int) bandwidth.Advice {
	if !o.numbered.Load() {
		return bandwidth.Advice{}
	}
	o.advice, o.ticked = o.estimate.Tick(o.latest(now), want), now
	o.full.Store(o.advice.Full)
	o.count()
	if o.queue.idle(now) {
		o.queue = queue{}
	}
	return o.advice
}

// carries is what pictures may take. On a line of which nothing is known that is all there is.
func (o *line) carries(now time.Time, want int) (bits int, full bool) {
	if !o.numbered.Load() {
		return math.MaxInt, false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ticked.IsZero() || now.Sub(o.ticked) > adviceGood {
		o.tickLocked(now, want)
	}
	if o.advice.Quality == bandwidth.Unknown && !o.first.IsZero() && now.Sub(o.first) > unheardFor {
		return math.MaxInt, false
	}
	return o.advice.Video, o.advice.Full
}

// strained tells whether it ever carried less than it was thought to.
func (o *line) strained() bool { return o.weak.Load() }

// quality is what the last advice said of it.
func (o *line) quality() bandwidth.Quality {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.advice.Quality
}

// count adds to the engine's counts what has happened since.
func (o *line) count() {
	f, was := o.estimate.Figures(), &o.counted
	add := func(to *atomic.Uint64, now, before uint64) {
		if now != before {
			to.Add(now - before)
		}
	}
	add(&o.counts.overuses, f.Overuses, was.Overuses)
	add(&o.counts.probes, f.Probes, was.Probes)
	add(&o.counts.raised, f.Raised, was.Raised)
	if f.Silences > was.Silences {
		o.silent = true
		o.weak.Store(true)
	}
	add(&o.counts.silences, f.Silences, was.Silences)
	add(&o.counts.stray, f.Stray, was.Stray)
	add(&o.counts.forgotten, f.Forgotten, was.Forgotten)
	add(&o.counts.padding, f.Padding, was.Padding)
	o.counted = f
}

// estimated is what the line is thought to carry; ok is false if nothing is known.
func (o *line) estimated() (bits int, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.counted.Estimate, o.advice.Quality != bandwidth.Unknown
}

// estimates are those of all lines of which something is known, the smallest first.
func (e *Engine) estimates() (bits []int) {
	e.mu.Lock()
	open := make([]*Peer, 0, len(e.open))
	for p := range e.open {
		open = append(open, p)
	}
	e.mu.Unlock()
	for _, p := range open {
		if b, ok := p.line.estimated(); ok {
			bits = append(bits, b)
		}
	}
	slices.Sort(bits)
	return bits
}
