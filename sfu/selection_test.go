package sfu

import (
	"slices"
	"testing"
)

// coded is a frame of a stream with layers, and what it needs.
type coded struct {
	shape   shape
	picture int
	needs   []int // indexes of other frames
}

// FuzzSelection makes streams with layers of all kinds, moves the aim about, and checks that what is sent can always be
// decoded: whatever a frame that is sent needs was sent.
func FuzzSelection(f *testing.F) {
	f.Add([]byte{0, 0, 2, 1, 2, 0, 2, 1, 2, 0, 2, 1, 2}, []byte{0, 3, 1, 3, 2})
	f.Add([]byte{1, 0, 0x12, 0x21, 0x12, 0, 0x32, 0x71, 0xf2, 0, 2, 1, 2}, []byte{0, 15, 0, 3, 12, 15})
	f.Add([]byte{3, 0, 0x52, 0x61, 0x12, 0, 0xf2, 1, 2, 0x80, 2, 0x91, 2}, []byte{0, 15, 5, 3, 10, 15})
	f.Fuzz(func(t *testing.T, pictures, aims []byte) {
		if len(pictures) == 0 || len(aims) == 0 {
			return
		}
		frames := stream(pictures[0], pictures[1:min(len(pictures), 60)])
		s := selection{aim: tier(aims[0] & 15)}
		s.begin()
		sent := map[int]bool{}
		for i := range frames {
			fr := &frames[i]
			newer := i == 0 || frames[i-1].picture != fr.picture
			if newer {
				s.aim = tier(aims[fr.picture%len(aims)] & 15)
			}
			was := s.now
			s.move(&fr.shape, newer)
			if !newer && (s.now.spatial() < was.spatial() || s.now.spatial() > was.spatial() && fr.shape.spatial > was.spatial()) {
				t.Fatalf("frame %d: from %04b to %04b within a picture", i, was, s.now)
			}
			if newer && s.aim.meet(s.now) != s.now {
				t.Fatalf("frame %d: %04b is not down at %04b", i, s.now, s.aim)
			}
			if fr.shape.start && s.now != s.aim {
				t.Fatalf("frame %d: a key picture, and not there", i)
			}
			if !s.now.takes(&fr.shape) {
				continue
			}
			sent[i] = true
			for _, need := range fr.needs {
				if !sent[need] {
					t.Fatalf("frame %d (%s) needs frame %d (%s), which was not sent", i, fr.shape.say(), need, frames[need].shape.say())
				}
			}
		}
	})
}

// stream makes frames of one byte for each picture: its temporal layer, whether it is a key picture, and what it needs.
// Odd kinds have up to three spatial layers and say where one may go up; even ones say it as VP8 does.
func stream(kind byte, pictures []byte) []coded {
	spatials := uint8(1)
	if kind&1 != 0 {
		spatials = kind>>1&1 + 2
	}
	var frames []coded
	latest := map[tier]int{}
	for n, b := range pictures {
		key := n == 0 || b&0xf0 == 0xf0
		if key {
			clear(latest)
		}
		temporal := b & 3
		if key {
			temporal = 0
		}
		from := len(frames)
		for s := range spatials {
			fr := coded{picture: n, shape: shape{frame: true, end: true, spatial: s, temporal: temporal, start: key && s == 0}}
			if s > 0 && (key || b>>(3+s)&1 != 0) {
				fr.needs = append(fr.needs, from+int(s)-1)
			}
			for l, i := range latest {
				// Of each layer the latest, if at all; of its own always in time, lest it depends on nothing.
				of := l.temporal() <= temporal && l.spatial() <= s && i < from
				if of && (l.spatial() == s && l.temporal() == 0 || b>>(2+l.temporal()+l.spatial())&1 != 0) {
					fr.needs = append(fr.needs, i)
				}
			}
			slices.Sort(fr.needs)
			if kind&1 == 0 {
				fr.shape.sync = temporal > 0 && !slices.ContainsFunc(fr.needs, func(i int) bool { return frames[i].shape.temporal > 0 })
			}
			frames = append(frames, fr)
		}
		for s := range spatials {
			latest[tierOf(s, temporal)] = from + int(s)
		}
	}
	if kind&1 != 0 {
		for i := range frames {
			for t := range tier(tierCount) {
				if t.takes(&frames[i].shape) && joinable(frames, i, t) {
					frames[i].shape.upper.add(t)
				}
			}
		}
	}
	return frames
}

// joinable tells whether all of a tier that comes after frame i can be decoded by who has that frame and what it needs.
func joinable(frames []coded, i int, t tier) bool {
	has := map[int]bool{i: true}
	for j := i; j >= 0; j-- {
		if has[j] {
			for _, need := range frames[j].needs {
				has[need] = true
			}
		}
	}
	for _, later := range frames[i+1:] {
		if !t.takes(&later.shape) {
			continue
		}
		for _, need := range later.needs {
			if need < i && !has[need] {
				return false
			}
		}
	}
	return true
}
