package bandwidth

import (
	"encoding/binary"
	"testing"
	"time"
)

// A browser that never reports: what is known stays what was taken for granted.
func TestLineOfWhichNothingIsHeard(t *testing.T) {
	l := New(Config{}, epoch)
	for i := range 10_000 {
		l.Sent(1000, Video, epoch.Add(time.Duration(i)*5*ms))
	}
	if w := l.Wait(epoch.Add(50 * time.Second)); w != 0 {
		t.Errorf("pictures wait for %v", w)
	}
	a := l.Tick(epoch.Add(time.Minute), 5_000_000)
	if a.Video != 600_000 || a.Padding != 0 || a.Quality != Unknown || a.Full {
		t.Errorf("the advice is %+v", a)
	}
}

// The last packet before a pause is lost, and nothing more is sent: that is not the browser's silence.
func TestLineThatRests(t *testing.T) {
	l := New(Config{}, epoch)
	l.Sent(1000, Video, epoch)
	l.Feedback(feedback(t, 0, 0)[0], epoch.Add(50*ms))
	l.Sent(1000, Video, epoch.Add(60*ms))
	for at := time.Second; at < 20*time.Second; at += 200 * ms {
		l.Tick(epoch.Add(at), 0)
	}
	if f := l.Figures(); f.Silences > 0 || f.Estimate != 600_000 || l.opinion.said == Lost {
		t.Errorf("figures are %+v", f)
	}
}

// Audio goes first, and what is sent again second, up to a part.
func TestLinePutsAsideWhatGoesFirst(t *testing.T) {
	l := New(Config{Start: 1_000_000}, epoch)
	now := epoch
	for range 200 {
		now = now.Add(10 * ms)
		l.Sent(125, Audio, now) // 100 kb/s
		l.Sent(125, Repeat, now)
	}
	if got := l.Tick(now, 0).Video; got < 790_000 || got > 810_000 {
		t.Errorf("%d for pictures", got)
	}
	for range 200 {
		now = now.Add(10 * ms)
		l.Sent(1250, Repeat, now) // as much as there is
	}
	if got := l.Tick(now, 0).Video; got < 790_000 {
		t.Errorf("%d for pictures: what is lost takes them away", got)
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   Config
	}{
		{Config{}, Config{600_000, 30_000, 20_000_000}},
		{Config{Most: 100_000}, Config{100_000, 30_000, 100_000}},
		{Config{Start: 1, Least: 50_000, Most: 1}, Config{50_000, 50_000, 50_000}},
	} {
		if got := c.config.withDefaults(); got != c.want {
			t.Errorf("%+v is %+v", c.config, got)
		}
	}
}

func TestOpinion(t *testing.T) {
	good := signs{heard: true, roundTrip: 50 * ms, estimate: 2e6}
	with := func(f func(*signs)) signs { s := good; f(&s); return s }
	lossy := with(func(s *signs) { s.loss = 0.08 })
	far := with(func(s *signs) { s.roundTrip = 600 * ms })
	queued := with(func(s *signs) { s.queue = 250 * ms })
	thin := with(func(s *signs) { s.want = 6e6 })
	enough := with(func(s *signs) { s.want = 4e6 })
	silent := with(func(s *signs) { s.silent = 5 * time.Second })

	var o opinion
	at := time.Duration(0)
	for i, c := range []struct {
		signs signs
		after time.Duration // of these signs
		want  Quality
	}{
		{signs{}, time.Second, Unknown},
		{good, 0, Good},
		{lossy, 2 * time.Second, Good}, // it may pass
		{good, time.Second, Good},
		{lossy, 2 * time.Second, Good},
		{lossy, 2 * time.Second, Poor},
		{good, 4 * time.Second, Poor}, // and so may that
		{far, time.Second, Poor},
		{good, 4 * time.Second, Poor},
		{good, 2 * time.Second, Good},
		{queued, 4 * time.Second, Poor},
		{enough, 6 * time.Second, Good},
		{thin, 4 * time.Second, Poor},
		{silent, 0, Lost}, // the silence was the wait
		{good, 0, Poor},   // whoever is back is not well at once
		{good, 4 * time.Second, Poor},
		{good, 2 * time.Second, Good},
	} {
		var got Quality
		for end := at + c.after; at <= end; at += 200 * ms {
			got = o.update(c.signs, at)
		}
		if got != c.want {
			t.Errorf("step %d: %v, want %v", i, got, c.want)
		}
	}
}

// load is a line with 250 packets a second and a report on each 25 of them.
type load struct {
	line *Line
	now  time.Time
	sent uint16
	fb   []byte
}

func newLoad(t testing.TB) *load {
	arrivals := make([]time.Duration, 25)
	for i := range arrivals {
		arrivals[i] = time.Duration(i) * 4 * ms
	}
	arrivals[7] = never
	return &load{line: New(Config{}, epoch), now: epoch, fb: feedback(t, 0, arrivals...)[0]}
}

func (l *load) send() {
	l.now = l.now.Add(4 * ms)
	l.line.Wait(l.now)
	l.sent = l.line.Sent(1200, Video, l.now)
}

func (l *load) report() {
	binary.BigEndian.PutUint16(l.fb[12:], l.sent-24)
	binary.BigEndian.PutUint32(l.fb[16:], uint32(l.now.Sub(epoch)/referenceUnit+1000)<<8)
	l.line.Feedback(l.fb, l.now)
}

func TestNothingAllocates(t *testing.T) {
	l := newLoad(t)
	round := func() {
		for range 25 {
			l.send()
		}
		l.report()
		if a := l.line.Tick(l.now, 3_000_000); a.Padding > 0 {
			l.line.Sent(a.Padding, Padding, l.now)
		}
	}
	for range 50 {
		round()
	}
	if n := testing.AllocsPerRun(200, round); n != 0 {
		t.Errorf("%v allocations for 25 packets and their report", n)
	}
	if l.line.Figures().Acked == 0 {
		t.Error("nothing arrived")
	}
}

func BenchmarkSent(b *testing.B) {
	l := newLoad(b)
	for b.Loop() {
		l.send()
	}
}

// BenchmarkFeedback is for a report on 25 packets, and those packets.
func BenchmarkFeedback(b *testing.B) {
	l := newLoad(b)
	for b.Loop() {
		for range 25 {
			l.send()
		}
		l.report()
	}
}

func BenchmarkTick(b *testing.B) {
	l := newLoad(b)
	for range 25 {
		l.send()
	}
	l.report()
	for b.Loop() {
		l.now = l.now.Add(200 * ms)
		l.line.Tick(l.now, 0)
	}
}

// BenchmarkShare is for a page of 25.
func BenchmarkShare(b *testing.B) {
	demands := make([]Demand, 25)
	for i := range demands {
		demands[i] = Demand{Width: 320, Height: 180}
		for _, l := range layers {
			demands[i].Options = append(demands[i].Options, Option{l.width, l.height, int(l.bits), true})
		}
	}
	var choices []Choice
	b.ReportAllocs()
	for b.Loop() {
		choices, _ = Share(epoch, 5_000_000, demands, choices)
	}
}
