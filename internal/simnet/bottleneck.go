package simnet

import "time"

// headerBytes are those of IP and UDP, which a line carries too.
const headerBytes = 28

// bottleneck is the narrowest place of one way or several: a queue that empties at a rate, and loses what does not fit.
type bottleneck struct {
	bits float64 // a second
	most int     // bytes
	free time.Time
}

// wait is how long a packet is on its way out of the queue; ok is false if it does not fit.
func (b *bottleneck) wait(size int, now time.Time) (d time.Duration, ok bool) {
	size += headerBytes
	free := b.free
	if free.Before(now) {
		free = now
	}
	if queued := free.Sub(now).Seconds() * b.bits / 8; queued+float64(size) > float64(b.most) {
		return 0, false
	}
	b.free = free.Add(time.Duration(float64(size*8) / b.bits * float64(time.Second)))
	return b.free.Sub(now), true
}

// SetRate makes the way from one host to others one line of so many bits a second, with a queue of so many bytes before
// it; what does not fit is lost. Called again for the same hosts it changes the rate, but for what is in the
// queue already.
func (n *Network) SetRate(bits float64, queue int, from string, to ...string) {
	n.t.Helper()
	if bits <= 0 || queue <= 0 || len(to) == 0 {
		n.t.Fatalf("simnet: a line of %v bits a second, a queue of %d bytes, to %d hosts", bits, queue, len(to))
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	b := n.conditionLocked(from, to[0]).bottleneck
	if b == nil {
		b = &bottleneck{}
	}
	b.bits, b.most = bits, queue
	for _, host := range to {
		n.conditionLocked(from, host).bottleneck = b
	}
}
