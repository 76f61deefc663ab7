package datachannel

import (
	"testing"
	"time"
)

func TestBucket(t *testing.T) {
	b, now := NewBucket(10, 5), start
	for i, step := range []struct {
		after time.Duration
		take  int
		wait  time.Duration
	}{
		{0, 5, 0},                                         // the burst
		{0, 1, 100 * time.Millisecond},                    // lends
		{0, 1, 200 * time.Millisecond},                    // and more
		{200 * time.Millisecond, 0, 0},                    // paid back
		{time.Hour, 5, 0},                                 // full again, but not more than full
		{0, 1, 100 * time.Millisecond},                    //
		{-time.Hour, 1, 200 * time.Millisecond},           // a clock that goes back gives nothing
		{time.Hour + 200*time.Millisecond, 1, 100e6},      // and takes nothing: 200 ms after the last
		{100*time.Millisecond + time.Hour, 6, 100e6},      //
		{50 * time.Millisecond, 0, 50 * time.Millisecond}, //
	} {
		now = now.Add(step.after)
		if got := b.Take(step.take, now); (got - step.wait).Abs() > time.Microsecond {
			t.Errorf("step %d: wait %v, want %v", i, got, step.wait)
		}
	}
}
