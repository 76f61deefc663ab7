package bandwidth

import (
	"testing"
	"time"
)

const ms = time.Millisecond

// The line falls from 2 Mb/s to 300 kb/s and comes back. What is still in the queue then, 64 KB, takes 1.7 s: only when most
// of it has gone is there room for the key frame of the low layer.
func TestBottleneck(t *testing.T) {
	const falls, rises, ends = 30 * time.Second, 50 * time.Second, 90 * time.Second
	start := spread{name: "best layer from the start", unit: "s"}
	stops := spread{name: "high layer stops after the fall", unit: "s"}
	low := spread{name: "low layer flows after the fall", unit: "s"}
	best := spread{name: "best layer again", unit: "s"}
	gap := spread{name: "longest time without voice", unit: "ms"}
	again := spread{name: "from fall to fall", unit: "s"}
	eachSeed(func(seed uint64) {
		w := newWorld(seed, link{queue: 64 << 10, delay: 25 * ms, jitter: 5 * ms, rate: func(at time.Duration) float64 {
			if at >= falls && at < rises {
				return 300_000
			}
			return 2_000_000
		}})
		s := w.join(1)
		w.run(ends)
		tile := s.tiles[0]
		start.add(tile.after(0, func(layer int) bool { return layer == 2 }).Seconds())
		stops.add(tile.after(falls, func(layer int) bool { return layer < 1 }).Seconds())
		low.add(tile.after(falls, func(layer int) bool { return layer == 0 }).Seconds())
		best.add(tile.after(rises, func(layer int) bool { return layer == 2 }).Seconds())
		gap.add(s.longestGap(0, ends).Seconds() * 1000)
		again.add(tile.quickest().Seconds())
	})
	start.between(t, 0, 5)
	stops.between(t, 0, 0.6)
	low.between(t, 0, 2.5)
	best.between(t, 0, 15)
	gap.between(t, 0, 200)
	gap.mostly(t, 200)
	again.between(t, 10, 1e9)
}

func TestThinLine(t *testing.T) {
	video := spread{name: "video", unit: "kb/s"}
	gap := spread{name: "longest time without voice", unit: "ms"}
	late := spread{name: "latest voice", unit: "ms"}
	estimate := spread{name: "estimate at the end", unit: "kb/s"}
	eachSeed(func(seed uint64) {
		w := newWorld(seed, link{queue: 32 << 10, delay: 25 * ms, jitter: 5 * ms, rate: constant(300_000)})
		s := w.join(1)
		w.run(60 * time.Second)
		video.add(s.mean(10*time.Second, 60*time.Second) / 1000)
		gap.add(s.longestGap(0, 60*time.Second).Seconds() * 1000)
		late.add(s.latest.Seconds() * 1000)
		estimate.add(s.estimate[len(s.estimate)-1] / 1000)
	})
	video.between(t, 140, 160)
	gap.between(t, 0, 200)
	late.between(t, 0, 900)
	estimate.between(t, 200, 330)
}

func TestLongWay(t *testing.T) {
	start := spread{name: "best layer from the start", unit: "s"}
	late := spread{name: "latest voice", unit: "ms"}
	again := spread{name: "from fall to fall", unit: "s"}
	eachSeed(func(seed uint64) {
		w := newWorld(seed, link{queue: 128 << 10, delay: 75 * ms, jitter: 15 * ms, rate: constant(2_500_000)})
		s := w.join(1)
		w.run(60 * time.Second)
		start.add(s.tiles[0].after(0, func(layer int) bool { return layer == 2 }).Seconds())
		late.add(s.latest.Seconds() * 1000)
		again.add(s.tiles[0].quickest().Seconds())
	})
	start.between(t, 0, 12)
	late.between(t, 0, 300)
	again.between(t, 10, 1e9)
}

// A line that comes and goes slowly, as a radio does.
func TestWave(t *testing.T) {
	video := spread{name: "video", unit: "kb/s"}
	gap := spread{name: "longest time without voice", unit: "ms"}
	again := spread{name: "from fall to fall", unit: "s"}
	eachSeed(func(seed uint64) {
		w := newWorld(seed, link{queue: 96 << 10, delay: 25 * ms, jitter: 5 * ms, rate: wave})
		s := w.join(1)
		w.run(60 * time.Second)
		video.add(s.mean(10*time.Second, 60*time.Second) / 1000)
		gap.add(s.longestGap(0, 60*time.Second).Seconds() * 1000)
		again.add(s.tiles[0].quickest().Seconds())
	})
	video.between(t, 350, 1500)
	gap.between(t, 0, 200)
	again.between(t, 10, 1e9)
}
