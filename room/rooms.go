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
	Participants int // in one room; as many again may be expected back
	Waiting      int // to be let into one room
	Tracks       int // published by one participant
	RoomBytes    int
	NameBytes    int
	IdentityBytes,
	MetadataBytes int
}

// leastAbsent is how many of a small room may be expected back.
const leastAbsent = 16

// members is how many of a room may be here or expected back.
func (l *Limits) members() int { return l.Participants + max(l.Participants, leastAbsent) }

// Config of Rooms.
type Config struct {
	Engine *sfu.Engine
	Encode Encoder
	Limits Limits
	// EmptyTimeout is how long a room that everyone left is kept with its log.
	EmptyTimeout time.Duration
	// Settings are those of a room that somebody enters in which nobody is.
	Settings Settings
	// FirstIsHost lets whoever enters a room administer it if nobody else in it may.
	FirstIsHost bool
	// Dropped is told of a room that is gone with all that was said in it, before another one of its name begins: it must not
	// block, and call nothing here. Nil: nobody is told.
	Dropped func(room string)
	Data    datachannel.LogConfig
	Log     zerolog.Logger
	Metrics *metrics.Metrics
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
	cfg.Metrics.Gauge("parlor_waiting", "People who wait to be let into rooms now.", func() float64 {
		n := 0
		for _, r := range rs.all() {
			n += r.Waiting()
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
	// Attempt is a word of who tries to come in that nobody guesses: with it they are found again who wait. Empty: there is none.
	Attempt string
	// Watching says that the newcomer is there to see and hear, and publishes nothing whatever Grant says.
	Watching bool
	// Replaces is the participant whose place and id the newcomer takes; nil: nobody.
	Replaces *Participant
}

// RestoreRequest says who was where before the server was restarted.
type RestoreRequest struct {
	Room, ID                 string
	Identity, Name, Metadata string
	Grant                    Grant
	Member                   Member
	Here                     bool // on the roster
	Host                     bool
	Watching                 bool
}

// Snapshot is a room at one point of its log.
type Snapshot struct {
	Room string
	// Log and Latest are the room's.
	Log    *datachannel.Log
	Latest *datachannel.Latest
	// View is the state, and the offset at which the snapshot holds.
	datachannel.View
	// Participants are those here, without the one it was made for.
	Participants []Info
	Settings     Settings
}

// Join lets somebody into a room. In one critical section the newcomer gets everyone and everyone gets the newcomer:
// the snapshot holds just at the newcomer's Joined entry, or a little before it while that waits to be written; whatever
// comes later is in the log beyond it.
//
// Errors: ErrBadName, ErrNotFound, ErrFull, ErrClosed, ErrLocked, ErrLobbyFull, ErrDenied, ErrRemoved, ErrTooManyRooms,
// ErrDraining, the store's, and a *Waiting if somebody has to let them in.
func (rs *Rooms) Join(req JoinRequest) (*Participant, Snapshot, error) {
	if err := rs.check(req); err != nil {
		return nil, Snapshot{}, err
	}
	p, snap, err := rs.enter(req.Room, req.Create, func(r *Room) (*Participant, Snapshot, error) { return r.join(req) })
	if err == nil {
		rs.mu.Lock()
		rs.joins++
		rs.mu.Unlock()
	}
	return p, snap, err
}

// enter opens a room for somebody to come in. One that is gone meanwhile is opened anew.
func (rs *Rooms) enter(
	name string, create bool, in func(*Room) (*Participant, Snapshot, error),
) (*Participant, Snapshot, error) {
	for {
		r, err := rs.find(name, create)
		if err != nil {
			return nil, Snapshot{}, err
		}
		if err := r.open(); err != nil {
			rs.drop(r)
			return nil, Snapshot{}, err
		}
		p, snap, err := in(r)
		if err == errDead { //nolint:errorlint // never wrapped, never leaves the package
			continue
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
	may := create || rs.kept(name) // the disk is asked while nobody waits for us
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.draining {
		return nil, ErrDraining
	}
	if r := rs.rooms[name]; r != nil {
		return r, nil
	}
	if !may {
		return nil, ErrNotFound
	}
	if len(rs.rooms) >= rs.cfg.Limits.Rooms {
		return nil, ErrTooManyRooms
	}
	r := newRoom(rs, name)
	rs.rooms[name] = r
	return r, nil
}

// kept says whether something of a room is in the store. If that is not known, whoever opens it hears why.
func (rs *Rooms) kept(name string) bool {
	if rs.cfg.Data.Keeper == nil {
		return false
	}
	there, err := rs.cfg.Data.Keeper.Store().Has(name)
	return there || err != nil
}

// Has says whether a room is open now.
func (rs *Rooms) Has(name string) bool {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.rooms[name] != nil
}

// drop forgets a room that nobody came back to.
func (rs *Rooms) drop(r *Room) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.rooms[r.name] == r && r.die() {
		delete(rs.rooms, r.name)
		rs.droppedLocked(r.name)
	}
}

// droppedLocked tells that a room and what was said in it are gone, unless it is kept.
func (rs *Rooms) droppedLocked(name string) {
	if rs.cfg.Data.Keeper == nil && rs.cfg.Dropped != nil {
		rs.cfg.Dropped(name)
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

// Trim lets the logs of silent rooms forget what is too old, and deletes what is to be deleted and could not be. To be
// called every minute or so.
func (rs *Rooms) Trim(now time.Time) {
	for _, r := range rs.all() {
		r.tidy(now)
	}
}

// Restored is to be called when everyone has been put back.
func (rs *Rooms) Restored() {
	for _, r := range rs.all() {
		r.tidy(time.Now())
	}
}

// Restore puts back somebody who was in a room before the server was restarted, without a word to anybody: who is not
// heard of again leaves like everyone who is lost. Others of the room see that its tracks are gone.
//
// Errors: those of Join, and ErrTaken if somebody with this ID is there already.
func (rs *Rooms) Restore(req RestoreRequest) (*Participant, Snapshot, error) {
	return rs.enter(req.Room, true, func(r *Room) (*Participant, Snapshot, error) { return r.restore(req) })
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
	if r != nil {
		rs.droppedLocked(name)
	}
	rs.mu.Unlock()
	if r == nil {
		return ErrNotFound
	}
	r.close()
	return nil
}

// Close drains and closes every room. One that is kept only pauses: whoever is in it is expected back.
func (rs *Rooms) Close() {
	rs.Drain()
	for _, r := range rs.all() {
		if rs.cfg.Data.Keeper != nil {
			r.pause()
			continue
		}
		if err := rs.CloseRoom(r.name); err != nil {
			continue // it was dropped as empty meanwhile
		}
	}
}
