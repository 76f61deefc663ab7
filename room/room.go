package room

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
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
	participants map[string]*Participant // here or expected back
	published    published
	settings     Settings
	waiting      waiting
	speaking     []string       // ids, loudest first; never edited
	recent       []*Participant // who spoke a moment ago
	looks        uint64         // at how loud voices are
	rated        []*Participant // whose quality has changed and was not told
	wishes       []sfu.Wish     // memory for those of one participant
	arrivals     uint64
	closed       bool
	dead         bool
	empty        *time.Timer
	expiry       *time.Timer // of the next value that has its time; nil: none is due
	expires      time.Time
	listening    *time.Timer // of the next look at voices; nil: nobody has one
	rating       *time.Timer // of telling qualities; nil: there is nothing to tell
}

func newRoom(rs *Rooms, name string) *Room {
	return &Room{
		rooms:        rs,
		name:         name,
		log:          rs.cfg.Log.With().Str("room", name).Logger(),
		participants: make(map[string]*Participant),
		published:    newPublished(),
		settings:     rs.cfg.Settings,
		waiting:      waiting{all: make(map[string]*Knock)},
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
		r.settleLocked(time.Now()) // it may have been read from the store
		r.changeLocked(r.rooms.cfg.Settings, "")
	}
	id := "p_" + rand.Text()[:16]
	var former peer
	host := false
	old := req.Replaces
	switch {
	case old != nil && r.participants[old.ID] == old: // whoever is in stays in
		id, host = old.ID, old.Host()
		former = r.goLocked(old, ReasonReplaced)
		old.gone = true
		delete(r.participants, id)
	case old != nil && old.expelled != "":
		r.mu.Unlock()
		return nil, Snapshot{}, old.goneLocked()
	default:
		if err := r.admissionLocked(req); err != nil {
			r.armLocked()
			r.mu.Unlock()
			return nil, Snapshot{}, err
		}
	}
	if err := r.fullLocked(); err != nil {
		r.passOnLocked()
		r.armLocked()
		r.mu.Unlock()
		closePeer(former)
		return nil, Snapshot{}, err
	}
	p := newParticipant(r, id, req)
	p.host.Store(host)
	r.hostLocked(p)
	r.participants[id] = p
	if k := r.waiting.all[req.Attempt]; k != nil {
		r.forgetLocked(k)
	}
	r.comeLocked(p)
	snap := r.snapshotLocked(p, 0)
	r.mu.Unlock()
	closePeer(former)
	return p, snap, nil
}

// fullLocked says why nobody else can be let in, if so. Those who are expected back count apart: each is a session that is
// kept, and somebody who comes and goes all the time leaves one every time.
func (r *Room) fullLocked() error {
	l := &r.rooms.cfg.Limits
	switch {
	case r.lenLocked() >= l.Participants:
		return ErrFull
	case len(r.participants) >= l.members():
		return fmt.Errorf("%w: too many are expected back", ErrFull)
	}
	return nil
}

// restore is join for one who was here before the server was restarted.
func (r *Room) restore(req RestoreRequest) (*Participant, Snapshot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.dead:
		return nil, Snapshot{}, errDead
	case r.closed:
		return nil, Snapshot{}, ErrClosed
	}
	if r.participants[req.ID] != nil {
		return nil, Snapshot{}, ErrTaken
	}
	p := newParticipant(r, req.ID, JoinRequest{
		Identity: req.Identity, Name: req.Name, Metadata: req.Metadata, Grant: req.Grant, Member: req.Member, Watching: req.Watching,
	})
	if len(r.participants) == 0 {
		r.tellLocked(Restarted{})
	}
	p.host.Store(req.Host)
	r.participants[p.ID] = p
	r.arrivals++
	p.arrival = r.arrivals
	if req.Here {
		r.enterLocked(p)
	}
	return p, r.snapshotLocked(p, 0), nil
}

// snapshotLocked is the room for p, which knows its state as of since; 0: it knows nothing.
func (r *Room) snapshotLocked(p *Participant, since uint64) Snapshot {
	return Snapshot{Room: r.name, Log: r.data, Latest: r.latest, View: r.data.View(since), Participants: r.infosLocked(p), Settings: r.settings}
}

// comeLocked puts p on the roster.
func (r *Room) comeLocked(p *Participant) {
	r.enterLocked(p)
	p.log.Info().Int("present", r.lenLocked()).Msg("participant joined")
	r.tellLocked(Joined{Participant: p.infoLocked()}, p.member.Keep(p, true)...)
	if p.Admin() {
		r.attendedLocked()
	}
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
func (r *Room) goLocked(p *Participant, why Reason) peer {
	peer := p.peer
	p.peer, p.shown, p.quality = nil, shown{}, quality{}
	gone := p.takeBackLocked()
	if !p.here {
		return peer
	}
	p.here = false
	r.tellLocked(Left{ID: p.ID, Reason: why}, p.member.Keep(p, false)...)
	if p.Admin() {
		r.attendedLocked()
	}
	r.data.Leave(p.ID, time.Now())
	r.latest.Forget(p.ID)
	r.showLocked(gone...)
	p.log.Info().Str("reason", string(why)).Int("present", r.lenLocked()).Msg("participant left")
	return peer
}

// tellLocked appends an event to the log; rows are kept together with it.
func (r *Room) tellLocked(e Event, rows ...datachannel.Row) {
	entry := datachannel.Entry{Kind: datachannel.EntryEvent, Data: r.rooms.cfg.Encode(e), Patient: patient(e), Rows: rows}
	if _, err := r.data.Append(entry, time.Now()); err != nil {
		// Only one that is too large is not taken, and names and metadata have limits.
		r.log.Error().Err(err).Msg("event not logged")
	}
}

// patient says whether an event is told of together with others like it where there are many: a hundred people who come
// one after the other would else be ten thousand packets.
func patient(e Event) bool {
	switch e.(type) {
	case Joined, Left:
		return true
	}
	return false
}

// slotsLocked says what slots show. A track that was taken back a moment ago is nobody's and shows as nothing: that
// the slot is empty is about to be said anyway.
func (r *Room) slotsLocked(bindings []sfu.Binding) []Slot {
	out := make([]Slot, len(bindings))
	for i, b := range bindings {
		out[i] = Slot{Mid: b.Mid, Kind: b.Kind, After: b.After, HasAfter: b.HasAfter}
		if pub := r.published.of[b.Track]; pub != nil {
			out[i].Track, out[i].Participant, out[i].Paused = b.Track.ID(), pub.owner.ID, b.Paused
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
