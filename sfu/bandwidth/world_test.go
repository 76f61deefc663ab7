package bandwidth

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// go test ./sfu/bandwidth -run Bottleneck -v -story -seed 3 prints what happens, every half second or -each.
var (
	story     = flag.Bool("story", false, "print what happens in the simulation")
	storyEach = flag.Duration("each", 500*time.Millisecond, "how often")
	storySeed = flag.Uint64("seed", 0, "of the story")
	manySeeds = flag.Uint64("seeds", seeds, "how many, for figures")
)

// world is what happens on one line.
type world struct {
	rng   *rand.Rand
	link  *link
	subs  []*subscriber
	other *download
}

func newWorld(seed uint64, l link) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 17))}
	l.rng = w.rng
	w.link = &l
	w.other = &download{link: w.link}
	return w
}

func (w *world) join(tiles int) *subscriber {
	s := newSubscriber(w.rng, w.link, tiles)
	w.subs = append(w.subs, s)
	return s
}

func (w *world) run(span time.Duration) { w.runWith(span, func(time.Duration) {}) }

// runWith calls each at every millisecond.
func (w *world) runWith(span time.Duration, each func(now time.Duration)) {
	for now := time.Duration(0); now < span; now += time.Millisecond {
		each(now)
		for _, s := range w.subs {
			s.run(now)
		}
		w.other.run(now)
		w.link.run(now)
		if *story && now%*storyEach == 0 {
			w.print(now)
		}
	}
}

func (w *world) print(now time.Duration) {
	for i, s := range w.subs {
		f := s.line.Figures()
		var shown []int
		for _, t := range s.tiles {
			shown = append(shown, t.flows)
		}
		queue := time.Duration(float64(w.link.bytes*8) / w.link.rate(now) * float64(time.Second))
		fmt.Printf("%6.2fs %d shows %v wants %4d: estimate %4d acked %4d loss %2.0f%% own %2.0f%% trip %3d queue %4d (true %4d) %-8s full %-5v probes %d/%d %s\n",
			now.Seconds(), i, shown, s.want/1000, f.Estimate/1000, f.Acked/1000, f.Loss*100, f.Own*100,
			f.RoundTrip.Milliseconds(), f.Queue.Milliseconds(), queue.Milliseconds(), f.Usage, f.Full, f.Raised, f.Probes,
			s.advice.Quality)
	}
}

func eachSeed(f func(seed uint64)) {
	if *story {
		f(*storySeed)
		return
	}
	for seed := range *manySeeds {
		f(seed)
	}
}

func constant(bits float64) func(time.Duration) float64 {
	return func(time.Duration) float64 { return bits }
}

// spread are the values of a figure over all seeds.
type spread struct {
	name, unit string
	values     []float64
}

func (s *spread) add(v float64) { s.values = append(s.values, v) }

func (s *spread) part(of float64) float64 {
	sorted := slices.Sorted(slices.Values(s.values))
	return sorted[min(int(of*float64(len(sorted))), len(sorted)-1)]
}

// between fails the test if not all values are, and says what they were.
func (s *spread) between(t *testing.T, least, most float64) {
	t.Helper()
	t.Logf("%s: %.3g to %.3g %s, median %.3g, nine of ten below %.3g", s.name, s.part(0), s.part(1), s.unit, s.part(0.5), s.part(0.9))
	if s.part(0) < least || s.part(1) > most {
		t.Errorf("%s is not always between %.3g and %.3g %s", s.name, least, most, s.unit)
	}
}

// mostly fails the test if more than one in ten values are above.
func (s *spread) mostly(t *testing.T, most float64) {
	t.Helper()
	if s.part(0.9) > most {
		t.Errorf("nine of ten of %s are below %.3g %s, not %.3g", s.name, s.part(0.9), s.unit, most)
	}
}
