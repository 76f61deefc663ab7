// Package steady tells the time by what has passed, whatever the machine's clock is set to meanwhile.
//
// It is for ages and times to live that are written down, where Go's monotonic reading does not go along: a clock that is
// put right, or wrong, by an hour must not make everything an hour older. It knows nothing of a restart: between two
// lives of a process only the machine's clock tells how long it was.
package steady

import "time"

// Clock is one that nobody sets. The zero value is the machine's.
type Clock struct {
	start time.Time
}

// New begins where the machine's clock stands at now.
func New(now time.Time) Clock { return Clock{now} }

// At is what the clock says at now. It has no monotonic reading, and is good for UnixNano. If now or the start of the
// clock has none either, it is now.
func (c Clock) At(now time.Time) time.Time {
	if c.start.IsZero() {
		return now.Round(0)
	}
	return c.start.Round(0).Add(now.Sub(c.start))
}

// When is the time at which the clock says at, for timers and to be compared with time.Now.
func (c Clock) When(at time.Time) time.Time {
	if c.start.IsZero() {
		return at
	}
	return c.start.Add(at.Round(0).Sub(c.start.Round(0)))
}
