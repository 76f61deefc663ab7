package datachannel

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
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

// Lossy messages are dropped and never slowed, but for those that are too large: they cost what they weigh.
func TestLossyMessagesThatAreTooLargeCost(t *testing.T) {
	for name, c := range map[string]struct {
		size  int
		least time.Duration
		most  time.Duration
	}{
		"within": {900, 0, 0},
		"above":  {64 << 10, 5 * time.Second, 7 * time.Second}, // 40 of 64 KiB: a MiB at once, the rest at 256 KiB a second
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, LogConfig{}, Limits{})
				w := r.open(WebSocket, LinkOptions{Attached: true})
				began := time.Now()
				for range 40 {
					w.send(fmt.Sprintf(`{"t":"e","type":"x","data":"%s"}`, strings.Repeat("x", c.size)))
				}
				w.send(`{"t":"ping","id":1}`)
				r.says(w, `{"t":"pong","id":1}`)
				if took := time.Since(began); took < c.least || took > c.most {
					t.Errorf("took %v, want %v to %v", took, c.least, c.most)
				}
			})
		})
	}
}

// What was taken of a frame is told while its sender waits for the rest of it, to others and to itself.
func TestWhatWasPostedDoesNotWaitForWhatIsSlowed(t *testing.T) {
	for name, c := range map[string]struct {
		typ   string
		heard string
		each  time.Duration // what a message costs above the rate
	}{
		"posted":  {"x", `"ok":`, 100 * time.Millisecond},
		"refused": {"forbidden", `"refused":`, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, LogConfig{}, Limits{MessagesPerSecond: 10, MessageBurst: 1})
				b := r.room.session("b", Limits{})
				defer b.Close("left", "test over")
				reader, author := r.run(b, DataChannel, LinkOptions{Attached: true}), r.open(DataChannel, LinkOptions{Attached: true})
				const count = 20
				var frame []string
				for n := range count {
					frame = append(frame, fmt.Sprintf(`{"t":"m","n":%d,"type":%q}`, n+1, c.typ))
				}
				synctest.Wait()
				began := time.Now()
				author.send("[" + strings.Join(frame, ",") + "]")
				last := time.Duration(0)
				hears := func(w *wire, what string, n int) {
					t.Helper()
					for heard := 0; heard < n; {
						f, err := w.recvWithin(time.Minute)
						if err != nil {
							t.Fatal(err)
						}
						took := time.Since(began)
						if took-last > c.each+r.room.log.cfg.Tick {
							t.Errorf("nothing of what was taken was told between %v and %v", last, took)
						}
						last = took
						heard += strings.Count(string(f), what)
					}
				}
				hears(author, c.heard, 1)
				if last > 0 {
					t.Errorf("the first answer came after %v", last)
				}
				hears(author, c.heard, count-1)
				if name == "posted" {
					if f, err := reader.recvWithin(time.Second); err != nil || strings.Count(string(f), `"type":"x"`) > 2 {
						t.Errorf("a reader got %s, %v: want no batch of all", f, err)
					}
				}
			})
		})
	}
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
