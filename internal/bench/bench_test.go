package bench

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestLatency(t *testing.T) {
	var l, other latency
	var all []time.Duration
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 10_000 {
		d := time.Duration(rng.ExpFloat64() * float64(3*time.Millisecond))
		all = append(all, d)
		if i%2 == 0 {
			l.add(d)
		} else {
			other.add(d)
		}
	}
	l.merge(&other)
	slices.Sort(all)
	for _, q := range []float64{0, 0.5, 0.9, 0.99, 0.999} {
		want, got := all[int(q*float64(len(all)))], l.quantile(q)
		if diff := got - want; diff.Abs() > want/50+time.Microsecond {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if got := new(latency).quantile(0.5); got != 0 {
		t.Errorf("of nothing %v", got)
	}
}

func TestBuckets(t *testing.T) {
	for us := time.Duration(0); us < 1<<20; us += 1 + us/50 {
		d := us * time.Microsecond
		if m := middle(bucket(d)); (m - d).Abs() > d/60 {
			t.Fatalf("%v stands for %v", m, d)
		}
	}
	if bucket(-time.Second) != 0 {
		t.Error("a clock that went backwards has no bucket")
	}
}

func TestTally(t *testing.T) {
	for _, tt := range []struct {
		name                     string
		numbers                  []uint64
		lost, doubled, reordered uint64
	}{
		{name: "all", numbers: []uint64{0, 1, 2, 3}},
		{name: "one lost", numbers: []uint64{0, 1, 3}, lost: 1},
		{name: "none came", lost: 4},
		{name: "one twice", numbers: []uint64{0, 1, 1, 2, 3}, doubled: 1},
		{name: "one late", numbers: []uint64{0, 2, 3, 1}, reordered: 1},
		{name: "more than were counted", numbers: []uint64{0, 1, 2, 3, 4}},
	} {
		var tally tally
		for _, n := range tt.numbers {
			tally.add(n)
		}
		if tally.lost(4) != tt.lost || tally.doubled != tt.doubled || tally.reordered != tt.reordered {
			t.Errorf("%s: lost %d, doubled %d, reordered %d", tt.name, tally.lost(4), tally.doubled, tally.reordered)
		}
	}
	var broken tally
	if broken.add(1<<60) || broken.foreign != 1 || len(broken.seen) != 0 {
		t.Error("a number that cannot be was counted")
	}
}

func TestStamp(t *testing.T) {
	for _, size := range []int{MinSize, 200, 5000} {
		m := stamp(size, 7, 1<<40, -5)
		sender, number, at, err := readStamp(m)
		if len(m) != size || sender != 7 || number != 1<<40 || at != -5 || err != nil {
			t.Errorf("%d bytes: %d %d %d, %v", len(m), sender, number, at, err)
		}
	}
	for _, m := range []string{"", `"short"`, string(make([]byte, 100)), `"` + string(make([]byte, 100)) + `"`} {
		if _, _, _, err := readStamp([]byte(m)); err == nil {
			t.Errorf("%q is a message", m)
		}
	}
}

func TestProc(t *testing.T) {
	cpu, err := cpuOf([]byte("42 (a ) name) S 1 2 3 4 5 6 7 8 9 10 150 25 0 0 20 0 9 0 100 1 2"))
	if cpu != 1750*time.Millisecond || err != nil {
		t.Errorf("CPU %v, %v", cpu, err)
	}
	rss, err := rssOf([]byte("Name:\tx\nVmRSS:\t  2048 kB\nThreads:\t9\n"))
	if rss != 2<<20 || err != nil {
		t.Errorf("RSS %d, %v", rss, err)
	}
	busy, err := busyOf([]byte("cpu  100 1 200 9999 50 3 4 2 0 0\ncpu0 1 2\n"))
	if busy != 3100*time.Millisecond || err != nil {
		t.Errorf("busy %v, %v", busy, err)
	}
	folder := t.TempDir()
	for name, text := range map[string]string{"1": "1500000 7 3\n", "2": "2500000 0 1\n", "bad": "x\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	threads, err := cpuOfThreads([]string{filepath.Join(folder, "1"), filepath.Join(folder, "2")})
	if threads != 4*time.Millisecond || err != nil {
		t.Errorf("CPU of threads %v, %v", threads, err)
	}
	for _, err := range []error{
		func() error { _, err := cpuOfThreads([]string{filepath.Join(folder, "bad")}); return err }(),
		func() error { _, err := cpuOf([]byte("42 (x) S 1")); return err }(),
		func() error { _, err := rssOf([]byte("Name: x\n")); return err }(),
		func() error { _, err := rssOf([]byte("Name: x\nVmRSS:")); return err }(),
		func() error { _, err := busyOf(nil); return err }(),
	} {
		if err == nil {
			t.Error("nonsense was read")
		}
	}
}

// fakeRoom delivers after a while, and not always as it should.
type fakeRoom struct {
	delay time.Duration
	spoil func(deliver func(), n int)

	mu sync.Mutex
	// Guarded by mu.
	receive map[string]func([]byte)
	sent    int
}

type fakeSeat struct {
	room *fakeRoom
	name string
}

func (f *fakeRoom) Join(_ context.Context, name string, receive func([]byte)) (Seat, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.receive[name] = receive
	return &fakeSeat{f, name}, nil
}

func (s *fakeSeat) Send(_ context.Context, message []byte) error {
	time.AfterFunc(s.room.delay, func() {
		s.room.mu.Lock()
		defer s.room.mu.Unlock()
		s.room.sent++
		for name, receive := range s.room.receive {
			if name != s.name {
				s.room.spoil(func() { receive(message) }, s.room.sent)
			}
		}
	})
	return nil
}

func (s *fakeSeat) Leave() {}

func TestRun(t *testing.T) {
	for _, tt := range []struct {
		name  string
		rate  float64
		spoil func(deliver func(), n int)
		check func(r *Report) bool
	}{
		{
			name: "throttled", rate: 50, spoil: func(deliver func(), _ int) { deliver() },
			check: func(r *Report) bool {
				return r.Delivered >= 2950 && r.Delivered <= 3050 && r.Lost+r.Doubled+r.Reordered+r.Wrong == 0
			},
		},
		{
			name: "as fast as they arrive", spoil: func(deliver func(), _ int) { deliver() },
			// 8 on their way for 5 ms each, 2 senders, 3 readers, 10 s
			check: func(r *Report) bool {
				return r.Delivered > 90_000 && r.Delivered <= 96_100 && r.Lost+r.Doubled == 0
			},
		},
		{
			name: "one lost, one doubled", rate: 50,
			spoil: func(deliver func(), n int) {
				if n != 30 {
					deliver()
				}
				if n == 40 {
					deliver()
				}
			},
			check: func(r *Report) bool { return r.Lost == 3 && r.Doubled == 3 },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				room := &fakeRoom{delay: 5 * time.Millisecond, spoil: tt.spoil, receive: map[string]func([]byte){}}
				r, err := Run(t.Context(), room, Load{
					Readers: 3, Senders: 2, Rate: tt.rate, Window: 8, Size: 200, Warmup: 2 * time.Second, Duration: 10 * time.Second,
				})
				if err != nil {
					t.Fatal(err)
				}
				if !tt.check(r) || r.Seconds != 10 || r.LatencyMs.P50 < 4.9 || r.LatencyMs.P99 > 5.1 {
					t.Errorf("report %+v", r)
				}
			})
		})
	}
}
