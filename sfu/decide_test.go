package sfu

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/parlorhq/parlor/internal/simnet"
	"github.com/parlorhq/parlor/sfu/bandwidth"
)

// viewer is a peer without a connection that is shown so many tracks in three encodings.
func viewer(slots int, now time.Time) *Peer {
	p := &Peer{connected: true, order: map[*Track]int{}, wake: make(chan struct{}, 1), engine: &Engine{}}
	p.line = newLine(&p.engine.counts, func(string) {})
	for i := range slots {
		track := newTrack("0", Video, "video/VP8", "")
		track.Describe(1280, 720, []Encoding{{"q", 4}, {"h", 2}, {"f", 1}})
		for k, rid := range rids {
			l := newLayer(track, &nobody{}, uint32(k+1), 100, extensionIDs{})
			l.rid = rid
			feed(l, now, true, map[tier]float64{0: float64(int(100_000) << (2 * k)), 1: 50_000})
			track.add(l, 3)
		}
		s := boundSlot(Video, &discard{})
		s.track, s.flowing = track, true
		p.slots = append(p.slots, s)
		p.wishes = append(p.wishes, Wish{Track: track, Height: []int{90, 250, 720}[i%3]})
		p.order[track] = i
	}
	return p
}

func TestDecisions(t *testing.T) {
	now := time.Unix(1000, 0)
	p := viewer(3, now)
	p.decideLocked(now)
	for i, s := range p.slots {
		if got := s.source; got == nil || got.rid != rids[i] || s.forward.selection.aim != top {
			t.Errorf("slot %d is not aimed at %s", i, rids[i])
		}
	}
	if want := now.Add(decideEvery); p.decision.at != want {
		t.Errorf("looks again at %v", p.decision.at)
	}
	if at := p.decide(now.Add(decideEvery / 2)); at != now.Add(decideEvery) {
		t.Errorf("looked too soon, and again at %v", at)
	}
	if at := p.decide(now.Add(decideEvery)); at != now.Add(2*decideEvery) {
		t.Errorf("did not look, but at %v", at)
	}
	for _, s := range p.slots {
		s.flowing = false
	}
	if p.decideLocked(now); !p.decision.at.IsZero() {
		t.Error("looks again, though nothing can be sent")
	}
}

// A track of which nothing is left is neither sent nor paused.
func TestDecisionsOnNothing(t *testing.T) {
	now := time.Unix(1000, 0)
	p := viewer(1, now)
	p.slots[0].track.layers = nil
	p.decideLocked(now)
	if p.slots[0].paused || p.slots[0].source != nil {
		t.Error("something is decided of nothing")
	}
}

func TestPausedSlotsAreCounted(t *testing.T) {
	now := time.Unix(1000, 0)
	p := viewer(1, now)
	s := p.slots[0]
	s.pause(true)
	s.pause(true)
	if n := s.counts.paused.Load(); n != 1 || !p.bindingsLocked()[0].Paused {
		t.Errorf("%d paused", n)
	}
	rev := p.rev
	if p.decideLocked(now); s.paused || s.counts.paused.Load() != 0 || p.rev != rev+1 {
		t.Errorf("still paused, or nobody is told: %d after %d", p.rev, rev)
	}
	s.pause(true)
	if s.leave(); s.counts.paused.Load() != 0 {
		t.Error("a slot that shows nothing is paused")
	}
}

