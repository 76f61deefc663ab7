package sfu

import "time"

// A key frame costs a publisher several frames' worth of bandwidth and everybody pays for it, so they are asked for
// seldom: all who want one of a layer are served by one request, and a subscriber cannot want one all the time.
const (
	keyframeEvery = 500 * time.Millisecond // of a layer
	keyframeAgain = time.Second            // a slot that still waits asks again, and so does who got none
	keyframeTries = 3                      // so often one is asked for of which nobody knows whether it is still wanted
	keyframeQuota = 3                      // of one subscriber for one slot, in keyframeSpan
	keyframeSpan  = 10 * time.Second

	temporalPatience = 3 * time.Second // a slot that waits to send more in time asks for one
)

// keyframes merges the requests for one layer. It is pure.
type keyframes struct {
	wanted bool
	asked  time.Time
	tries  int // since the last came
}

// want notes a request.
func (k *keyframes) want() { k.wanted = true }

// came notes that one begins: whoever wanted one has it.
func (k *keyframes) came() { k.wanted, k.tries = false, 0 }

// due tells whether to ask the publisher now, and when to look again (zero: not at all). A request may get lost, above all one that
// is sent when a path has just come up: a browser whose picture stands still for want of it would say so after three seconds.
func (k *keyframes) due(now time.Time) (ask bool, at time.Time) {
	switch {
	case k.wanted:
		at = k.asked.Add(keyframeEvery)
	case k.tries > 0 && k.tries < keyframeTries:
		at = k.asked.Add(keyframeAgain)
	default:
		return false, time.Time{}
	}
	if now.Before(at) {
		return false, at
	}
	k.wanted, k.asked = false, now
	if k.tries++; k.tries >= keyframeTries {
		return true, time.Time{}
	}
	return true, now.Add(keyframeAgain)
}

// quota allows a number of things in any span of time. It is pure.
type quota struct {
	times [keyframeQuota]time.Time
	next  int
}

// take is true if one more is allowed now.
func (q *quota) take(now time.Time) bool {
	oldest := q.times[q.next]
	if !oldest.IsZero() && now.Sub(oldest) < keyframeSpan {
		return false
	}
	q.times[q.next] = now
	q.next = (q.next + 1) % len(q.times)
	return true
}
