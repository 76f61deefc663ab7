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
	log   zerolog.Logger

	// opening reads what is kept of the room, once, before anybody is in it.
	opening sync.Once
	failed  error // of opening

	// Static after opening.
	data   *datachannel.Log
	latest *datachannel.Latest

	// mu guards what follows and all that Participant says it guards. It is also held while entries are appended, so that
	// the order of the log is the order of what happened.
	mu           sync.Mutex
	participants map[string]*Participant     // here or expected back
	owners       map[*sfu.Track]*Participant // of what is announced
	arrivals     uint64
	closed       bool
	dead         bool
	empty        *time.Timer
	expiry       *time.Timer // of the next value that has its time; nil: none is due
	expires      time.Time
}

func newRoom(rs *Rooms, name string) *Room {
	r := &Room{
		rooms:        rs,
		name:         name,
		log:          rs.cfg.Log.With().Str("room", name).Logger(),
		participants: make(map[string]*Participant),
		owners:       make(map[*sfu.Track]*Participant),
	}
	r.mu.Lock()
	r.armLocked() // should nobody make it in
	r.mu.Unlock()
	return r
}

// open reads what is kept of the room. Whoever is to enter calls it first; it takes as long as the disk does.
func (r *Room) open() error {
	r.opening.Do(func() {
		c := r.rooms.cfg.Data
		c.Room, c.Metrics = r.name, r.rooms.cfg.Metrics
		data, err := datachannel.NewLog(c)
		if err != nil {
			r.failed = err
			r.log.Error().Err(err).Msg("room not readable")
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.data = data
		r.latest = datachannel.NewLatest(datachannel.LatestConfig{Metrics: c.Metrics})
		r.expireLocked(time.Now())
		r.log.Info().Uint64("position", data.Head()).Msg("room opened")
	})
	return r.failed
}

// expireAgain is when to try again to delete what has lived its time but could not be deleted: the disk does not write.
const expireAgain = time.Second

// expireLocked deletes what of the state has lived its time, and sees to it that it is done again in time.
func (r *Room) expireLocked(now time.Time) {
	next, more := r.data.Expire(now)
	if r.expiry != nil {
		r.expiry.Stop()
		r.expiry = nil
	}
	if more && !r.dead {
		wait := next.Sub(now)
		if wait <= 0 {
			wait = expireAgain
		}
		r.expires = now.Add(wait)
		r.expiry = time.AfterFunc(wait, func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			if !r.dead {
				r.expireLocked(time.Now())
			}
		})
	}
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
	if len(r.participants) == 0 {
		r.settleLocked() // it may have been read from the store
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
	r.comeLocked(p)
	snap := r.snapshotLocked(p, 0)
	r.mu.Unlock()
	closePeer(former)
	return p, snap, nil
}

// restore is join for one who was here before the server was restarted.
func (r *Room) restore(req RestoreRequest) (*Participant, Snapshot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dead || r.closed {
		return nil, Snapshot{}, ErrClosed
	}
	p := newParticipant(r, req.ID, JoinRequest{
		Identity: req.Identity, Name: req.Name, Metadata: req.Metadata, Grant: req.Grant, Member: req.Member,
	})
	if len(r.participants) == 0 {
		r.tellLocked(Restarted{})
	}
	r.participants[p.ID] = p
	r.arrivals++
	p.arrival = r.arrivals
	if req.Here {
		r.enterLocked(p)
	}
	return p, r.snapshotLocked(p, 0), nil
}

// settleLocked deletes what belongs to people of former lives of the room.
func (r *Room) settleLocked() {
	r.data.LeaveBut(func(id string) bool { p := r.participants[id]; return p != nil && p.here }, time.Now())
}

// snapshotLocked is the room for p, which knows its state as of since; 0: it knows nothing.
func (r *Room) snapshotLocked(p *Participant, since uint64) Snapshot {
	return Snapshot{Room: r.name, Log: r.data, Latest: r.latest, View: r.data.View(since), Participants: r.infosLocked(p)}
}

// comeLocked puts p on the roster.
func (r *Room) comeLocked(p *Participant) {
	r.enterLocked(p)
	p.log.Info().Int("present", r.lenLocked()).Msg("participant joined")
	r.tellLocked(Joined{Participant: p.infoLocked()}, p.member.Keep(p, true)...)
}

// enterLocked is comeLocked without a word: for one who was here all the time.
func (r *Room) enterLocked(p *Participant) {
	r.arrivals++
	p.arrival = r.arrivals
	p.here = true
	if r.empty != nil {
		r.empty.Stop()
		r.empty = nil
	}
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
	r.tellLocked(Left{ID: p.ID, Reason: why}, p.member.Keep(p, false)...)
	r.data.Leave(p.ID, time.Now())
	r.latest.Forget(p.ID)
	r.showLocked()
	p.log.Info().Str("reason", string(why)).Int("present", r.lenLocked()).Msg("participant left")
	return peer
}

// tellLocked appends an event to the log; rows are kept together with it.
func (r *Room) tellLocked(e Event, rows ...datachannel.Row) {
	entry := datachannel.Entry{Kind: datachannel.EntryEvent, Data: r.rooms.cfg.Encode(e), Rows: rows}
	if _, err := r.data.Append(entry, time.Now()); err != nil {
		// Only one that is too large is not taken, and names and metadata have limits.
		r.log.Error().Err(err).Msg("event not logged")
	}
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
	wishes := make([]sfu.Wish, len(pubs))
	for i, pub := range pubs {
		wishes[i] = sfu.Wish{Track: pub.track}
	}
	p.peer.Show(wishes)
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
	r.endLocked()
	r.log.Info().Msg("room dropped, nobody came back")
	return true
}

// close puts everyone out.
func (r *Room) close() {
	r.mu.Lock()
	r.closed = true
	var peers []*sfu.Peer
	for id, p := range r.participants {
		peers = append(peers, r.goLocked(p, ReasonClosed))
		p.gone = true
		delete(r.participants, id)
		p.member.Notify(Expelled{Reason: ReasonClosed})
	}
	r.endLocked()
	r.mu.Unlock()
	for _, peer := range peers {
		closePeer(peer)
	}
	r.log.Info().Msg("room closed")
}

// pause ends the room without a word to the log, for a server that is going to be started again.
func (r *Room) pause() {
	r.mu.Lock()
	var peers []*sfu.Peer
	for _, p := range r.participants {
		peers = append(peers, p.peer)
		p.peer, p.gone = nil, true
	}
	r.closed = true
	r.endLocked()
	r.mu.Unlock()
	for _, peer := range peers {
		closePeer(peer)
	}
	r.log.Info().Msg("room paused")
}

// endLocked stops the room's clocks and gives back what it holds.
func (r *Room) endLocked() {
	r.dead = true
	for _, t := range []*time.Timer{r.empty, r.expiry} {
		if t != nil {
			t.Stop()
		}
	}
	if r.data != nil {
		r.data.Close()
	}
}

func closePeer(p *sfu.Peer) {
	if p != nil {
		p.Close()
	}
}
