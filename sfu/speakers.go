package sfu

import (
	"math"
	"slices"
	"time"
)

// What counts as speech, in the measure of Track.Level.
const (
	// speechLeast is the least that can be: -50 dBov.
	speechLeast = 77
	// speechSure is what is taken for speech whatever else is heard of the voice: -35 dBov.
	speechSure = 92
	// aboveNoise is by how much speech is louder than what the microphone hears all the time.
	aboveNoise = 10
	// noiseRise is how fast a sound that goes on becomes noise, a second.
	noiseRise = 2
	// muchLouder is by how much one who speaks must be louder than another to go before them.
	muchLouder = 6
)

const (
	// talkHold bridges the gaps between words.
	talkHold = 300 * time.Millisecond
	// speakHold is for how long after the last word somebody is shown as speaking.
	speakHold = 700 * time.Millisecond
	// recentHold is for how long somebody is one of those who spoke a moment ago.
	recentHold = 5 * time.Second
	// meanTime is over which it is settled who is louder: longer than a cough.
	meanTime = time.Second
	// enough looks in a row, or nearly, at something loud make it speech.
	enough = 2
	// longestLook is the longest time between two looks that says something of what was in between.
	longestLook = time.Second
)

// Speakers ranks voices by who speaks. It is pure: it is told the time, and asks how loud each voice is. The zero value
// knows nobody. It is meant to be asked every 100 ms.
//
// There is one order for everybody, and whoever has room for n voices is sent the first n: those who speak now, in the
// order in which they began, but the much louder before the others; then those who are silent, who spoke last first. So
// who begins to speak takes the place of the one who has been silent for longest, and of one who speaks only by being
// louder for a second or so: a cough, however loud, sends nobody away.
type Speakers struct {
	voices   []voice  // best first
	order    []*Track // the same
	at       time.Time
	speaking int // of the first
	recent   int
}

// voice is what is known of one track.
type voice struct {
	track *Track
	level float64   // when it was last asked
	noise float64   // what it hears all the time
	mean  float64   // loudness of its speech
	loud  int       // looks at something loud, up to a few
	heard time.Time // when it last spoke; zero: never
	ready time.Time // since when it is, or may be, about to speak
	talks bool
	spoke bool // a moment ago
}

// Add takes a voice in, last of all. With a time it goes before those that neither spoke nor were added since then: who
// has just been unmuted is about to speak.
func (s *Speakers) Add(t *Track, ready time.Time) {
	if slices.Contains(s.order, t) {
		return
	}
	v := voice{track: t, ready: ready}
	at := len(s.voices)
	for at > 0 && v.before(&s.voices[at-1]) {
		at--
	}
	s.voices = slices.Insert(s.voices, at, v)
	s.list()
}

// Remove takes a voice out.
func (s *Speakers) Remove(t *Track) {
	i := slices.Index(s.order, t)
	if i < 0 {
		return
	}
	s.voices = slices.Delete(s.voices, i, i+1)
	s.list()
}

// Order is all of them, best first. It holds until the next call that changes something.
func (s *Speakers) Order() []*Track { return s.order }

// Speaking are the first of Order that are speaking.
func (s *Speakers) Speaking() []*Track { return s.order[:min(s.speaking, len(s.order))] }

// Recent are the first of Order that spoke a moment ago or are speaking: for what is not to change with every pause.
func (s *Speakers) Recent() []*Track { return s.order[:min(s.recent, len(s.order))] }

// Rank looks at every voice and says whether anything that can be asked for has changed.
func (s *Speakers) Rank(now time.Time, level func(*Track) float64) (changed bool) {
	gap := now.Sub(s.at)
	s.at = now
	if gap <= 0 || gap > longestLook {
		gap = longestLook
	}
	fades, settles := fade(gap), 1-math.Exp(-gap.Seconds()/meanTime.Seconds())
	for i := range s.voices {
		v := &s.voices[i]
		v.look(level(v.track), fades, gap.Seconds()*noiseRise, settles, now)
	}
	for i := 1; i < len(s.voices); i++ { // nearly in order already
		for j := i; j > 0 && s.voices[j].before(&s.voices[j-1]); j-- {
			s.voices[j], s.voices[j-1] = s.voices[j-1], s.voices[j]
			changed = true
		}
	}
	speaking, recent := s.heardWithin(speakHold, now), s.heardWithin(recentHold, now)
	if speaking != s.speaking || recent != s.recent {
		changed = true
	}
	s.speaking, s.recent = speaking, recent
	if changed {
		s.list()
	}
	return changed
}

// look notes how loud the voice is now. What was heard since the last look is found again from the smoothed level: that
// takes 200 ms to rise, and another 200 would be lost before anybody is heard.
func (v *voice) look(level, fades, rise, settles float64, now time.Time) {
	since := min(max((level-fades*v.level)/(1-fades), 0), 127)
	v.level = level
	v.noise = min(since, v.noise+rise)
	if since < min(max(speechLeast, v.noise+aboveNoise), speechSure) {
		v.loud = max(v.loud-1, 0)
	} else {
		if v.loud = min(v.loud+1, enough+1); now.Sub(v.heard) > recentHold {
			v.mean = speechLeast
		}
		v.mean += (since - v.mean) * settles
		if v.loud >= enough {
			v.heard, v.ready = now, now
		}
	}
	v.talks, v.spoke = v.within(talkHold, now), v.within(recentHold, now)
}

// before says whether v is to go before one that goes before it now.
func (v *voice) before(other *voice) bool {
	switch {
	case v.talks != other.talks:
		return v.talks
	case v.talks:
		return v.mean > other.mean+muchLouder
	case v.spoke != other.spoke:
		return v.spoke
	default:
		return v.ready.After(other.ready)
	}
}

// within says whether it spoke so short a time ago.
func (v *voice) within(d time.Duration, now time.Time) bool {
	return !v.heard.IsZero() && now.Sub(v.heard) < d
}

// heardWithin is how many of the first were.
func (s *Speakers) heardWithin(d time.Duration, now time.Time) int {
	n := 0
	for n < len(s.voices) && s.voices[n].within(d, now) {
		n++
	}
	return n
}

func (s *Speakers) list() {
	s.order = s.order[:0]
	for i := range s.voices {
		s.order = append(s.order, s.voices[i].track)
	}
}