func TestDecisionsAllocateNothing(t *testing.T) {
	now := time.Unix(1000, 0)
	p := viewer(25, now)
	p.decideLocked(now)
	if n := testing.AllocsPerRun(100, func() { p.decideLocked(now) }); n > 1 { // what choose returns
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkDecide is a look at 25 tiles that changes nothing, as there are five a second.
func BenchmarkDecide(b *testing.B) {
	now := time.Unix(1000, 0)
	p := viewer(25, now)
	b.ReportAllocs()
	for b.Loop() {
		p.decideLocked(now)
	}
}

// TestPlaces is what is shown where there is room for everything.
func TestPlaces(t *testing.T) {
	layers := []*layer{{rid: "q"}, {rid: "h"}, {rid: "f"}}
	var options []option
	for i, l := range layers {
		for temporal := range uint8(2) {
			options = append(options, option{
				target: target{layer: l, temporal: temporal}, width: 320 << i, height: 180 << i, bitrate: 100<<i + int(temporal),
			})
		}
	}
	pick := func(wishes ...Wish) string {
		d := decision{slots: make([]*slot, len(wishes))}
		for _, w := range wishes {
			d.demand(&slot{}, w, options)
		}
		choices, _ := bandwidth.Share(time.Time{}, math.MaxInt, d.demands, nil)
		out := map[string]bool{}
		for _, c := range choices {
			o := options[c.Option]
			out[o.target.layer.rid+string(rune('0'+o.target.temporal))] = true
		}
		return strings.Join(slices.Sorted(maps.Keys(out)), " ")
	}
	tests := []struct {
		width, height int
		want          string
	}{
		{0, 0, "f1"},
		{320, 180, "q1"},
		{321, 181, "q1"},
		{400, 225, "h1"},
		{0, 360, "h1"},
		{640, 361, "h1"},
		{1000, 500, "f1"},
		{4000, 4000, "f1"},
		{200, 2000, "q1"}, // a narrow place shows it whole, and small
		{2000, 100, "q1"},
		{1, 1, "q1"},
	}
	for _, c := range tests {
		if got := pick(Wish{Width: c.width, Height: c.height}); got != c.want {
			t.Errorf("%dx%d: %s, want %s", c.width, c.height, got, c.want)
		}
	}
	// Places of which nothing is known share a page.
	for n, want := range map[int]string{1: "f1", 4: "h1", 5: "h1", 16: "q1", 100: "q1"} {
		if got := pick(make([]Wish, n)...); got != want {
			t.Errorf("one of %d: %s, want %s", n, got, want)
		}
	}
}

func TestApproach(t *testing.T) {
	layers := []*layer{{rid: "q"}, {rid: "h"}, {rid: "f"}}
	tests := []struct {
		name   string
		live   string
		flows  string
		chosen string
		waited time.Duration
		want   string
	}{
		{"what comes", "qhf", "", "f", 0, "f"},
		{"what does not come yet is waited for", "qh", "h", "f", 0, "f"},
		{"for want of anything", "qh", "", "f", 0, "h"},
		{"for want of anything smaller", "f", "", "h", 0, "f"},
		{"what flowed has ended", "qh", "f", "f", 0, "h"},
		{"what flowed has ended, and a larger one comes", "hf", "q", "q", 0, "h"},
		{"nothing comes", "", "", "h", 0, "h"},
		{"nothing comes any more", "", "q", "h", 0, "h"},
		{"nothing comes for some time", "", "f", "f", dryPatience, "h"},
		{"nor does the next", "", "f", "f", 2 * dryPatience, "q"},
		{"nor any", "", "f", "f", 3 * dryPatience, "f"},
		{"waits for long", "q", "q", "f", patience, "h"},
		{"waits for longer", "q", "q", "f", 2 * patience, "f"},
		{"waits, and there is none between", "qh", "h", "f", patience, "f"},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			var options []option
			var flows target
			chosen := -1
			for i, l := range layers {
				o := option{target: target{layer: l}, height: 180 << i, bitrate: 100 << i}
				for _, rid := range c.live {
					o.live = o.live || l.rid == string(rid)
				}
				if l.rid == c.flows {
					flows = o.target
				}
				if l.rid == c.chosen {
					chosen = i
				}
				options = append(options, o)
			}
			if got := approach(options, chosen, flows, c.waited).layer.rid; got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// Nobody who is shown no video is woken for it.
func TestBubbleNothingToDecide(t *testing.T) {
	bubble(t, func(t *testing.T, n *simnet.Network, h *house) {
		ada := h.browser(browserOptions{net: n.Host(adaIP)})
		mic, cam := ada.publish(opusMime), ada.publish(vp8Mime)
		ada.join()
		defer mic.stream("mic", 20*time.Millisecond)()
		defer cam.stream("cam", 33*time.Millisecond)()
		ben := h.browser(browserOptions{net: n.Host(benIP)})
		ben.pool(webrtc.RTPCodecTypeAudio, 1)
		ben.pool(webrtc.RTPCodecTypeVideo, 1)
		ben.join()
		eventually(t, "tracks", func() bool { return len(ada.told.tracks()) == 2 })
		decides := func() bool {
			ben.peer.mu.Lock()
			defer ben.peer.mu.Unlock()
			return !ben.peer.decision.at.IsZero()
		}
		ben.see(ada.told.tracks()...)
		eventually(t, "media", func() bool { return len(ben.got("0")) > 5 && len(ben.got("1")) > 5 })
		if !decides() {
			t.Error("does not look at what it is shown")
		}
		for _, track := range ada.told.tracks() {
			if track.Kind() == Audio {
				ben.see(track)
			}
		}
		if decides() {
			t.Error("looks though there is nothing to see")
		}
	})
}
