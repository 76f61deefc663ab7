package bandwidth

import "time"

// pace spreads what pictures send over a line that has no more room. A frame comes from its publisher in one go, and the
// voice behind it would wait for all of it; a key frame would even look like a line that is too thin. Audio never
// waits here, and where there is room nothing does: it would cost a server more than anything else in here.
type pace struct {
	free time.Duration // when everything sent so far has had its time
}

const (
	paceBurst = 5 * time.Millisecond
	paceMost  = 250 * time.Millisecond // a picture is of no use later
	// roomy is a line that carries even a key frame before a voice behind it is late.
	roomy = 5_000_000.0
)

func (p *pace) sent(size int, estimate float64, at time.Duration) {
	took := time.Duration(float64(size*8) / estimate * float64(time.Second))
	p.free = min(max(p.free, at)+took, at+paceMost)
}

// wait is how long the next packet should.
func (p *pace) wait(at time.Duration) time.Duration { return max(p.free-at-paceBurst, 0) }
