package turn

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// bucket lets through so many a second, and what was saved up in half of one. It is pure.
type bucket struct {
	rate   float64
	tokens float64
	at     time.Time
}

func newBucket(rate int) bucket {
	return bucket{rate: float64(rate), tokens: float64(rate) / 2}
}

func (b *bucket) take(n int, now time.Time) bool {
	if since := now.Sub(b.at); since > 0 {
		b.tokens = min(b.rate/2, b.tokens+b.rate*since.Seconds())
		b.at = now
	}
	if b.tokens < float64(n) {
		return false
	}
	b.tokens -= float64(n)
	return true
}

const (
	replyRate   = 10 // a second to one address that has not shown that it is there
	replyBurst  = 20
	replyPlaces = 4096
)

// replies bounds what is sent to addresses that may be somebody else's: over UDP anybody can write any sender. What is
// remembered of an address is in one of a fixed number of places; two that share one share what they may have.
type replies struct {
	seed maphash.Seed

	mu sync.Mutex
	// Guarded by mu.
	places [replyPlaces]bucket
}

func (r *replies) init() {
	r.seed = maphash.MakeSeed()
	for i := range r.places {
		r.places[i] = bucket{rate: 2 * replyBurst, tokens: replyBurst}
	}
}

func (r *replies) allow(ip netip.Addr, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := &r.places[maphash.Comparable(r.seed, ip)%replyPlaces]
	if since := now.Sub(b.at); since > 0 {
		b.tokens = min(replyBurst, b.tokens+replyRate*since.Seconds())
		b.at = now
	}
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
