package room

import (
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/internal/metrics"
	"github.com/parlorhq/parlor/sfu"
)

// Encoder renders an event as what the log keeps: the members of an object in the language of the doors.
type Encoder func(Event) []byte

// Limits bound what rooms hold. All are counts or bytes.
type Limits struct {
	Rooms        int
	Participants int // in one room
	Tracks       int // published by one participant
	RoomBytes    int
	NameBytes    int
	IdentityBytes,
	MetadataBytes int
}

// Config of Rooms.
type Config struct {
	Engine *sfu.Engine
	Encode Encoder
	Limits Limits
	// EmptyTimeout is how long a room that everyone left is kept with its log.
	EmptyTimeout time.Duration
	Data         datachannel.LogConfig
	Log          zerolog.Logger
	Metrics      *metrics.Metrics
}

// Rooms are the rooms of a server, by name.
type Rooms struct {
	cfg Config

	mu       sync.Mutex
	rooms    map[string]*Room
	draining bool
	joins    uint64
}

// NewRooms returns a server's rooms, none yet.
func NewRooms(cfg Config) *Rooms {
	rs := &Rooms{cfg: cfg, rooms: make(map[string]*Room)}
	cfg.Metrics.Gauge("parlor_rooms", "Rooms that exist now.", func() float64 {
		rs.mu.Lock()
		defer rs.mu.Unlock()
		return float64(len(rs.rooms))
	})
	cfg.Metrics.Gauge("parlor_participants", "People in rooms now.", func() float64 {
		n := 0
		for _, r := range rs.all() {
			n += r.Len()
		}
		return float64(n)
	})
	cfg.Metrics.Counter("parlor_joins_total", "Joins so far.", func() float64 {
		rs.mu.Lock()
		defer rs.mu.Unlock()
		return float64(rs.joins)
	})
	return rs
}

// JoinRequest says who wants to go where.
type JoinRequest struct {
	Room string
	// Create makes the room if there is none; else that is ErrNotFound.
	Create                   bool
	Identity, Name, Metadata string
	Grant                    Grant
	Member                   Member
	// Replaces is the participant whose place and id the newcomer takes; nil: nobody.
	Replaces *Participant
}

// Snapshot is a room at one point of its log.
type Snapshot struct {
	Room string
	// Log is the room's; Position is the offset the snapshot holds at.
	Log      *datachannel.Log
	Position uint64
	// Participants are those here, without the one it was made for.
	Participants []Info
}

// Join lets somebody into a room. In one critical section the newcomer gets everyone and everyone gets the newcomer:
// the snapshot holds just at the newcomer's Joined entry, and whatever comes later is in the log beyond it.
//
// Errors: ErrBadName, ErrNotFound, ErrFull, ErrClosed, ErrTooManyRooms, ErrDraining.
func (rs *Rooms) Join(req JoinRequest) (*Participant, Snapshot, error) {
	if err := rs.check(req); err != nil {
		return nil, Snapshot{}, err
	}
	for {
		r, err := rs.find(req.Room, req.Create)
		if err != nil {
			return nil, Snapshot{}, err
		}
		p, snap, err := r.join(req)
		if err == errDead { //nolint:errorlint // never wrapped, never leaves the package
			continue
		}
		if err == nil {
			rs.mu.Lock()
			rs.joins++
			rs.mu.Unlock()
		}
		return p, snap, err
	}
}

func (rs *Rooms) check(req JoinRequest) error {
	l := rs.cfg.Limits
	if err := CheckName("room", req.Room, l.RoomBytes); err != nil {
		return err
	}
	if err := CheckName("name", req.Name, l.NameBytes); err != nil {
		return err
	}
	if req.Identity != "" {
		if err := CheckName("identity", req.Identity, l.IdentityBytes); err != nil {
			return err
		}
	}
	if len(req.Metadata) > l.MetadataBytes {
		return fmt.Errorf("%w: the metadata is longer than %d bytes", ErrBadName, l.MetadataBytes)
	}
	return nil
}

func (rs *Rooms) find(name string, create bool) (*Room, error) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.draining {
		return nil, ErrDraining
	}
	if r := rs.rooms[name]; r != nil {
		return r, nil
	}
	if !create {
		return nil, ErrNotFound
	}
	if len(rs.rooms) >= rs.cfg.Limits.Rooms {
		return nil, ErrTooManyRooms
	}
	r := newRoom(rs, name)
	rs.rooms[name] = r
	return r, nil
}

// drop forgets a room that nobody came back to.
func (rs *Rooms) drop(r *Room) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.rooms[r.name] == r && r.die() {
		delete(rs.rooms, r.name)
	}
}

func (rs *Rooms) all() []*Room {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	out := make([]*Room, 0, len(rs.rooms))
	for _, r := range rs.rooms {
		out = append(out, r)
	}
	return out
}

// Trim lets the logs of silent rooms forget what is too old. To be called every minute or so.
func (rs *Rooms) Trim(now time.Time) {
	for _, r := range rs.all() {
		r.data.Trim(now)
	}
}

// Drain lets nobody in any more.
func (rs *Rooms) Drain() {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.draining = true
}

// Draining says whether Drain was called.
func (rs *Rooms) Draining() bool {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.draining
}

// CloseRoom puts everyone out of a room and forgets it: ErrNotFound if there is none.
func (rs *Rooms) CloseRoom(name string) error {
	rs.mu.Lock()
	r := rs.rooms[name]
	delete(rs.rooms, name)
	rs.mu.Unlock()
	if r == nil {
		return ErrNotFound
	}
	r.close()
	return nil
}

// Close drains and closes every room.
func (rs *Rooms) Close() {
	rs.Drain()
	for _, r := range rs.all() {
		if err := rs.CloseRoom(r.name); err != nil {
			continue // it was dropped as empty meanwhile
		}
	}
}
