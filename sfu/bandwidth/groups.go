package bandwidth

import "time"

// groups puts packets together that were sent at about the same time, and compares how far apart two groups were sent
// with how far apart they arrived. Single packets say little: they come in bursts from the encoder, the server and the radio.
type groups struct {
	now, before   group
	reordered     int
	open, compare bool
}

type group struct {
	first, last     time.Duration // sent
	began, complete time.Duration // arrived
	told            time.Duration // when the server heard of it
}

// step is what lies between two groups.
type step struct {
	sent, arrived time.Duration
	at            time.Duration // arrival of the later
}

const (
	groupSpan = 5 * time.Millisecond
	burstMost = 100 * time.Millisecond
	clockJump = 3 * time.Second
)

// add takes a packet; ok is true if one group is complete and there is one before it.
func (g *groups) add(sent, arrived, at time.Duration) (s step, ok bool) {
	switch {
	case !g.open:
		g.begin(sent, arrived, at)
		return s, false
	case sent < g.now.first:
		return s, false // overtaken
	case sent-g.now.first > groupSpan && !g.burst(sent, arrived):
		if g.compare {
			s = step{g.now.last - g.before.last, g.now.complete - g.before.complete, g.now.complete}
			ok = g.sound(s)
			if !g.open {
				return s, false
			}
		}
		g.before, g.compare = g.now, true
		g.begin(sent, arrived, at)
		return s, ok
	default:
		g.now.last = max(g.now.last, sent)
		g.now.complete = max(g.now.complete, arrived)
		g.now.told = at
		return s, false
	}
}

func (g *groups) begin(sent, arrived, at time.Duration) {
	g.now, g.open = group{sent, sent, arrived, arrived, at}, true
}

// burst tells whether a packet caught up with the group on its way.
func (g *groups) burst(sent, arrived time.Duration) bool {
	between := arrived - g.now.complete
	return between >= 0 && between <= groupSpan && between < sent-g.now.last && arrived-g.now.began < burstMost
}

// sound is false for what cannot be, and forgets everything when it is clear that the browser's clock has jumped.
func (g *groups) sound(s step) bool {
	if d := s.arrived - (g.now.told - g.before.told); d > clockJump || d < -clockJump {
		*g = groups{}
		return false
	}
	if s.arrived < 0 {
		if g.reordered++; g.reordered >= 3 {
			*g = groups{}
		}
		return false
	}
	g.reordered = 0
	return true
}
