package room

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/sfu"
)

// Participant is one person (or program) in a room.
type Participant struct {
	// Static after join.
	ID, Identity, Name, Metadata string
	Grant                        Grant
	Watching                     bool // to see and hear: others need not make room for them
	room                         *Room
	member                       Member
	log                          zerolog.Logger

	host atomic.Bool // it may administer though its Grant does not say so; set with room.mu held

	// Guarded by room.mu.
	here     bool   // on the roster
	gone     bool   // for good
	expelled Reason // why it was put out, if it was
	arrival  uint64 // orders the roster
	peer     peer   // nil: it has no media
	view     *view  // nil: it has not said what it shows
	shown    shown
	spoke    bool   // a moment ago
	looked   uint64 // when that was last found
	quality  quality
	// publications by m-line of the present Peer; what was declared and what has arrived.
	publications map[string]*publication
}

func newParticipant(r *Room, id string, req JoinRequest) *Participant {
	p := &Participant{
		ID:       id,
		Identity: req.Identity,
		Name:     req.Name,
		Metadata: req.Metadata,
		Grant:    req.Grant,
		Watching: req.Watching,
		room:     r,
		member:   req.Member,
		log:      r.log.With().Str("participant", id).Logger(),
	}
	if p.Watching {
		p.Grant.Publish = false
	}
	if p.Identity == "" {
		p.Identity = id
	}
	return p
}

// Info is what others know of p.
func (p *Participant) Info() Info {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	return p.infoLocked()
}

// Room is the name of the room p is in.
func (p *Participant) Room() string { return p.room.name }

// Logger has the room and the participant in it.
func (p *Participant) Logger() zerolog.Logger { return p.log }

func (p *Participant) infoLocked() Info {
	info := Info{ID: p.ID, Identity: p.Identity, Name: p.Name, Metadata: p.Metadata, Admin: p.Admin(), Watching: p.Watching}
	for _, pub := range p.publications {
		if pub.announced {
			info.Tracks = append(info.Tracks, pub.info())
		}
	}
	slices.SortFunc(info.Tracks, func(a, b TrackInfo) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return info
}

// Snapshot is the room as p should see it now, after a time in which p could not follow the log. What p knows of the
// state holds as of since; 0: nothing.
func (p *Participant) Snapshot(since uint64) Snapshot {
	r := p.room
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.snapshotLocked(p, since)
}

// Answer answers an SDP offer. The first offer, and one that is fresh, get a new Peer, and what was published on the former
// one ends; any other goes on with the Peer there is. It takes milliseconds and is not to be called twice at once for
// one participant.
//
// Errors: those of sfu.Peer.Answer, ErrGone, ErrTooManyTracks, ErrBadSource. What the grant does not allow to publish is left out.
func (p *Participant) Answer(ctx context.Context, offer string, fresh bool, tracks []Publish) (string, error) {
	r := p.room
	r.mu.Lock()
	peer, here := p.peer, p.here
	r.mu.Unlock()
	if !here {
		return "", ErrGone
	}
	isNew := peer == nil || fresh
	if isNew {
		var err error
		if peer, err = p.newPeer(); err != nil {
			return "", err
		}
	}
	answer, err := p.answer(ctx, peer, offer, tracks)
	if err != nil {
		if isNew {
			p.dropPeer(peer)
		}
		return "", fmt.Errorf("answer: %w", err)
	}
	r.mu.Lock()
	if p.peer == peer {
		p.shown.count(peer)
		r.showToLocked(p)
	}
	r.mu.Unlock()
	return answer, nil
}

func (p *Participant) answer(ctx context.Context, peer peer, offer string, tracks []Publish) (string, error) {
	for _, t := range tracks {
		// Who offers cannot know yet what the grant allows; lines beyond it are answered as inactive.
		if err := p.Publish(t); err != nil && !errors.Is(err, ErrNotAllowed) {
			return "", err
		}
	}
	return peer.Answer(ctx, offer)
}

// newPeer puts a new Peer in the place of the former one.
func (p *Participant) newPeer() (peer, error) {
	r := p.room
	events := &peerEvents{p: p}
	peer, err := r.rooms.cfg.Engine.NewPeer(sfu.PeerConfig{
		ID: p.ID, Log: p.log, Publish: p.Grant.Publish, Subscribe: p.Grant.Subscribe, Handler: events,
	})
	if err != nil {
		return nil, fmt.Errorf("new peer: %w", err)
	}
	r.mu.Lock()
	if !p.here {
		r.mu.Unlock()
		peer.Close()
		return nil, ErrGone
	}
	former := p.peer
	p.peer, p.shown = peer, shown{}
	p.retractLocked()
	events.peer = peer
	r.mu.Unlock()
	closePeer(former)
	return peer, nil
}

// dropPeer gives up a Peer that failed.
func (p *Participant) dropPeer(peer peer) {
	p.room.mu.Lock()
	if p.peer == peer {
		p.peer = nil
		p.retractLocked()
	}
	p.room.mu.Unlock()
	peer.Close()
}

// HasPeer says whether there is a Peer that an offer would go on with.
func (p *Participant) HasPeer() bool {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	return p.peer != nil
}

// Slots are all slots of p's Peer and their revision.
func (p *Participant) Slots() (uint64, []Slot) {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	if p.peer == nil {
		return 0, nil
	}
	rev, bindings := p.peer.Slots()
	return rev, p.room.slotsLocked(bindings)
}

// Confirm says that p no longer shows what its slots showed before revision rev.
func (p *Participant) Confirm(rev uint64) {
	p.room.mu.Lock()
	peer := p.peer
	p.room.mu.Unlock()
	if peer != nil {
		peer.Confirm(rev)
	}
}

// Away takes p off the roster but expects it back: its id stays its own.
func (p *Participant) Away(why Reason) {
	r := p.room
	r.mu.Lock()
	peer := r.goLocked(p, why)
	r.mu.Unlock()
	closePeer(peer)
}

// Pause ends p's media without a word to anybody: the server is going to be started again.
func (p *Participant) Pause() {
	r := p.room
	r.mu.Lock()
	peer := p.peer
	p.peer = nil
	r.mu.Unlock()
	closePeer(peer)
}

// Return puts p, which was Away, on the roster again.
//
// Errors: ErrGone, ErrFull.
func (p *Participant) Return() error {
	r := p.room
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case p.gone || r.closed:
		return p.goneLocked()
	case p.here:
		return nil
	case r.lenLocked() >= r.rooms.cfg.Limits.Participants:
		return ErrFull
	}
	r.hostLocked(p)
	r.comeLocked(p)
	return nil
}

// Here says whether p is on the roster.
func (p *Participant) Here() bool {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	return p.here
}

// Leave ends p's stay for good.
func (p *Participant) Leave(why Reason) {
	r := p.room
	r.mu.Lock()
	peer := r.goLocked(p, why)
	if !p.gone {
		p.gone = true
		if r.participants[p.ID] == p {
			delete(r.participants, p.ID)
			r.passOnLocked()
			r.armLocked()
		}
	}
	r.mu.Unlock()
	closePeer(peer)
}
