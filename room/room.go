package room

import (
	"cmp"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/sfu"
)

// errDead: the room was forgotten between finding and entering it; look again.
var errDead = errors.New("the room is gone")

// Room is people with one log.
type Room struct {
	// Static after newRoom.
	rooms *Rooms
	name  string
	data  *datachannel.Log
	log   zerolog.Logger

	// mu guards what follows and all that Participant says it guards. It is also held while entries are appended, so that
	// the order of the log is the order of what happened.
	mu           sync.Mutex
	participants map[string]*Participant     // here or expected back
	owners       map[*sfu.Track]*Participant // of what is announced
	arrivals     uint64
	closed       bool
	dead         bool
	empty        *time.Timer
}

func newRoom(rs *Rooms, name string) *Room {
	r := &Room{
		rooms:        rs,
		name:         name,
		data:         datachannel.NewLog(rs.cfg.Data),
		log:          rs.cfg.Log.With().Str("room", name).Logger(),
		participants: make(map[string]*Participant),
		owners:       make(map[*sfu.Track]*Participant),
	}
	r.mu.Lock()
	r.armLocked() // should nobody make it in
	r.mu.Unlock()
	r.log.Info().Msg("room opened")
	return r
}

// Len is how many are here.
func (r *Room) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lenLocked()
}

func (r *Room) lenLocked() int {
	n := 0
	for _, p := range r.participants {
		if p.here {
			n++
		}
	}
	return n
}

func (r *Room) join(req JoinRequest) (*Participant, Snapshot, error) {
	r.mu.Lock()
	if r.dead {
		r.mu.Unlock()
		return nil, Snapshot{}, errDead
	}
	if r.closed {
		r.mu.Unlock()
		return nil, Snapshot{}, ErrClosed
	}
	id := "p_" + rand.Text()[:16]
	var former *sfu.Peer
	if old := req.Replaces; old != nil && r.participants[old.ID] == old {
		id = old.ID
		former = r.goLocked(old, ReasonReplaced)
		old.gone = true
		delete(r.participants, id)
	}
	if r.lenLocked() >= r.rooms.cfg.Limits.Participants {
		r.armLocked()
		r.mu.Unlock()
		closePeer(former)
		return nil, Snapshot{}, ErrFull
	}
	p := newParticipant(r, id, req)
	r.participants[id] = p
	snap := Snapshot{Room: r.name, Log: r.data}
	snap.Position = r.comeLocked(p)
	snap.Participants = r.infosLocked(p)
	r.mu.Unlock()
	closePeer(former)
	return p, snap, nil
}

// comeLocked puts p on the roster and returns the offset of the entry that says so.
func (r *Room) comeLocked(p *Participant) uint64 {
	r.arrivals++
	p.arrival = r.arrivals
	p.here = true
	if r.empty != nil {
		r.empty.Stop()
		r.empty = nil
	}
	p.log.Info().Int("present", r.lenLocked()).Msg("participant joined")
	return r.tellLocked(Joined{Participant: p.infoLocked()})
}

// goLocked takes p off the roster. The Peer it returns is to be closed once the lock is let go.
func (r *Room) goLocked(p *Participant, why Reason) *sfu.Peer {
	peer := p.peer
	p.peer = nil
	for _, pub := range p.publications {
		delete(r.owners, pub.track)
	}
	p.publications = nil
	if !p.here {
		return peer
	}
	p.here = false
	r.tellLocked(Left{ID: p.ID, Reason: why})
	r.showLocked()
	p.log.Info().Str("reason", string(why)).Int("present", r.lenLocked()).Msg("participant left")
	return peer
}

// tellLocked appends an event to the log and returns its offset.
func (r *Room) tellLocked(e Event) uint64 {
	o, err := r.data.Append(datachannel.Entry{Kind: datachannel.EntryEvent, Data: r.rooms.cfg.Encode(e)}, time.Now())
	if err != nil {
		// A log in memory takes every entry; one that cannot is closed with its room.
		r.log.Error().Err(err).Msg("event not logged")
	}
	return o
}

// showLocked says to every Peer what to show: what the others publish, screens first, then in order of arrival.
func (r *Room) showLocked() {
	for _, p := range r.participants {
		r.showToLocked(p)
	}
}

func (r *Room) showToLocked(p *Participant) {
	if p.peer == nil || !p.here || !p.Grant.Subscribe {
		return
	}
	var pubs []*publication
	for _, q := range r.participants {
		if q == p || !q.here {
			continue
		}
		for _, pub := range q.publications {
			if pub.announced {
				pubs = append(pubs, pub)
			}
		}
	}
	slices.SortFunc(pubs, func(a, b *publication) int {
		return cmp.Or(
			cmp.Compare(rank(a.source), rank(b.source)),
			cmp.Compare(a.owner.arrival, b.owner.arrival),
			cmp.Compare(a.track.ID(), b.track.ID()),
		)
	})
	tracks := make([]*sfu.Track, len(pubs))
	for i, pub := range pubs {
		tracks[i] = pub.track
	}
	p.peer.Show(tracks)
}

func rank(s Source) int {
	if s == Screen || s == ScreenAudio {
		return 0
	}
	return 1
}

// slotsLocked says what slots show. A track that was taken back a moment ago is nobody's and shows as nothing: that
// the slot is empty is about to be said anyway.
func (r *Room) slotsLocked(bindings []sfu.Binding) []Slot {
	out := make([]Slot, len(bindings))
	for i, b := range bindings {
		out[i] = Slot{Mid: b.Mid, Kind: b.Kind, After: b.After, HasAfter: b.HasAfter}
		if owner := r.owners[b.Track]; owner != nil {
			out[i].Track, out[i].Participant = b.Track.ID(), owner.ID
		}
	}
	return out
}

func (r *Room) infosLocked(but *Participant) []Info {
	var here []*Participant
	for _, p := range r.participants {
		if p.here && p != but {
			here = append(here, p)
		}
	}
	slices.SortFunc(here, func(a, b *Participant) int { return cmp.Compare(a.arrival, b.arrival) })
	infos := make([]Info, len(here))
	for i, p := range here {
		infos[i] = p.infoLocked()
	}
	return infos
}

// armLocked starts the clock of an empty room.
func (r *Room) armLocked() {
	if len(r.participants) > 0 || r.empty != nil || r.closed {
		return
	}
	r.empty = time.AfterFunc(r.rooms.cfg.EmptyTimeout, func() { r.rooms.drop(r) })
}

// die marks an empty room as gone; false if somebody is in it.
func (r *Room) die() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.participants) > 0 {
		return false
	}
	r.dead = true
	r.log.Info().Msg("room dropped, nobody came back")
	return true
}

// close puts everyone out.
func (r *Room) close() {
	r.mu.Lock()
	r.closed, r.dead = true, true
	if r.empty != nil {
		r.empty.Stop()
	}
	var peers []*sfu.Peer
	for id, p := range r.participants {
		peers = append(peers, r.goLocked(p, ReasonClosed))
		p.gone = true
		delete(r.participants, id)
		p.member.Notify(Expelled{Reason: ReasonClosed})
	}
	r.mu.Unlock()
	for _, peer := range peers {
		closePeer(peer)
	}
	r.log.Info().Msg("room closed")
}

func closePeer(p *sfu.Peer) {
	if p != nil {
		p.Close()
	}
}
