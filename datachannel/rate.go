package datachannel

import "time"

// Bucket is a token bucket that lends: whoever takes more than is there waits until it is paid back. It decides only;
// the caller waits. It is not safe for concurrent use.
type Bucket struct {
	perSecond, burst float64
	tokens           float64
	last             time.Time
}

// NewBucket returns a full bucket.
func NewBucket(perSecond, burst int) Bucket {
	return Bucket{perSecond: float64(perSecond), burst: float64(burst), tokens: float64(burst)}
}

// Take takes n tokens at now and returns how long the caller must wait before it goes on.
func (b *Bucket) Take(n int, now time.Time) time.Duration {
	if elapsed := now.Sub(b.last); elapsed > 0 {
		if !b.last.IsZero() {
			b.tokens = min(b.burst, b.tokens+elapsed.Seconds()*b.perSecond)
		}
		b.last = now
	}
	b.tokens -= float64(n)
	if b.tokens >= 0 {
		return 0
	}
	return time.Duration(-b.tokens / b.perSecond * float64(time.Second))
}
