package bandwidth

import (
	"math"
	"time"
)

// rate is the estimate in bits a second: when the line is overused it falls at once to somewhat below what arrives, else it
// grows by about a packet each round trip (draft-ietf-rmcat-gcc-02, 5.5). It does not remember what the line could do
// once: whoever wants more than that asks the prober, whose answers come in leaps. So two who share a line grow alike,
// whoever has more.
//
// What the caller sends less than the estimate says nothing about the line: then it does not grow beyond growMost of what
// arrives, and it does not fall.
type rate struct {
	// Static after newRate.
	least, most float64

	bits    float64
	holds   bool
	grownAt time.Duration
	fellAt  time.Duration
	fallen  bool
}

const (
	backOff      = 0.85
	backOffIdle  = 1.1 // of what arrives, the first time, when little was sent and all of it arrived
	idleBelow    = 0.65
	arrivesAll   = 0.8
	growMost     = 1.25
	growSlack    = 10_000.0
	carriesMost  = 0.9 // of what arrives, that the line carries without a doubt
	growLeast    = 4000.0
	growAfter    = 100 * time.Millisecond // of thinking, beside the round trip
	packetBits   = 1200 * 8.0
	framesSecond = 30.0
	fallMostWait = 200 * time.Millisecond
	heavyLoss    = 0.3
	silentLeast  = 250_000.0
)

func newRate(start, least, most float64) rate { return rate{bits: start, least: least, most: most} }

// update takes what the detector says. It is true if the estimate fell for overuse.
func (r *rate) update(u usage, acked, sent float64, trip time.Duration, grows bool, at time.Duration) bool {
	switch u {
	case overusing:
		r.holds = true
		return r.fall(acked, sent, trip, at)
	case underusing:
		r.holds = true // a queue drains
	default:
		if r.holds || !grows {
			r.grownAt = at
		}
		r.holds = false
		r.grow(acked, trip, at)
	}
	return false
}

func (r *rate) fall(acked, sent float64, trip, at time.Duration) bool {
	wait := min(max(trip, 10*time.Millisecond), fallMostWait)
	if r.fallen && at-r.fellAt < wait && acked >= r.bits/2 {
		return false
	}
	to := backOff * acked
	switch {
	case acked <= 0:
		to = r.bits / 2
	case acked < idleBelow*r.bits && acked > arrivesAll*sent:
		to = backOffIdle * acked // perhaps only a hiccup: there is a second time
	}
	r.fellAt, r.fallen = at, true
	if to >= r.bits {
		return true
	}
	r.set(to)
	return true
}

func (r *rate) grow(acked float64, trip, at time.Duration) {
	passed := min(at-r.grownAt, time.Second).Seconds()
	r.grownAt = at
	if acked <= 0 || passed <= 0 {
		return
	}
	to := r.bits + max(growLeast, r.packet()/(trip+growAfter).Seconds())*passed
	to = max(to, carriesMost*acked) // without a queue
	if limit := growMost*acked + growSlack; r.bits < limit {
		r.set(min(to, limit))
	}
}

// packet is the size of a packet at this rate, in bits.
func (r *rate) packet() float64 {
	frame := r.bits / framesSecond
	return frame / math.Ceil(frame/packetBits)
}

// lose takes what is lost beyond the line's own. After a fall it waits for what was sent since.
func (r *rate) lose(excess, acked float64, trip, at time.Duration) {
	if r.fallen && at-r.fellAt < trip+lossWindow {
		return
	}
	to := r.bits * (1 - excess/2)
	if excess > heavyLoss && acked > 0 {
		to = min(to, acked)
	}
	r.grownAt = at
	r.set(to)
}

// measured takes what padding has shown. If it was not carried as fast as it was sent, it shows the line's end.
func (r *rate) measured(bits, acked float64, end bool) {
	if end {
		r.set(max(min(r.bits, acked*backOffIdle), bits))
		return
	}
	r.set(max(r.bits, bits))
}

// halve is for when nothing is known any more. Something small is still sent: how else would one know.
func (r *rate) halve(at time.Duration) {
	r.fellAt, r.fallen, r.grownAt = at, true, at
	r.set(max(r.bits/2, min(r.bits, silentLeast)))
}

func (r *rate) set(bits float64) { r.bits = min(max(bits, r.least), r.most) }
