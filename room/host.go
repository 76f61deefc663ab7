package room

// Where the first is the host, somebody may administer every room in which anybody is: who enters one in which nobody may becomes
// its host, and when the last who may has gone for good, it is whoever has been there longest.

// Admin says whether p may administer: by its token, or as the room's host.
func (p *Participant) Admin() bool { return p.Grant.Admin || p.host.Load() }

// Host says whether p is the host of its room.
func (p *Participant) Host() bool { return p.host.Load() }

// moderatedLocked says whether somebody who is here or expected back may administer.
func (r *Room) moderatedLocked() bool {
	for _, p := range r.participants {
		if p.Admin() {
			return true
		}
	}
	return false
}

// presentLocked says whether somebody is here who may administer.
func (r *Room) presentLocked() bool {
	for _, p := range r.participants {
		if p.here && p.Admin() {
			return true
		}
	}
	return false
}

// hostLocked makes p, which is about to come, the host if there is to be one.
func (r *Room) hostLocked(p *Participant) {
	if r.rooms.cfg.FirstIsHost && !p.Watching && !r.moderatedLocked() {
		p.host.Store(true)
	}
}

// passOnLocked finds another host, if there is to be one.
func (r *Room) passOnLocked() {
	if !r.rooms.cfg.FirstIsHost || r.moderatedLocked() {
		return
	}
	var heir *Participant
	for _, p := range r.participants {
		if p.here && !p.Watching && (heir == nil || p.arrival < heir.arrival) {
			heir = p
		}
	}
	if heir == nil {
		return
	}
	heir.host.Store(true)
	heir.log.Info().Msg("participant is the host now")
	r.tellLocked(Appointed{ID: heir.ID}, heir.member.Keep(heir, true)...)
	r.attendedLocked()
	if len(r.waiting.all) > 0 {
		r.toldLocked()
	}
}
