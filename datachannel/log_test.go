package datachannel

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlorhq/parlor/internal/metrics"
)

var start = time.UnixMilli(1795212000000)

func message(text string) Entry {
	return Entry{Kind: EntryMessage, From: "p_a", Session: "s_a", N: 1, Type: "chat", Data: json.RawMessage(`"` + text + `"`)}
}

func mustAppend(t testing.TB, l *Log, e Entry, now time.Time) uint64 {
	t.Helper()
	o, err := l.Append(e, now)
	if err != nil {
		t.Fatal(err)
	}
	l.wake.tell(nil)
	return o
}

func TestLogNumbersFromOne(t *testing.T) {
	l := newLog(LogConfig{})
	if l.Head() != 0 || l.Tail() != 1 {
		t.Errorf("an empty log is %d to %d, want 1 to 0", l.Tail(), l.Head())
	}
	for want := uint64(1); want <= 100; want++ {
		if got := mustAppend(t, l, message("x"), start); got != want {
			t.Fatalf("offset %d, want %d", got, want)
		}
	}
	if l.Head() != 100 || l.Tail() != 1 {
		t.Errorf("the log is %d to %d, want 1 to 100", l.Tail(), l.Head())
	}
	if l.Epoch() == "" || l.Epoch() == newLog(LogConfig{}).Epoch() {
		t.Error("two logs have one epoch")
	}
}

func TestLogForgets(t *testing.T) {
	big := message(strings.Repeat("x", 1000))
	for name, c := range map[string]struct {
		config  LogConfig
		tail    uint64 // after 100 entries, one a second
		counted string
	}{
		"by entries":  {LogConfig{MaxEntries: 10}, 91, "log_entries"},
		"by bytes":    {LogConfig{MaxBytes: 10_000}, 94, "log_bytes"},
		"by a budget": {LogConfig{Budget: NewBudget(10_000)}, 94, "log_total"},
		"by age":      {LogConfig{MaxAge: 20 * time.Second}, 80, ""},
		"never":       {LogConfig{}, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.config.Metrics = metrics.New()
			l := newLog(c.config)
			for i := range 100 {
				mustAppend(t, l, big, start.Add(time.Duration(i)*time.Second))
			}
			if l.Tail() != c.tail || l.Head() != 100 {
				t.Errorf("the log is %d to %d, want %d to 100", l.Tail(), l.Head(), c.tail)
			}
			for _, reason := range []string{"log_entries", "log_bytes", "log_total"} {
				want := float64(0)
				if reason == c.counted {
					want = float64(c.tail - 1)
				}
				if n := c.config.Metrics.DroppedCount(reason); n != want {
					t.Errorf("%v counted as %s, want %v", n, reason, want)
				}
			}
			buf, position, ok := readLog(l, l.Tail()-1, viewer{"s_b", "p_b"}, 1<<20)
			if !ok || position != 100 || !json.Valid(buf) {
				t.Errorf("what is left reads %v up to %d", ok, position)
			}
			if _, _, ok := readLog(l, l.Tail()-2, viewer{}, 1<<20); ok && l.Tail() > 1 {
				t.Error("what was forgotten can be read")
			}
		})
	}
}

// Recipients are remembered too, and count: a short message to many is not a small one.
func TestRecipientsCount(t *testing.T) {
	l := newLog(LogConfig{MaxBytes: 1 << 20})
	e := message("x")
	for i := range 100 {
		e.To = append(e.To, fmt.Sprintf("p_%062d", i))
	}
	for range 1000 {
		mustAppend(t, l, e, start)
	}
	if held := int(l.Head() - l.Tail() + 1); held*100*(64+16) > 1<<20 || held < 50 {
		t.Errorf("a log of 1 MiB holds %d entries of 100 ids of 64 bytes", held)
	}
}

