package bandwidth

import "time"

// prober finds out by padding whether the line carries more than is sent. A cluster is a short burst at a certain rate;
// what arrives of it, and how far apart, shows what the line can do without anybody waiting for it.
type prober struct {
	// Static after newProber.
	most float64

	number  uint8 // of the cluster, never 0
	state   probing
	rate    float64 // of the cluster, bits a second
	began   time.Duration
	ended   time.Duration // the last packet
	until   time.Duration // to where the padding so far reaches
	bytes   int           // sent
	packets int
	last    int64 // number of the last packet
	train   train

	wanting   bool // more than is known to be there
	raised    bool // and it has not fallen since
	raisedAt  time.Duration
	fellAt    time.Duration
	notBefore time.Duration
	pause     time.Duration // after the next that shows nothing
}

type probing uint8

const (
	resting probing = iota
	sending
	waiting
)

const (
	probeStep    = 5 * time.Millisecond
	probeSpan    = 40 * time.Millisecond
	probePackets = 5
	probeBytes   = 100 // in a step at least
	probeLeast   = probeBytes * 8 * float64(time.Second/probeStep)
	probeWait    = time.Second
	probeArrives = 0.7 // of its bytes, or it shows nothing

	probeEvery  = 3 * time.Second
	probeMost   = 6 * time.Second
	probeIdly   = time.Minute // when nobody waits for the result
	probeProven = 5 * time.Second
	calmFor     = 3 * time.Second // without overuse before the next

	probeFactor  = 2.0
	probeSteep   = 4_000_000.0 // above which it goes in smaller steps: a burst twice as fast is long there
	probeGentle  = 1.5
	probeBeyond  = 1.2 // what is wanted: so much more than is sent has to be known of
	probeRaised  = 1.05
	probeGoesOn  = 0.8 // of its rate: then the next follows at once
	saturated    = 0.9 // of its rate: then it was the line's end
	probeInvalid = 2.0 // times faster than it was sent: something held it back and let it go
)

func newProber(most float64) prober { return prober{most: most, pause: probeEvery} }

// begin starts a cluster if there is reason to and it is time.
func (p *prober) begin(estimate, want float64, at time.Duration) bool {
	if want > 0 && !p.wanting {
		p.notBefore = min(p.notBefore, at+probeEvery)
		p.pause = probeEvery
	}
	p.wanting = want > 0
	enough := min(probeBeyond*want, p.most)
	if !p.wanting {
		enough = min(roomy, p.most)
	}
	if p.state != resting || estimate >= enough || at < p.notBefore {
		return false
	}
	factor := probeFactor
	if estimate > probeSteep {
		factor = probeGentle
	}
	if p.number++; p.number == 0 {
		p.number = 1
	}
	p.state, p.rate, p.began = sending, max(min(factor*estimate, enough), probeLeast), at
	p.bytes, p.packets, p.train = 0, 0, train{}
	return true
}

// cluster is that of a packet that is sent now.
func (p *prober) cluster() uint8 {
	if p.state == sending {
		return p.number
	}
	return 0
}

func (p *prober) sent(size int, number int64, at time.Duration) {
	if p.state != sending {
		return
	}
	p.bytes += size
	p.packets++
	p.last, p.ended = number, at
}

// padding is how much to send now, and when to ask again.
func (p *prober) padding(at time.Duration) (bytes int, again time.Duration) {
	if p.state != sending {
		return 0, tickEvery
	}
	if passed := at - p.began; passed >= probeSpan {
		if p.packets >= probePackets || passed >= 4*probeSpan {
			p.state = waiting
			return 0, tickEvery
		}
		return probeBytes, probeStep
	}
	p.until = at + probeStep
	due := int(p.rate/8*(p.until-p.began).Seconds()) - p.bytes
	if due <= 0 {
		return 0, probeStep
	}
	return max(due, probeBytes), probeStep
}

// arrived takes a packet of a cluster, in the order in which they were sent.
func (p *prober) arrived(cluster uint8, size int, sent, arrived time.Duration) {
	if p.state != resting && cluster == p.number {
		p.train.add(size, sent, arrived)
	}
}

// result is what a cluster has shown, once the browser has reported on all of it, and how fast it was sent.
func (p *prober) result(reported int64, at time.Duration) (measured, sent float64, ok bool) {
	if p.state != waiting || reported < p.last {
		return 0, 0, false
	}
	p.state = resting
	sent = min(float64(p.bytes)*8/(max(p.ended, p.until)-p.began).Seconds(), p.rate)
	came, ok := p.train.rate(sent)
	if !ok || float64(p.train.bytes()) < probeArrives*float64(p.bytes) || came > probeInvalid*sent {
		p.fail(at)
		return 0, 0, false
	}
	if came < saturated*sent {
		return came, sent, true
	}
	return sent, sent, true // but for what the radio makes of it
}

// learn decides when the next may follow. It is true if this one has shown more than was known.
func (p *prober) learn(measured, sent, estimate float64, at time.Duration) bool {
	if measured < probeRaised*estimate {
		p.fail(at)
		return false
	}
	p.raisedAt, p.raised = at, true
	if p.notBefore = at; measured < probeGoesOn*sent {
		p.notBefore = at + probeEvery
	}
	return true
}

// fail waits longer each time.
func (p *prober) fail(at time.Duration) {
	p.notBefore = at + p.pause
	if p.wanting {
		p.pause = min(p.pause*3/2, probeMost)
	} else {
		p.pause = min(p.pause*3, probeIdly)
	}
}

// fell tells that the estimate fell. Soon after a cluster has raised it that cluster was wrong: a short burst takes from
// others on the line what it does not get in the long run. Otherwise the line has changed, and all is open again.
func (p *prober) fell(at time.Duration) {
	switch {
	case p.raised && at-p.raisedAt < probeProven:
		p.raised = false
		p.fail(at)
	case at-p.fellAt > probeProven:
		p.pause = probeEvery
		p.notBefore = max(p.notBefore, at+probeEvery)
	}
	p.fellAt = at
}

// open lets the next cluster begin at once.
func (p *prober) open(at time.Duration) { p.pause, p.notBefore, p.raised = probeEvery, at, false }

// expire gives up on a cluster of which nothing is heard.
func (p *prober) expire(trip, at time.Duration) {
	if p.state == waiting && at-p.ended > probeWait+trip {
		p.state = resting
		p.fail(at)
	}
}
