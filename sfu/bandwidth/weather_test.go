package bandwidth

import (
	"math"
	"slices"
	"testing"
	"time"
)

// wave is between 0.5 and 2.5 Mb/s, once in half a minute.
func wave(at time.Duration) float64 { return 1_500_000 + 1_000_000*math.Sin(at.Seconds()/5) }

// What a line does that is wide enough: it loses, holds up and goes away. That is no reason to send less for long.
func TestWideLines(t *testing.T) {
	const kb, wide = 1 << 10, 10_000_000
	for name, c := range map[string]struct {
		link  link
		tiles int
		hasty bool // frames go out as they come
		mute  bool // no padding can be sent
		least float64
		video float64
	}{
		"1 % loss":         {link: link{queue: 256 * kb, loss: 0.01, rate: constant(wide)}, least: 1000, video: 1600},
		"5 % loss":         {link: link{queue: 256 * kb, loss: 0.05, rate: constant(wide)}, least: 500, video: 1100},
		"15 % loss":        {link: link{queue: 256 * kb, loss: 0.15, rate: constant(wide)}, least: 100, video: 450},
		"bursts of loss":   {link: link{queue: 256 * kb, bursts: 0.01, rate: constant(wide)}, least: 200, video: 1000},
		"30 ms of jitter":  {link: link{queue: 256 * kb, jitter: 30 * ms, rate: constant(wide)}, least: 500, video: 450},
		"80 ms of jitter":  {link: link{queue: 256 * kb, jitter: 80 * ms, rate: constant(wide)}, least: 150, video: 140},
		"stalls":           {link: link{queue: 256 * kb, stalls: 400 * ms, rate: constant(wide)}, least: 300, video: 1000},
		"nothing paced":    {link: link{queue: 64 * kb, rate: constant(2_500_000)}, hasty: true, least: 500, video: 1400},
		"no padding":       {link: link{queue: 256 * kb, rate: constant(wide)}, mute: true, least: 150, video: 140},
		"a short queue":    {link: link{queue: 8 * kb, rate: constant(800_000)}, least: 500, video: 480},
		"hardly any queue": {link: link{queue: 3 * kb, rate: constant(800_000)}, least: 500, video: 480},
		"25 pictures":      {link: link{queue: 256 * kb, rate: constant(17_000_000)}, tiles: 24, least: 5000, video: 13_000},
	} {
		t.Run(name, func(t *testing.T) {
			least := spread{name: "estimate at least", unit: "kb/s"}
			video := spread{name: "video", unit: "kb/s"}
			again := spread{name: "from fall to fall", unit: "s"}
			eachSeed(func(seed uint64) {
				l := c.link
				l.delay, l.jitter = 25*ms, max(l.jitter, 5*ms)
				w := newWorld(seed, l)
				s := w.join(1)
				s.hasty, s.mute = c.hasty, c.mute
				for range c.tiles {
					s.add(640, 360)
				}
				w.run(40 * time.Second)
				least.add(slices.Min(s.estimate[50:]) / 1000)
				video.add(s.mean(20*time.Second, 40*time.Second) / 1000)
				again.add(s.tiles[0].quickest().Seconds())
			})
			least.between(t, c.least, 1e9)
			video.between(t, c.video, 1e9)
			again.between(t, 10, 1e9)
		})
	}
}

// Nothing passes for five seconds.
func TestLineThatIsCut(t *testing.T) {
	const from, to = 20 * time.Second, 25 * time.Second
	low := spread{name: "a picture after", unit: "s"}
	best := spread{name: "best layer after", unit: "s"}
	after := spread{name: "estimate after, at least", unit: "kb/s"}
	eachSeed(func(seed uint64) {
		w := newWorld(seed, link{
			queue: 256 << 10, delay: 25 * ms, jitter: 5 * ms, rate: constant(10_000_000),
			dead: func(at time.Duration) bool { return at > from && at < to },
		})
		s := w.join(1)
		worst := Unknown
		w.runWith(50*time.Second, func(now time.Duration) {
			if now > from && now < to {
				worst = max(worst, s.advice.Quality)
			}
		})
		if worst != Lost || s.advice.Quality != Good {
			t.Errorf("seed %d: in the cut the line is %v, and at the end %v", seed, worst, s.advice.Quality)
		}
		low.add(s.tiles[0].after(to, func(layer int) bool { return layer >= 0 }).Seconds())
		best.add(s.tiles[0].after(to, func(layer int) bool { return layer == 2 }).Seconds())
		after.add(slices.Min(s.estimate[250:]) / 1000)
	})
	low.between(t, 0, 1)
	after.between(t, 240, 1e9)
	best.between(t, 0, 22)
}

// Nothing passes for less than a second, as when a router picks other ports: a handful of packets, or some dozens. All that was sent
// meanwhile is lost, and says nothing about how wide the line is.
func TestLineThatIsCutForAMoment(t *testing.T) {
	const from = 15 * time.Second
	for _, cut := range []time.Duration{300 * ms, 500 * ms, 800 * ms} {
		t.Run(cut.String(), func(t *testing.T) {
			least := spread{name: "estimate after, of what it was", unit: "parts"}
			eachSeed(func(seed uint64) {
				w := newWorld(seed, link{
					queue: 256 << 10, delay: 25 * ms, jitter: 5 * ms, rate: constant(10_000_000),
					dead: func(at time.Duration) bool { return at > from && at < from+cut },
				})
				s := w.join(1)
				w.run(20 * time.Second)
				least.add(slices.Min(s.estimate[150:]) / s.estimate[149])
			})
			least.between(t, 0.9, 1e9)
		})
	}
}

// The way is another one: it is longer or shorter, and what was on the former is lost. Who says so is not taken for a queue.
func TestLineThatMoves(t *testing.T) {
	const at = 15 * time.Second
	for name, delays := range map[string][2]time.Duration{
		"longer":  {10 * ms, 250 * ms},
		"shorter": {250 * ms, 10 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			least := spread{name: "estimate after, of what it was", unit: "parts"}
			eachSeed(func(seed uint64) {
				w := newWorld(seed, link{
					queue: 256 << 10, delay: delays[0], jitter: 5 * ms, rate: constant(10_000_000),
					dead: func(now time.Duration) bool { return now > at && now < at+100*ms },
				})
				s := w.join(1)
				w.runWith(25*time.Second, func(now time.Duration) {
					if now == at+100*ms {
						w.link.delay = delays[1]
						s.line.Move(epoch.Add(now))
					}
				})
				least.add(slices.Min(s.estimate[150:]) / s.estimate[149])
			})
			least.between(t, 0.9, 1e9)
		})
	}
}