func TestSilentLogForgets(t *testing.T) {
	l := newLog(LogConfig{MaxAge: time.Minute})
	mustAppend(t, l, message("x"), start)
	l.Trim(start.Add(time.Minute))
	if l.Tail() != 1 {
		t.Error("forgot what is not too old")
	}
	l.Trim(start.Add(time.Minute + 1))
	if l.Tail() != 2 || l.bytes != 0 {
		t.Errorf("tail %d with %d bytes, want 2 with 0", l.Tail(), l.bytes)
	}
	if o := mustAppend(t, l, message("y"), start.Add(2*time.Minute)); o != 2 {
		t.Errorf("offset %d after all was forgotten, want 2", o)
	}
}

// One entry above MaxBytes stays: a log that forgets what was just said would lose it for everyone.
func TestLogKeepsTheNewest(t *testing.T) {
	l := newLog(LogConfig{MaxBytes: 100})
	mustAppend(t, l, message(strings.Repeat("x", 1000)), start)
	mustAppend(t, l, message(strings.Repeat("x", 1000)), start)
	if l.Tail() != 2 || l.Head() != 2 {
		t.Errorf("the log is %d to %d, want 2 to 2", l.Tail(), l.Head())
	}
}

func TestLogRefusesWhatFitsNoFrame(t *testing.T) {
	l := newLog(LogConfig{})
	if _, err := l.Append(message(strings.Repeat("x", maxEntry)), start); !errors.Is(err, ErrTooLarge) {
		t.Errorf("error %v, want too large", err)
	}
	if l.Head() != 0 {
		t.Error("a refused entry was counted")
	}
}

// The first entry wakes readers at once, those that follow do so together.
func TestLogWakes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := newLog(LogConfig{})
		a, b := make(chan struct{}, 1), make(chan struct{}, 1)
		woken := func(wantA, wantB int) {
			t.Helper()
			if len(a) != wantA || len(b) != wantB {
				t.Errorf("%d and %d wake-ups, want %d and %d", len(a), len(b), wantA, wantB)
			}
			for _, c := range []chan struct{}{a, b} {
				select {
				case <-c:
				default:
				}
			}
		}
		l.wake.watch(waiter{wake: a})
		served := 0
		l.wake.watch(waiter{wake: b})
		l.wake.watch(waiter{wake: make(chan struct{}), serve: func() { served++ }})
		mustAppend(t, l, message("x"), time.Now())
		woken(1, 1)
		for range 3 { // nobody looks: it must not wait; but they are left alone for a moment
			mustAppend(t, l, message("x"), time.Now())
		}
		woken(0, 0)
		time.Sleep(l.cfg.Tick)
		synctest.Wait()
		woken(1, 1)
		l.wake.unwatch(a)
		mustAppend(t, l, message("x"), time.Now())
		time.Sleep(l.cfg.Tick)
		synctest.Wait()
		woken(0, 1)
		time.Sleep(time.Second)
		woken(0, 0)
		mustAppend(t, l, message("x"), time.Now())
		woken(0, 1)
		if served != 4 {
			t.Errorf("one that never waits was served %d times, want 4", served)
		}
	})
}

// A packet costs the same however much is in it, so readers of a busy room are told when what they get fills some.
func TestLogWakesWhenPacketsAreFull(t *testing.T) {
	for name, c := range map[string]struct {
		each    time.Duration
		size    int
		at      time.Duration // when they are told
		entries uint64        // of which
	}{
		"two packets are full at 20 ms": {each: 2 * time.Millisecond, size: 200, at: 20 * time.Millisecond, entries: 10},
		"three are at 26 ms":            {each: 2 * time.Millisecond, size: 225, at: 26 * time.Millisecond, entries: 13},
		"none is":                       {each: 4 * time.Millisecond, size: 10, at: 30 * time.Millisecond, entries: 7},
		"every message fills one":       {each: 5 * time.Millisecond, size: 2000, at: 20 * time.Millisecond, entries: 4},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				l := newLog(LogConfig{})
				woken := make(chan struct{}, 1)
				for range 10 { // nobody hears of them one by one
					mustAppend(t, l, message("x"), time.Now())
				}
				l.wake.watch(waiter{wake: woken})
				mustAppend(t, l, message("x"), time.Now())
				<-woken
				l.wake.every = l.cfg.Tick
				began, before := time.Now(), l.wake.reach()
				for time.Since(began) < time.Second && len(woken) == 0 {
					time.Sleep(c.each)
					synctest.Wait()
					if len(woken) == 0 {
						mustAppend(t, l, message(strings.Repeat("x", c.size)), time.Now())
					}
				}
				if at := l.wake.last.Sub(began); at != c.at {
					t.Errorf("told after %v, want %v", at, c.at)
				}
				if n := l.wake.reach() - before; n != c.entries {
					t.Errorf("told of %d entries, want %d", n, c.entries)
				}
			})
		})
	}
}

