package room

import (
	"cmp"
	"slices"
	"time"

	"github.com/parlorhq/parlor/sfu"
)

// published is what is announced in a room, in the orders in which it is shown. It belongs to a Room and its mu.
type published struct {
	of   map[*sfu.Track]*publication
	byID map[string]*publication
	// Screens first, then in order of arrival.
	pictures []*publication
	// The sound of screens, in order of arrival.
	screens []*publication
	// All other sound that is not muted, by who speaks; voices is the same as publications.
	speakers sfu.Speakers
	voices   []*publication
}

func newPublished() published {
	return published{of: make(map[*sfu.Track]*publication), byID: make(map[string]*publication)}
}

func (l *published) add(pub *publication) {
	l.of[pub.track], l.byID[pub.track.ID()] = pub, pub
	switch {
	case pub.track.Kind() == sfu.Video:
		l.pictures = insert(l.pictures, pub)
	case pub.source == ScreenAudio:
		l.screens = insert(l.screens, pub)
	case !pub.quiet():
		l.speakers.Add(pub.track, time.Time{})
		l.rank()
	}
}

func (l *published) remove(pub *publication) {
	delete(l.of, pub.track)
	delete(l.byID, pub.track.ID())
	is := func(other *publication) bool { return other == pub }
	l.pictures = slices.DeleteFunc(l.pictures, is)
	l.screens = slices.DeleteFunc(l.screens, is)
	l.voices = slices.DeleteFunc(l.voices, is)
	l.speakers.Remove(pub.track)
}

// mute takes a voice out that was muted, or in again.
func (l *published) mute(pub *publication, now time.Time) {
	switch {
	case pub.track.Kind() == sfu.Video || pub.source == ScreenAudio:
	case pub.quiet():
		l.speakers.Remove(pub.track)
		l.rank()
	default:
		l.speakers.Add(pub.track, now)
		l.rank()
	}
}

// rank lists voices as the speakers are ranked.
func (l *published) rank() {
	l.voices = l.voices[:0]
	for _, t := range l.speakers.Order() {
		l.voices = append(l.voices, l.of[t])
	}
}

// insert keeps the order of arrival, screens before others.
func insert(list []*publication, pub *publication) []*publication {
	at, _ := slices.BinarySearchFunc(list, pub, func(a, b *publication) int {
		return cmp.Or(
			cmp.Compare(order(a.source), order(b.source)),
			cmp.Compare(a.owner.arrival, b.owner.arrival),
			cmp.Compare(a.track.ID(), b.track.ID()),
		)
	})
	return slices.Insert(list, at, pub)
}

func order(s Source) int {
	if s == Screen || s == ScreenAudio {
		return 0
	}
	return 1
}
