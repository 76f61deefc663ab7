package datachannel

import (
	"fmt"
	"strings"
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

// A fast sender is slowed to the rate; everything arrives.
func TestRateSlows(t *testing.T) {
	for name, c := range map[string]struct {
		size    int
		count   int
		seconds float64
	}{
		"messages": {10, 1400, 5},               // 400 at once, 1000 at 200 a second
		"bytes":    {50_000, 64, 64*0.1908 - 4}, // 1 MiB at once, the rest at 256 KiB a second
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, LogConfig{}, Limits{})
				w := r.open(DataChannel, LinkOptions{Attached: true})
				began := time.Now()
				for n := range c.count {
					w.send(fmt.Sprintf(`{"t":"m","n":%d,"type":"x","data":"%s"}`, n+1, strings.Repeat("x", c.size)))
				}
				for oks := 0; oks < c.count; {
					frame, err := w.recvWithin(time.Minute)
					if err != nil {
						t.Fatal(err)
					}
					oks += strings.Count(string(frame), `"ok":`)
				}
				took := time.Since(began).Seconds()
				if took < c.seconds*0.97 || took > c.seconds*1.03 {
					t.Errorf("took %.2f s, want %.2f", took, c.seconds)
				}
				if r.room.metrics.RefusedCount("slowed") == 0 {
					t.Error("not counted")
				}
			})
		})
	}
}

// Refusals take a place in everyone's history, so they are dearer.
func TestRefusedMessagesSlowMore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, LogConfig{}, Limits{})
		w := r.open(WebSocket, LinkOptions{Attached: true})
		began := time.Now()
		for n := range 100 {
			w.send(fmt.Sprintf(`{"t":"m","n":%d,"type":"forbidden"}`, n+1))
		}
		for refused := 0; refused < 100; {
			frame, err := w.recvWithin(time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			refused += strings.Count(string(frame), `"refused":`)
		}
		if took := time.Since(began); took < 2800*time.Millisecond || took > 3200*time.Millisecond {
			t.Errorf("100 refusals took %v, want about 3 s", took)
		}
	})
}

func TestPingsAreSlowedToo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, LogConfig{}, Limits{})
		w := r.open(DataChannel, LinkOptions{})
		began := time.Now()
		for i := range 450 {
			w.send(fmt.Sprintf(`{"t":"ping","id":%d}`, i))
		}
		for i := range 450 {
			r.says(w, fmt.Sprintf(`{"t":"pong","id":%d}`, i))
		}
		if took := time.Since(began); took < 4900*time.Millisecond || took > 5100*time.Millisecond {
			t.Errorf("450 pings took %v, want 5 s: 200 at once, 50 a second", took)
		}
	})
}