// Entries that come while readers are served are for the next time: else some would get a packet more for them.
func TestReadersLookNoFurtherThanTheyWereTold(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := newLog(LogConfig{})
		woken := make(chan struct{}, 1)
		l.wake.watch(waiter{wake: woken})
		position := func() uint64 {
			t.Helper()
			_, p, ok := l.frame(nil, 0, viewer{}, 48<<10)
			if !ok {
				t.Error("the log is cut")
			}
			return p
		}
		mustAppend(t, l, message("x"), time.Now())
		<-woken
		mustAppend(t, l, message("y"), time.Now())
		if p := position(); p != 1 {
			t.Errorf("they look up to %d, want 1", p)
		}
		<-woken
		if p := position(); p != 2 {
			t.Errorf("when they are told again they look up to %d, want 2", p)
		}
		l.wake.unwatch(woken)
		mustAppend(t, l, message("z"), time.Now())
		if p := position(); p != 3 {
			t.Errorf("who comes when nobody is told looks up to %d, want 3", p)
		}
	})
}

func TestReach(t *testing.T) {
	l := newLog(LogConfig{MaxEntries: 5})
	for range 20 {
		mustAppend(t, l, message("x"), start)
	}
	for position, want := range map[uint64]string{0: resetTrimmed, 14: resetTrimmed, 15: "", 20: "", 21: resetAhead} {
		if got := l.reach(l.Epoch(), position); got != want {
			t.Errorf("reach(%d) = %q, want %q", position, got, want)
		}
	}
}

func BenchmarkAppendAndRead50(b *testing.B) {
	l := newLog(LogConfig{})
	e := message(strings.Repeat("x", 200))
	var buf []byte
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		o, _ := l.Append(e, start)
		for range 50 {
			buf, _, _ = readLog(l, o-1, viewer{"s_b", "p_b"}, 48<<10)
		}
	}
	_ = fmt.Sprint(len(buf))
}

// A log deletes all that is due at once, in as many entries as it takes.
func TestAllThatIsDueIsDeletedAtOnce(t *testing.T) {
	l := newLog(LogConfig{})
	const all = 1_050
	for i := range all {
		mustAppend(t, l, Entry{Kind: EntryState, From: "p_a", Ops: []Op{set(fmt.Sprint("ttl/", i), `1`), set(fmt.Sprint("own/", i), `1`)}}, start)
	}
	if next, more := l.Expire(start.Add(defaultTTL)); more || l.state.Len() != all || l.Head() != all+11 {
		t.Errorf("%d keys are left at %d, the next is due at %v", l.state.Len(), l.Head(), next)
	}
	if l.Leave("p_a", start); l.state.Len() != 0 || l.Head() != all+22 {
		t.Errorf("%d keys are left at %d", l.state.Len(), l.Head())
	}
}

func TestForgottenTombstonesAreCounted(t *testing.T) {
	m := metrics.New()
	l := newLog(LogConfig{Metrics: m, State: StateConfig{MaxTombstones: 2}})
	for i := range 5 {
		key := fmt.Sprint("k", i)
		mustAppend(t, l, Entry{Kind: EntryState, Ops: []Op{set(key, "1"), set("kept", "1")}}, start)
		mustAppend(t, l, Entry{Kind: EntryState, Ops: []Op{del(key)}}, start)
	}
	if n := m.DroppedCount("tombstones"); n != 3 {
		t.Errorf("%v counted, want 3", n)
	}
}
