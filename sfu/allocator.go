package sfu

// place is a slot as the allocator sees it.
type place struct {
	kind    Kind
	accepts func(codec string) bool
	now     *Track // what it shows; nil: nothing
}

// allocate decides what each place shows. It is pure.
//
// Tracks are wanted best first. Those that fit are as many as there are places of their kind; a track whose format
// no place takes is passed over. One that is shown already and still fits stays where it is, so that nobody is moved
// without need; a new one takes an empty place before one that somebody has to leave.
func allocate(wanted []*Track, places []place) []*Track {
	shown := make([]*Track, len(places))
	room := map[Kind]int{}
	for _, p := range places {
		room[p.kind]++
	}
	fits := make([]*Track, 0, len(wanted))
	var rest []*Track // wanted less than there is room for
	chosen := map[*Track]bool{}
	for _, t := range wanted {
		if t == nil || chosen[t] || !fitsAny(t, places) {
			continue
		}
		chosen[t] = true
		if room[t.kind] > 0 {
			room[t.kind]--
			fits = append(fits, t)
		} else {
			rest = append(rest, t)
		}
	}

	placed := map[*Track]bool{}
	for _, t := range fits {
		for i, p := range places {
			if p.now == t && p.kind == t.kind && p.accepts(t.codecKey()) && !placed[t] {
				shown[i], placed[t] = t, true
			}
		}
	}
	// Places can differ in what they take: whoever found none leaves room for a track wanted less.
	for _, t := range append(fits, rest...) {
		if placed[t] {
			continue
		}
		best := -1
		for i, p := range places {
			if shown[i] != nil || p.kind != t.kind || !p.accepts(t.codecKey()) {
				continue
			}
			if p.now == t {
				best = i
				break
			}
			if best < 0 || p.now == nil && places[best].now != nil {
				best = i
			}
		}
		if best >= 0 {
			shown[best], placed[t] = t, true
		}
	}
	return shown
}

func fitsAny(t *Track, places []place) bool {
	for _, p := range places {
		if p.kind == t.kind && p.accepts(t.codecKey()) {
			return true
		}
	}
	return false
}
