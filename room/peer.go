package room

import (
	"context"

	"github.com/parlorhq/parlor/sfu"
)

// peer is a PeerConnection as a room needs it.
type peer interface {
	Answer(ctx context.Context, offer string) (string, error)
	Show(wishes []sfu.Wish)
	Slots() (rev uint64, slots []sfu.Binding)
	Confirm(rev uint64)
	Close()
}

var _ peer = (*sfu.Peer)(nil)

// peerEvents hears what happens on one Peer of a participant. A Peer that was replaced may still speak; what it says is
// no longer listened to.
type peerEvents struct {
	p *Participant
	// Guarded by the Room's mu.
	peer peer
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
		p.peer, p.shown = nil, shown{}
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
	pub.arrive(t)
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
func (e *peerEvents) LayersWanted(t *sfu.Track, rids []string) {
	p := e.p
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	pub := p.publications[t.Mid()]
	if !e.currentLocked() || pub == nil || pub.track != t {
		return
	}
	pub.wanted = rids
	p.member.Notify(LayersWanted{Mid: pub.mid, RIDs: rids})
}

// QualityChanged implements sfu.Handler.
func (e *peerEvents) QualityChanged(q sfu.Quality) {
	p := e.p
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if e.currentLocked() {
		p.room.qualityLocked(p, q)
	}
}

// ChannelOpened implements sfu.Handler.
func (e *peerEvents) ChannelOpened(c *sfu.Channel) {
	p := e.p
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if e.currentLocked() {
		p.member.Notify(ChannelOpened{Channel: c})
	}
}
