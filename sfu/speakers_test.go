package sfu

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// choir is voices as packets tell of them, and a Speakers that looks at them.
type choir struct {
	speakers Speakers
	now      time.Time
	sounds   map[*Track]*sound
	tracks   []*Track
	changes  int
}

// sound is what one microphone hears.
type sound struct {
	loudness
	level byte
	never bool // it does not send
}

const (
	hush  = 40  // of a room
	talk  = 100 // -27 dBov
	cough = 112
)

func newChoir(n int) *choir {
	c := &choir{now: time.Unix(1000, 0), sounds: map[*Track]*sound{}}
	for i := range n {
		t := NewTrack(string(rune('a'+i)), "0", Audio)
		c.tracks = append(c.tracks, t)
		c.sounds[t] = &sound{level: hush}
		c.speakers.Add(t, time.Time{})
	}
	c.play(time.Second)
	c.changes = 0
	return c
}

// set says how loud some are from now on.
func (c *choir) set(level byte, names string) {
	for _, name := range names {
		c.sounds[c.tracks[name-'a']].level = level
	}
}

// play lets packets come every 20 ms, with a look every 100 ms at times that are not those of the packets.
func (c *choir) play(d time.Duration) {
	for end := c.now.Add(d); c.now.Before(end); {
		c.now = c.now.Add(10 * time.Millisecond)
		at := c.now.UnixMilli()
		if at%20 == 0 {
			for _, s := range c.sounds {
				if !s.never {
					s.add(127-s.level, c.now)
				}
			}
		}
		if at%100 == 50 && c.look() {
			c.changes++
		}
	}
}

func (c *choir) look() bool {
	return c.speakers.Rank(c.now, func(t *Track) float64 { return c.sounds[t].at(c.now) })
}

// until plays until something holds, and says how long that took.
func (c *choir) until(t *testing.T, what string, ok func() bool) time.Duration {
	t.Helper()
	start := c.now
	for !ok() {
		if c.now.Sub(start) > 10*time.Second {
			t.Fatalf("never: %s; order %s, speaking %s", what, names(c.speakers.Order()), names(c.speakers.Speaking()))
		}
		c.play(10 * time.Millisecond)
	}
	return c.now.Sub(start)
}

func names(tracks []*Track) string {
	var b strings.Builder
	for _, t := range tracks {
		b.WriteString(t.ID())
	}
	return b.String()
}

// first is who has the n slots there are.
func (c *choir) first(n int) string {
	all := []byte(names(c.speakers.Order()[:n]))
	slices.Sort(all)
	return string(all)
}

func (c *choir) want(t *testing.T, n int, first, speaking string) {
	t.Helper()
	if got := c.first(n); got != first {
		t.Errorf("the first %d are %s, want %s", n, got, first)
	}
	if got := names(c.speakers.Speaking()); got != speaking {
		t.Errorf("speaking %q, want %q", got, speaking)
	}
}

func TestWhoBeginsToSpeakIsInWithin300Milliseconds(t *testing.T) {
	for _, c := range []struct {
		name          string
		before, level byte
	}{
		{"in a room", hush, talk}, {"out of digital silence", 0, talk}, {"softly", 30, 87}, {"loudly", 60, 120},
	} {
		for late := range 10 { // of the looks
			choir := newChoir(8)
			choir.set(c.before, "abcdefgh")
			choir.play(time.Second + time.Duration(late)*10*time.Millisecond)
			choir.set(c.level, "h")
			in := choir.until(t, "h in", func() bool { return strings.Contains(choir.first(3), "h") })
			if in < 100*time.Millisecond || in > 320*time.Millisecond {
				t.Errorf("%s: in after %v", c.name, in)
			}
			choir.want(t, 3, "abh", "h")
			choir.play(time.Second)
			choir.set(c.before, "h")
			out := choir.until(t, "h silent", func() bool { return len(choir.speakers.Speaking()) == 0 })
			if out < 600*time.Millisecond || out > 900*time.Millisecond {
				t.Errorf("%s: shown for %v after the last word", c.name, out)
			}
			choir.want(t, 3, "abh", "") // silence alone costs nobody a place
		}
	}
}

