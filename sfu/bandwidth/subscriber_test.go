package bandwidth

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
)

// subscriber is a browser at the end of a simulated line, and the server's part for it: it hears one voice and has some
// places for pictures, each sent by a publisher in three layers.
type subscriber struct {
	rng     *rand.Rand
	link    *link
	line    *Line
	control controller // line, or what it is compared with
	tiles   []*tile
	unpaced

	recorder *twcc.Recorder
	reportAt time.Duration
	reports  fifo[report]
	skew     time.Duration // of the browser's clock
	mute     bool          // no padding
	hasty    bool          // nothing is paced
	sentAt   time.Duration
	paced    time.Duration // the longest wait for that

	voiceAt  time.Duration
	tickAt   time.Duration
	shareAt  time.Duration
	again    fifo[again]
	demands  []Demand
	choices  []Choice
	want     int
	advice   Advice
	reported bool // a report has lowered the estimate

	// What is measured.
	heardAt  time.Duration // the last voice
	gaps     []gap
	carried  []int // bytes of video in each second
	latest   time.Duration
	voices   int
	estimate []float64 // each 100 ms
	sampleAt time.Duration
}

type report struct {
	at time.Duration
	fb []byte
}

type again struct {
	at time.Duration
	parcel
}

type gap struct{ at, long time.Duration }

// controller is what Line is to a server.
type controller interface {
	Sent(size int, kind Kind, now time.Time) uint16
	Wait(now time.Time) time.Duration
	Feedback(report []byte, now time.Time) bool
	Tick(now time.Time, want int) Advice
}

// unpaced are packets on their way from publishers.
type unpaced struct{ out fifo[parcel] }

// change is what a tile shows from then on: a layer or Paused.
type change struct {
	at    time.Duration
	layer int
}

// tile is one picture.
type tile struct {
	sub    *subscriber
	demand Demand
	from   time.Duration // when somebody wants it

	flows   int // a layer or Paused
	aims    int
	keyAt   time.Duration // when the key frame of aims is there
	frameAt time.Duration
	debt    [3]float64 // bytes of key frames that are still to be saved
	rates   [3]float64
	changes []change
	aimed   []change // what it was to show, without what it shows until that is there
}

var layers = [3]struct {
	width, height int
	bits          float64
}{{320, 180, 150_000}, {640, 360, 500_000}, {1280, 720, 1_700_000}}

const (
	framesASecond = 30
	keyframeSize  = 6         // times the others
	publisherPace = 6_000_000 // bits a second
	measuredOver  = 3         // seconds, of the bit rate of an option
)

var epoch = time.Unix(1_000_000, 0)

func newSubscriber(rng *rand.Rand, l *link, tiles int) *subscriber {
	s := &subscriber{
		rng: rng, link: l, line: New(Config{}, epoch),
		recorder: twcc.NewRecorder(1), skew: time.Duration(rng.IntN(1000)) * time.Second,
		voiceAt: time.Duration(rng.IntN(20)) * time.Millisecond,
	}
	s.control = s.line
	for range tiles {
		s.add(1280, 720)
	}
	return s
}

func (s *subscriber) add(width, height int) *tile {
	t := &tile{
		sub: s, flows: Paused, aims: Paused, frameAt: time.Duration(s.rng.IntN(33)) * time.Millisecond,
		demand: Demand{Width: width, Height: height},
	}
	for i := range layers {
		t.rates[i] = layers[i].bits
	}
	s.tiles = append(s.tiles, t)
	return t
}

// joins lets the subscriber be there only from then on.
func (s *subscriber) joins(at time.Duration) {
	s.voiceAt, s.reportAt, s.tickAt, s.shareAt, s.sampleAt = at+s.voiceAt, at, at, at, at
	for _, t := range s.tiles {
		t.from = at
	}
}

