package room

import (
	"slices"
	"time"

	"github.com/parlorhq/parlor/sfu"
)

// listenEvery is how often a room looks at who speaks. Each has a timer of its own, which runs while somebody in it has a
// microphone that is not muted: a room in which nobody can be heard costs nothing, and large ones do not wait for each other.
const listenEvery = 100 * time.Millisecond

// listenLocked begins to look at who speaks, if there is anybody to look at.
func (r *Room) listenLocked() {
	if r.listening == nil && r.audibleLocked() && !r.dead {
		r.listening = time.AfterFunc(listenEvery, r.listen)
	}
}

// audibleLocked says whether somebody can be heard, or was and it has to be said that this is over.
func (r *Room) audibleLocked() bool {
	return len(r.published.voices) > 0 || len(r.speaking) > 0 || len(r.recent) > 0
}

// listen looks at who speaks.
func (r *Room) listen() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dead {
		return
	}
	if r.published.speakers.Rank(time.Now(), (*sfu.Track).Level) {
		r.heardLocked()
	}
	if r.audibleLocked() {
		r.listening.Reset(listenEvery)
	} else {
		r.listening = nil
	}
}

// heardLocked goes by a new ranking of voices. Only those for whom something changes are told: who is shown somebody that
// has begun to speak or is silent for some time, and who hears others now.
func (r *Room) heardLocked() {
	r.published.rank()
	changed := r.recentLocked()
	for _, p := range r.participants {
		if !p.watches() {
			continue
		}
		tell := r.soundsLocked(p)
		if len(changed) > 0 && slices.ContainsFunc(p.shown.pictures, func(w sfu.Wish) bool {
			pub := r.published.of[w.Track]
			return pub != nil && slices.Contains(changed, pub.owner)
		}) {
			tell = r.picturesLocked(p) || tell
		}
		if tell {
			r.tellPeerLocked(p)
		}
	}
	r.speakersLocked()
}

// recentLocked notes who spoke a moment ago, and returns for whom that has changed.
func (r *Room) recentLocked() (changed []*Participant) {
	r.looks++
	for _, p := range r.recent {
		p.spoke = false
	}
	former := r.recent
	r.recent = nil
	for _, pub := range r.published.voices[:len(r.published.speakers.Recent())] {
		if p := pub.owner; p.looked != r.looks {
			p.looked, p.spoke = r.looks, true
			r.recent = append(r.recent, p)
			if !slices.Contains(former, p) {
				changed = append(changed, p)
			}
		}
	}
	for _, p := range former {
		if !p.spoke {
			changed = append(changed, p)
		}
	}
	return changed
}

// speakersLocked tells everyone who speaks, if these are others than before or somebody else goes first.
func (r *Room) speakersLocked() {
	var ids []string
	for _, pub := range r.published.voices[:len(r.published.speakers.Speaking())] {
		if !slices.Contains(ids, pub.owner.ID) {
			ids = append(ids, pub.owner.ID)
		}
	}
	same := len(ids) == len(r.speaking) && (len(ids) == 0 || ids[0] == r.speaking[0])
	for _, id := range ids {
		same = same && slices.Contains(r.speaking, id)
	}
	if same {
		return
	}
	r.speaking = ids
	for _, p := range r.participants {
		if p.here {
			p.member.Notify(SpeakersChanged{IDs: ids})
		}
	}
}
