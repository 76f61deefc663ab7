package room

import (
	"cmp"
	"slices"

	"github.com/parlorhq/parlor/sfu"
)

// shown is what a participant's Peer was told to show, and in how many slots. It belongs to a Room and its mu.
type shown struct {
	soundSlots, pictureSlots int
	pictures, sounds         []sfu.Wish
}

// count notes how many slots a Peer has.
func (s *shown) count(of peer) {
	_, slots := of.Slots()
	s.soundSlots, s.pictureSlots = 0, 0
	for _, b := range slots {
		if b.Kind == sfu.Audio {
			s.soundSlots++
		} else {
			s.pictureSlots++
		}
	}
}

// showLocked says to those Peers what to show for whom something changes with these publications.
func (r *Room) showLocked(pubs ...*publication) {
	if len(pubs) == 0 {
		return
	}
	r.listenLocked()
	sounds := slices.ContainsFunc(pubs, func(pub *publication) bool { return pub.track.Kind() == sfu.Audio })
	for _, p := range r.participants {
		if !p.watches() {
			continue
		}
		changed := sounds && r.soundsLocked(p)
		if slices.ContainsFunc(pubs, func(pub *publication) bool {
			return pub.track.Kind() == sfu.Video && p.view.shows(pub.track.ID())
		}) {
			changed = r.picturesLocked(p) || changed
		}
		if changed {
			r.tellPeerLocked(p)
		}
	}
}

// showToLocked says to p's Peer what to show, if that has changed.
func (r *Room) showToLocked(p *Participant) {
	if !p.watches() {
		return
	}
	sounds, pictures := r.soundsLocked(p), r.picturesLocked(p)
	if sounds || pictures {
		r.tellPeerLocked(p)
	}
}

// watches says whether p is to be shown anything.
func (p *Participant) watches() bool { return p.peer != nil && p.here && p.Grant.Subscribe }

func (r *Room) tellPeerLocked(p *Participant) {
	r.wishes = append(append(r.wishes[:0], p.shown.pictures...), p.shown.sounds...)
	p.peer.Show(r.wishes)
}

// spare is how many times as many pictures as there are slots are wished for: some may come in a form that a browser does
// not take.
const spare = 2

// picturesLocked finds what p is to see, and says whether that has changed. Without a view it is what others publish:
// screens, then in order of arrival. With one it is what that names, by rank and then as it is ordered there. What is
// named and finds no slot changes only with who spoke in the last seconds.
func (r *Room) picturesLocked(p *Participant) (changed bool) {
	wishes := r.wishes[:0]
	if p.view == nil {
		for _, pub := range r.published.pictures {
			if len(wishes) >= spare*p.shown.pictureSlots {
				break
			}
			if pub.owner != p {
				wishes = append(wishes, sfu.Wish{Track: pub.track, Rank: pub.rank(false)})
			}
		}
	} else {
		for _, t := range p.view.tiles {
			pub := r.published.byID[t.Track]
			if pub == nil || pub.owner == p || pub.track.Kind() != sfu.Video || p.view.off[t.Track] {
				continue
			}
			wishes = append(wishes, sfu.Wish{Track: pub.track, Rank: pub.rank(t.Pinned), Width: t.Width, Height: t.Height})
		}
		slices.SortStableFunc(wishes, func(a, b sfu.Wish) int { return cmp.Compare(b.Rank, a.Rank) })
	}
	r.wishes = wishes
	if slices.Equal(wishes, p.shown.pictures) {
		return false
	}
	p.shown.pictures = append(p.shown.pictures[:0], wishes...)
	return true
}

// rank is how much a picture matters where it is shown.
func (pub *publication) rank(pinned bool) sfu.Rank {
	switch {
	case pub.source == Screen:
		return sfu.Shared
	case pinned:
		return sfu.Pinned
	case pub.owner.spoke:
		return sfu.Speaking
	default:
		return sfu.Plain
	}
}

// soundsLocked finds what p is to hear, and says whether that has changed: the sound of screens, which gets no more than
// half of the slots, then voices as they are ranked. What is muted gets no slot, but keeps the one it has as long as
// nobody else needs it: so unmuting costs nothing where there is room for all.
func (r *Room) soundsLocked(p *Participant) (changed bool) {
	slots := p.shown.soundSlots
	wishes := r.wishes[:0]
	for _, pub := range r.published.screens {
		if len(wishes) < min(slots, max(slots/2, 1)) && pub.owner != p && !pub.quiet() && !p.view.isOff(pub.track.ID()) {
			wishes = append(wishes, sfu.Wish{Track: pub.track, Rank: sfu.Shared})
		}
	}
	for _, pub := range r.published.voices {
		if len(wishes) >= slots {
			break
		}
		if pub.owner != p && !p.view.isOff(pub.track.ID()) {
			wishes = append(wishes, sfu.Wish{Track: pub.track})
		}
	}
	for _, w := range p.shown.sounds {
		pub := r.published.of[w.Track]
		if len(wishes) < slots && pub != nil && pub.quiet() && !p.view.isOff(w.Track.ID()) {
			wishes = append(wishes, w)
		}
	}
	r.wishes = wishes
	if sameSounds(wishes, p.shown.sounds) {
		return false
	}
	p.shown.sounds = append(p.shown.sounds[:0], wishes...)
	return true
}

// sameSounds says whether two lists have the same tracks: all of them are heard, so their order does not matter.
func sameSounds(a, b []sfu.Wish) bool {
	if len(a) != len(b) {
		return false
	}
	for i, w := range a {
		if b[i] != w && !slices.Contains(b, w) {
			return false
		}
	}
	return true
}