func (s *subscriber) run(now time.Duration) {
	for ; s.voiceAt <= now; s.voiceAt += 20 * time.Millisecond {
		s.send(parcel{size: 80, kind: Audio, at: s.voiceAt})
	}
	for _, t := range s.tiles {
		t.run(now)
	}
	for s.again.len() > 0 && s.again.head().at <= now {
		p := s.again.pop().parcel
		p.at, p.kind = now, Repeat
		p.repeats++
		if !s.advice.Full {
			s.out.push(p)
		}
	}
	for s.out.len() > 0 && s.out.head().at <= now {
		p := *s.out.head()
		waits := now - p.at
		if !s.hasty && waits < 250*time.Millisecond && s.control.Wait(epoch.Add(now)) > 0 {
			break
		}
		s.out.pop()
		s.paced = max(s.paced, waits)
		if p.tile != nil && p.tile.flows == Paused {
			continue // stopped at once
		}
		p.at = max(p.at, s.sentAt)
		if waits > 2*time.Millisecond {
			p.at = now
		}
		s.send(p)
	}
	if s.reportAt <= now {
		s.report(now)
	}
	for s.reports.len() > 0 && s.reports.head().at <= now {
		if s.control.Feedback(s.reports.pop().fb, epoch.Add(now)) {
			s.reported = true
		}
	}
	if s.tickAt <= now || s.reported {
		s.tick(now)
	}
	if s.sampleAt <= now {
		s.estimate = append(s.estimate, s.line.rate.bits)
		s.sampleAt += 100 * time.Millisecond
	}
}

func (s *subscriber) send(p parcel) {
	p.to = s
	p.number = s.control.Sent(p.size, p.kind, epoch.Add(p.at))
	s.sentAt = p.at
	s.link.offer(p)
}

func (s *subscriber) arrives(p parcel, at time.Duration) {
	s.recorder.Record(1, p.number, int64((at+s.skew)/time.Microsecond)+int64(at/time.Microsecond)/20_000) // 50 ppm
	switch p.kind {
	case Audio:
		if s.voices > 0 && at-s.heardAt > 100*time.Millisecond {
			s.gaps = append(s.gaps, gap{at, at - s.heardAt})
		}
		s.voices++
		s.heardAt = at
		s.latest = max(s.latest, at-p.at)
	case Video, Repeat:
		for int(at/time.Second) >= len(s.carried) {
			s.carried = append(s.carried, 0)
		}
		s.carried[int(at/time.Second)] += p.size
	}
}

// loses asks for video again, after the time it takes a browser to notice.
func (s *subscriber) loses(p parcel, at time.Duration) {
	if p.kind != Audio && p.kind != Padding && p.repeats < 3 {
		wait := 2*s.link.delay + 30*time.Millisecond
		if p.repeats > 0 {
			wait += 50 * time.Millisecond
		}
		s.again.push(again{at: max(at, s.link.free) + wait, parcel: p})
	}
}

func (s *subscriber) report(now time.Duration) {
	s.reportAt = now + time.Duration(50+s.rng.IntN(50))*time.Millisecond
	for _, p := range s.recorder.BuildFeedbackPacket() {
		if fb, err := p.Marshal(); err == nil && (s.link.loss == 0 || s.rng.Float64() >= s.link.loss) &&
			(s.link.dead == nil || !s.link.dead(now)) {
			s.reports.push(report{now + s.link.delay, fb})
		}
	}
}

func (s *subscriber) tick(now time.Duration) {
	wasFull := s.advice.Full
	s.advice = s.control.Tick(epoch.Add(now), s.want)
	s.tickAt = now + s.advice.Again
	if wasFull && !s.advice.Full {
		for _, t := range s.tiles { // key frames are asked for when there is room for them
			t.keyAt = max(t.keyAt, now+time.Duration(80+s.rng.IntN(120))*time.Millisecond)
		}
	}
	if n := s.advice.Padding; n > 0 && !s.mute {
		for ; n > 0; n -= 1200 {
			s.send(parcel{size: min(n, 1200), kind: Padding, at: now})
		}
	}
	if s.shareAt > now && !s.reported {
		return
	}
	s.shareAt, s.reported = now+200*time.Millisecond, false
	s.demands = s.demands[:0]
	var wanted []*tile
	for _, t := range s.tiles {
		if t.from > now {
			continue
		}
		t.demand.Options = t.demand.Options[:0]
		for i, l := range layers {
			t.demand.Options = append(t.demand.Options, Option{l.width, l.height, int(t.rates[i]), true})
		}
		s.demands = append(s.demands, t.demand)
		wanted = append(wanted, t)
	}
	s.choices, s.want = Share(epoch.Add(now), s.advice.Video, s.demands, s.choices)
	for i, t := range wanted {
		t.demand.Past.Take(s.choices[i], epoch.Add(now))
		t.aim(s.choices[i].Show, now)
	}
}

