package steady_test

import (
	"testing"
	"time"

	"github.com/parlorhq/parlor/internal/steady"
	"github.com/parlorhq/parlor/internal/steady/steadytest"
)

func TestClock(t *testing.T) {
	start := time.Now()
	c := steady.New(start)
	for _, jump := range []time.Duration{0, time.Hour, -time.Hour, 24 * 365 * time.Hour, -24 * 365 * time.Hour} {
		now := steadytest.Jump(start.Add(5*time.Second), jump)
		if moved := now.UnixNano() - start.UnixNano(); moved != int64(jump+5*time.Second) || now.Sub(start) != 5*time.Second {
			t.Fatalf("the test's clock moved by %s, %s passed", time.Duration(moved), now.Sub(start))
		}
		at := c.At(now)
		if at.UnixNano() != start.Add(5*time.Second).UnixNano() {
			t.Errorf("after a jump by %s the clock moved by %s in 5 s", jump, at.Sub(start))
		}
		if when := c.When(at.Add(time.Minute)); when.Sub(now) != time.Minute {
			t.Errorf("after a jump by %s a minute takes %s", jump, when.Sub(now))
		}
	}
}

// Times without a monotonic reading, and a clock that was not started, go by the machine's.
func TestClockOfTheMachine(t *testing.T) {
	wall := time.Unix(1000, 0)
	for name, c := range map[string]steady.Clock{"started": steady.New(time.Now()), "zero": {}} {
		if at := c.At(wall); !at.Equal(wall) {
			t.Errorf("%s: %s", name, at)
		}
	}
	if when := (steady.Clock{}).When(wall); !when.Equal(wall) {
		t.Error(when)
	}
}