func TestACoughSendsNoSpeakerAway(t *testing.T) {
	for _, d := range []time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 600 * time.Millisecond} {
		c := newChoir(6)
		c.set(talk, "ab")
		c.play(3 * time.Second)
		c.set(cough, "f")
		for range d / (10 * time.Millisecond) {
			c.play(10 * time.Millisecond)
			if c.first(2) != "ab" {
				t.Fatalf("%v of coughing: the two slots have %s", d, c.first(2))
			}
		}
		c.set(hush, "f")
		c.play(2 * time.Second)
		c.want(t, 2, "ab", "ab")
		if d < 200*time.Millisecond && c.first(3) != "abc" {
			t.Errorf("%v of coughing got a slot: %s", d, c.first(3))
		}
	}
}

func TestAnInterruptionIsHeard(t *testing.T) {
	c := newChoir(6)
	c.set(talk, "a")
	c.play(5 * time.Second)
	c.set(talk, "e")
	c.until(t, "both", func() bool { return c.first(2) == "ae" })
	c.play(time.Second)
	c.want(t, 2, "ae", "ae")
	c.set(hush, "a") // and gives way
	c.play(time.Second)
	c.want(t, 2, "ae", "e")
	if c.first(1) != "e" {
		t.Errorf("the only slot has %s", c.first(1))
	}
}

func TestWhoIsSilentForLongestGoesFirst(t *testing.T) {
	c := newChoir(6)
	for _, who := range "cab" {
		c.set(talk, string(who))
		c.play(time.Second)
		c.set(hush, string(who))
		c.play(time.Second)
	}
	c.want(t, 3, "abc", "")
	c.set(talk, "d")
	c.play(400 * time.Millisecond)
	c.want(t, 3, "abd", "d")
	c.set(hush, "d")
	c.set(talk, "e")
	c.play(400 * time.Millisecond)
	c.want(t, 3, "bde", "ed")
}

// Two who talk over each other, with the pauses that talk has, do not change places all the time.
func TestSpeechWithPausesDoesNotFlap(t *testing.T) {
	c := newChoir(10)
	rng := rand.New(rand.NewPCG(1, 2))
	c.set(talk, "abc")
	c.play(2 * time.Second)
	sets, last := 0, ""
	for range 600 { // a minute of syllables
		for _, who := range "abc" {
			level := byte(85 + rng.IntN(30))
			if rng.IntN(4) == 0 {
				level = hush
			}
			c.set(level, string(who))
		}
		c.play(100 * time.Millisecond)
		if now := c.first(3); now != last {
			sets, last = sets+1, now
		}
	}
	if sets > 1 {
		t.Errorf("three slots for three changed %d times", sets)
	}
	if c.changes > 180 {
		t.Errorf("%d changes of order in a minute", c.changes)
	}
}

// Microphones that hear a fan hold no slots against somebody who speaks, and are not shown as speaking for long.
func TestNoiseIsNotSpeech(t *testing.T) {
	c := newChoir(6)
	c.set(85, "abc")
	c.play(time.Second)
	c.want(t, 3, "abc", "abc")
	c.set(talk, "f") // louder than any of them
	c.until(t, "f before all of them", func() bool { return c.first(1) == "f" })
	c.set(hush, "f")
	c.play(time.Minute)
	c.want(t, 3, "abc", "")
	c.set(talk, "d")
	in := c.until(t, "d", func() bool { return c.first(1) == "d" })
	if in > 320*time.Millisecond {
		t.Errorf("in after %v", in)
	}
}

func TestTheMuchLouderGoBeforeTheOthers(t *testing.T) {
	c := newChoir(4)
	c.set(93, "ab")
	c.play(2 * time.Second)
	c.set(97, "d")
	c.play(5 * time.Second)
	c.want(t, 2, "ab", "abd")
	c.set(110, "d")
	took := c.until(t, "d in", func() bool { return strings.Contains(c.first(2), "d") })
	if took < 200*time.Millisecond || took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
	before := c.changes
	c.play(10 * time.Second)
	if c.changes > before+3 {
		t.Errorf("%d changes after that", c.changes-before)
	}
}

