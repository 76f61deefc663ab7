package bandwidth

import (
	"testing"
	"time"
)

// Two on one line, each with six places: what all of them would take is twice the line. Steps are of 350 kb/s.
func TestTwoOnOneLine(t *testing.T) {
	ratio := spread{name: "video of one to that of the other", unit: "times"}
	sum := spread{name: "video of both", unit: "kb/s"}
	late := spread{name: "latest voice", unit: "ms"}
	eachSeed(func(seed uint64) {
		w := newWorld(seed, link{queue: 96 << 10, delay: 25 * ms, jitter: 5 * ms, rate: constant(3_000_000)})
		for range 2 {
			s := w.join(0)
			for range 6 {
				s.add(640, 360)
			}
		}
		w.run(120 * time.Second)
		a, b := w.subs[0].mean(30*time.Second, 120*time.Second), w.subs[1].mean(30*time.Second, 120*time.Second)
		ratio.add(max(a/b, b/a))
		sum.add((a + b) / 1000)
		late.add(max(w.subs[0].latest, w.subs[1].latest).Seconds() * 1000)
	})
	ratio.between(t, 1, 2.3)
	ratio.mostly(t, 1.6)
	sum.between(t, 2100, 3000)
	late.between(t, 0, 500)
}

// One place each, and steps of 350 and 1200 kb/s: one of them can have the best layer, and the other is not starved.
func TestTwoWithOnePicture(t *testing.T) {
	least := spread{name: "video of the one with less", unit: "kb/s"}
	estimates := spread{name: "estimate of one to that of the other", unit: "times"}
	again := spread{name: "from fall to fall", unit: "s"}
	eachSeed(func(seed uint64) {
		w := newWorld(seed, link{queue: 96 << 10, delay: 25 * ms, jitter: 5 * ms, rate: constant(3_000_000)})
		a, b := w.join(1), w.join(1)
		w.run(90 * time.Second)
		least.add(min(a.mean(30*time.Second, 90*time.Second), b.mean(30*time.Second, 90*time.Second)) / 1000)
		x, y := mean(a.estimate[300:]), mean(b.estimate[300:])
		estimates.add(max(x/y, y/x))
		again.add(min(a.tiles[0].quickest(), b.tiles[0].quickest()).Seconds())
	})
	least.between(t, 300, 3000)
	estimates.between(t, 1, 2.5)
	estimates.mostly(t, 2)
	again.between(t, 10, 1e9)
}

// Somebody comes to a line that one has for himself.
func TestLatecomer(t *testing.T) {
	ratio := spread{name: "video of the first to that of the latecomer", unit: "times"}
	eachSeed(func(seed uint64) {
		w := newWorld(seed, link{queue: 96 << 10, delay: 25 * ms, jitter: 5 * ms, rate: constant(3_000_000)})
		for range 2 {
			s := w.join(0)
			for range 6 {
				s.add(640, 360)
			}
		}
		w.subs[1].joins(20 * time.Second)
		w.run(140 * time.Second)
		ratio.add(w.subs[0].mean(50*time.Second, 140*time.Second) / w.subs[1].mean(50*time.Second, 140*time.Second))
	})
	ratio.between(t, 0.4, 2.5)
	ratio.mostly(t, 1.6)
}

// Files come over the same line by TCP, a megabyte each.
func TestDownloads(t *testing.T) {
	gap := spread{name: "longest time without voice", unit: "ms"}
	late := spread{name: "latest voice", unit: "ms"}
	video := spread{name: "video meanwhile", unit: "kb/s"}
	best := spread{name: "best layer after the last", unit: "s"}
	eachSeed(func(seed uint64) {
		w := newWorld(seed, link{queue: 64 << 10, delay: 25 * ms, jitter: 5 * ms, rate: constant(3_000_000)})
		s := w.join(1)
		done := time.Duration(0)
		w.runWith(90*time.Second, func(now time.Duration) {
			if now == 20*time.Second || now == 32*time.Second || now == 45*time.Second {
				w.other.begin(1_000_000)
			}
			if now > 45*time.Second && w.other.left > 0 {
				done = now
			}
		})
		gap.add(s.longestGap(0, 90*time.Second).Seconds() * 1000)
		late.add(s.latest.Seconds() * 1000)
		video.add(s.mean(20*time.Second, 50*time.Second) / 1000)
		best.add(s.tiles[0].after(done, func(layer int) bool { return layer == 2 }).Seconds())
	})
	gap.between(t, 0, 200)
	late.between(t, 0, 300)
	video.between(t, 30, 3000)
	best.between(t, 0, 25)
}

func mean(values []float64) (m float64) {
	for _, v := range values {
		m += v / float64(len(values))
	}
	return m
}
