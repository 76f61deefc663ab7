package room

import "fmt"

// Remove puts somebody out, who may not come back with the same session. It is for those with the grant to administer.
//
// Errors: ErrNotAllowed, ErrGone, ErrUnknownParticipant.
func (p *Participant) Remove(id string) error {
	if !p.Admin() {
		return fmt.Errorf("%w to remove others", ErrNotAllowed)
	}
	r := p.room
	r.mu.Lock()
	other := r.participants[id]
	switch {
	case !p.here:
		r.mu.Unlock()
		return ErrGone
	case other == nil:
		r.mu.Unlock()
		return ErrUnknownParticipant
	}
	other.log.Info().Str("by", p.ID).Msg("participant removed")
	peer := r.expelLocked(other, ReasonRemoved)
	r.passOnLocked()
	r.armLocked()
	r.mu.Unlock()
	closePeer(peer)
	return nil
}

// End puts everyone out, p and those who wait among them. The room is then as one that everyone has left. It is for those with
// the grant to administer.
//
// Errors: ErrNotAllowed, ErrGone.
func (p *Participant) End() error {
	if !p.Admin() {
		return fmt.Errorf("%w to end this for everyone", ErrNotAllowed)
	}
	r := p.room
	r.mu.Lock()
	if !p.here {
		r.mu.Unlock()
		return ErrGone
	}
	p.log.Info().Msg("room ended for everyone")
	peers := r.expelAllLocked()
	r.armLocked()
	r.mu.Unlock()
	for _, peer := range peers {
		closePeer(peer)
	}
	return nil
}

// expelLocked puts p out for good. Its door hears of it first: what it keeps of p is what is left of somebody who does not
// come back. The Peer is to be closed once the lock is let go.
func (r *Room) expelLocked(p *Participant, why Reason) peer {
	p.gone, p.expelled = true, why
	p.member.Notify(Expelled{Reason: why})
	peer := r.goLocked(p, why)
	delete(r.participants, p.ID)
	return peer
}

// expelAllLocked is expelLocked for everyone, with a word to those who wait.
func (r *Room) expelAllLocked() (peers []peer) {
	for _, p := range r.participants {
		peers = append(peers, r.expelLocked(p, ReasonClosed))
	}
	r.waiting.each(func(k *Knock) { r.decideLocked(k, ErrClosed) })
	return peers
}

// goneLocked is why p is not in the room any more and not expected back.
func (p *Participant) goneLocked() error {
	switch p.expelled {
	case ReasonRemoved:
		return ErrRemoved
	case ReasonClosed:
		return ErrClosed
	}
	return ErrGone
}
