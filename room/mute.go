package room

import (
	"fmt"
	"time"
)

// Mute stops what is forwarded of a track of somebody's at once, whatever its owner sends, or takes that back: what its
// owner muted stays muted. It is for those with the grant to administer.
//
// Errors: ErrNotAllowed, ErrUnknownParticipant.
func (p *Participant) Mute(id, track string, muted bool) error {
	if !p.Admin() {
		return fmt.Errorf("%w to mute others", ErrNotAllowed)
	}
	r := p.room
	r.mu.Lock()
	defer r.mu.Unlock()
	pub := r.published.byID[track]
	switch {
	case !p.here:
		return ErrGone
	case pub == nil || pub.owner.ID != id:
		return fmt.Errorf("%w, or no such track of theirs", ErrUnknownParticipant)
	}
	was := pub.quiet()
	pub.silence(muted)
	r.mutedLocked(pub, was, p.ID)
	return nil
}

// silence has what is sent not forwarded, or again.
func (pub *publication) silence(silent bool) {
	if pub.silenced == silent {
		return
	}
	pub.silenced = silent
	if pub.track != nil {
		pub.track.Silence(silent)
	}
}

// quiet says whether it is muted, by whomever.
func (pub *publication) quiet() bool { return pub.muted || pub.silenced }

// mutedLocked tells everyone, if it is no longer as it was.
func (r *Room) mutedLocked(pub *publication, was bool, by string) {
	if pub.quiet() == was {
		return
	}
	r.tellLocked(Muted{ID: pub.owner.ID, Track: pub.track.ID(), Muted: pub.quiet(), By: by})
	r.published.mute(pub, time.Now())
	r.showLocked(pub)
}