func TestComingAndGoing(t *testing.T) {
	c := newChoir(4)
	c.set(talk, "d")
	c.play(time.Second)
	e := NewTrack("e", "0", Audio)
	c.sounds[e] = &sound{level: hush}
	c.speakers.Add(e, c.now) // just unmuted: before all that are silent, and not shown as speaking
	c.speakers.Add(e, c.now)
	c.play(time.Second)
	if got := names(c.speakers.Order()); got != "deabc" {
		t.Errorf("order %s", got)
	}
	c.want(t, 1, "d", "d")
	c.speakers.Remove(c.tracks[3])
	c.speakers.Remove(c.tracks[3])
	if len(c.speakers.Speaking()) > 1 || len(c.speakers.Order()) != 4 {
		t.Errorf("after the only speaker went: %s of %s", names(c.speakers.Speaking()), names(c.speakers.Order()))
	}
	if !c.look() {
		t.Error("that nobody speaks is no change")
	}
	c.want(t, 1, "e", "")
}

// Whatever is heard, everybody is ranked once, and who speaks before who does not.
func FuzzSpeakers(f *testing.F) {
	f.Add([]byte{3, 100, 0, 120, 4, 90, 250, 0, 1, 127})
	f.Fuzz(func(t *testing.T, plan []byte) {
		var s Speakers
		levels := map[*Track]float64{}
		now := time.Unix(1000, 0)
		for i := 0; i+1 < len(plan); i += 2 {
			what, level := plan[i], float64(plan[i+1]&0x7f)
			if what >= 240 && len(levels) < 20 {
				track := NewTrack(fmt.Sprint(i), "0", Audio)
				ready := time.Time{}
				if what&1 == 0 {
					ready = now
				}
				levels[track] = level
				s.Add(track, ready)
			} else if n := len(s.Order()); n > 0 {
				track := s.Order()[int(what)%n]
				if what >= 220 {
					s.Remove(track)
					delete(levels, track)
				} else {
					levels[track] = level
				}
			}
			now = now.Add(time.Duration(plan[i+1]) * 2 * time.Millisecond)
			s.Rank(now, func(track *Track) float64 { return levels[track] })
			seen := map[*Track]bool{}
			for _, track := range s.Order() {
				seen[track] = true
			}
			if len(seen) != len(levels) || len(s.Order()) != len(levels) || len(s.Speaking()) > len(s.Recent()) {
				t.Fatalf("%d of %d ranked, %d and %d spoke", len(seen), len(levels), len(s.Speaking()), len(s.Recent()))
			}
			for i := range s.voices {
				if got := s.voices[i].within(speakHold, now); got != (i < s.speaking) {
					t.Fatalf("number %d of %d: speaks %t", i, s.speaking, got)
				}
				if got := s.voices[i].within(recentHold, now); got != (i < s.recent) {
					t.Fatalf("number %d of %d: spoke %t", i, s.recent, got)
				}
			}
		}
	})
}

func TestRankAllocatesNothing(t *testing.T) {
	c := newChoir(26)
	level := func(track *Track) float64 { return c.sounds[track].at(c.now) }
	i := 0
	if n := testing.AllocsPerRun(100, func() {
		i++
		c.now = c.now.Add(100 * time.Millisecond)
		c.sounds[c.tracks[i%26]].add(byte(20+i%100), c.now)
		c.speakers.Rank(c.now, level)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRank(b *testing.B) {
	for _, n := range []int{100, 500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var s Speakers
			for i := range n {
				t := NewTrack(fmt.Sprint(i), "0", Audio)
				t.loudness.add(byte(i%128), time.Now())
				s.Add(t, time.Time{})
			}
			now := time.Now()
			b.ReportAllocs()
			for b.Loop() {
				now = now.Add(100 * time.Millisecond)
				s.Rank(now, (*Track).Level)
			}
		})
	}
}
