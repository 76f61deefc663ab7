package room

import "github.com/parlorhq/parlor/sfu"

// peerEvents hears what happens on one Peer of a participant. A Peer that was replaced may still speak; what it says is
// no longer listened to.
type peerEvents struct {
	p *Participant
	// Guarded by the Room's mu.
	peer *sfu.Peer
}

var _ sfu.Handler = (*peerEvents)(nil)

func (e *peerEvents) currentLocked() bool { return e.peer != nil && e.p.peer == e.peer }

// PeerState implements sfu.Handler.
func (e *peerEvents) PeerState(s sfu.State) {
	if s != sfu.Failed && s != sfu.Closed {
		return
	}
	p := e.p
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if !e.currentLocked() {
		return
	}
	if s == sfu.Closed {
		p.peer = nil
		p.retractLocked()
	}
	p.log.Info().Stringer("state", s).Msg("peer lost")
	p.member.Notify(PeerLost{})
}

// TrackStarted implements sfu.Handler.
func (e *peerEvents) TrackStarted(t *sfu.Track) {
	p := e.p
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if !e.currentLocked() {
		return
	}
	pub := p.publicationLocked(t.Mid())
	pub.track = t
	p.announceLocked(pub)
}

// TrackEnded implements sfu.Handler.
func (e *peerEvents) TrackEnded(t *sfu.Track) {
	p := e.p
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if !e.currentLocked() {
		return
	}
	if pub := p.publications[t.Mid()]; pub != nil && pub.track == t {
		p.unannounceLocked(pub)
		delete(p.publications, pub.mid)
	}
}

// SlotsChanged implements sfu.Handler.
func (e *peerEvents) SlotsChanged(rev uint64, bindings []sfu.Binding) {
	p := e.p
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if e.currentLocked() {
		p.member.Notify(SlotsChanged{Rev: rev, Slots: p.room.slotsLocked(bindings)})
	}
}

// LayersWanted implements sfu.Handler.
func (e *peerEvents) LayersWanted(*sfu.Track, []string) {}

// QualityChanged implements sfu.Handler.
func (e *peerEvents) QualityChanged(sfu.Quality) {}

// ChannelOpened implements sfu.Handler.
func (e *peerEvents) ChannelOpened(c *sfu.Channel) {
	p := e.p
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if e.currentLocked() {
		p.member.Notify(ChannelOpened{Channel: c})
	}
}
