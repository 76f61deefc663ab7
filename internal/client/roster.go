package client

import "slices"

// roster is who is in the room besides us, kept up by the log. Pure.
type roster struct {
	self   string
	others map[string]Participant
}

func newRoster(self string, snapshot []Participant) roster {
	r := roster{self: self, others: map[string]Participant{}}
	for _, p := range snapshot {
		if p.ID != self {
			r.others[p.ID] = p
		}
	}
	return r
}

// apply takes one event entry and says what happened.
func (r *roster) apply(e *happening) (ev Event) {
	ev = Event{Offset: e.O, Kind: e.Event, Participant: e.ID, Reason: e.Reason, Muted: e.Muted, By: e.By}
	switch e.Event {
	case "joined":
		if e.Participant == nil {
			return ev
		}
		ev.Participant, ev.Name = e.Participant.ID, e.Participant.Name
		if ev.Participant != r.self {
			r.others[ev.Participant] = *e.Participant
		}
	case "left":
		delete(r.others, e.ID)
	case "published", "unpublished", "muted":
		t := e.track()
		ev.Track, ev.Source = t.ID, t.Source
		if e.Event == "published" {
			ev.Muted = t.Muted
		}
		if p, here := r.others[e.ID]; here {
			// The tracks are shared with snapshots given out before: never edited in place.
			p.Tracks = withTrack(p.Tracks, e.Event, t, e.Muted)
			r.others[e.ID] = p
		}
	}
	return ev
}

func withTrack(tracks []Track, event string, t Track, muted bool) []Track {
	tracks = slices.Clone(tracks)
	i := slices.IndexFunc(tracks, func(o Track) bool { return o.ID == t.ID })
	switch {
	case event == "published" && i < 0:
		return append(tracks, t)
	case event == "published":
		tracks[i] = t
	case i < 0:
	case event == "unpublished":
		return slices.Delete(tracks, i, i+1)
	case event == "muted":
		tracks[i].Muted = muted
	}
	return tracks
}

// list is a copy, ordered by id.
func (r *roster) list() []Participant {
	out := make([]Participant, 0, len(r.others))
	for _, p := range r.others {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Participant) int {
		switch {
		case a.ID < b.ID:
			return -1
		case a.ID > b.ID:
			return 1
		}
		return 0
	})
	return out
}