func (t *tile) aim(layer int, now time.Duration) {
	if layer != t.aims {
		t.aims = layer
		t.aimed = append(t.aimed, change{now, layer})
		t.keyAt = now + time.Duration(80+t.sub.rng.IntN(120))*time.Millisecond // to the publisher and back
	}
	if layer == Paused || layer < t.flows && t.sub.advice.Full {
		t.show(Paused, now)
	}
}

func (t *tile) show(layer int, now time.Duration) {
	if t.flows != layer {
		t.flows = layer
		t.changes = append(t.changes, change{now, layer})
	}
}

// run makes the frames that are due.
func (t *tile) run(now time.Duration) {
	for ; t.frameAt <= now; t.frameAt += time.Second / framesASecond {
		key := t.aims != t.flows && t.aims != Paused && t.frameAt >= t.keyAt && !t.sub.advice.Full
		if key {
			t.show(t.aims, now)
		}
		for i := range layers {
			size := t.frame(i, key && i == t.flows)
			t.rates[i] += (size*8*framesASecond - t.rates[i]) / (measuredOver * framesASecond)
			if i == t.flows {
				t.send(int(size))
			}
		}
	}
}

// frame is the size of the next: none is like the other, and what a key frame cost is saved at those after it.
func (t *tile) frame(layer int, key bool) float64 {
	size := layers[layer].bits / 8 / framesASecond
	if key {
		t.debt[layer] += (keyframeSize - 1) * size
		return keyframeSize * size
	}
	saved := min(t.debt[layer], 0.3*size)
	t.debt[layer] -= saved
	return (size - saved) * math.Exp(0.25*t.sub.rng.NormFloat64()-0.03)
}

func (t *tile) send(size int) {
	at := t.frameAt
	for ; size > 0; size -= 1200 {
		n := min(size, 1200)
		t.sub.out.push(parcel{size: max(n, 60), kind: Video, at: at, tile: t})
		at += time.Duration(float64(n*8) / publisherPace * float64(time.Second))
	}
}

// at is the layer that flows at a time.
func (t *tile) at(when time.Duration) int {
	layer := Paused
	for _, c := range t.changes {
		if c.at > when {
			break
		}
		layer = c.layer
	}
	return layer
}

// mean is what was carried of video in a span, in bits a second.
func (s *subscriber) mean(from, to time.Duration) float64 {
	bytes := 0
	for i := int(from / time.Second); i < int(to/time.Second) && i < len(s.carried); i++ {
		bytes += s.carried[i]
	}
	return float64(bytes) * 8 / (to - from).Seconds()
}

// longestGap is the longest time without voice in a span.
func (s *subscriber) longestGap(from, to time.Duration) (long time.Duration) {
	for _, g := range s.gaps {
		if g.at >= from && g.at < to {
			long = max(long, g.long)
		}
	}
	return long
}

// after is how long it takes from a moment on until something is so.
func (t *tile) after(from time.Duration, is func(layer int) bool) time.Duration {
	if is(t.at(from)) {
		return 0
	}
	for _, c := range t.changes {
		if c.at > from && is(c.layer) {
			return c.at - from
		}
	}
	return time.Hour
}

// quickest is the shortest time from one fall to the next with a rise between.
func (t *tile) quickest() time.Duration {
	quickest := time.Hour
	var fell time.Duration
	rose := false
	for i := 1; i < len(t.aimed); i++ {
		c := t.aimed[i]
		if c.layer > t.aimed[i-1].layer {
			rose = true
			continue
		}
		if rose && fell > 0 {
			quickest = min(quickest, c.at-fell)
		}
		fell, rose = c.at, false
	}
	return quickest
}
