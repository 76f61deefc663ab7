// Package disk keeps what is said in rooms in files, as a [datachannel.Store].
//
// It knows rows. It does not know what they mean, who wrote them, or when they can go.
//
// A directory holds a table (a B+tree, go.etcd.io/bbolt) and journals. A Write is added to the newest journal and is
// done when the operating system has it: it survives the process being killed, and after [Options.Sync] the machine
// losing power. When a journal is long enough, its rows are folded into the table in one synced transaction and the
// journal is removed. So what is acknowledged costs one write to the end of a file, and the table can always be opened.
// What power loss may take is the end of what was written within the last [Options.Sync]; never a part of a Write,
// and never something before something that remains. docs/decisions/0009 has the figures.
package disk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/internal/steady"
)

var (
	// ErrInUse means that another server has the directory.
	ErrInUse = errors.New("the directory is in use by another server")
	// ErrDamaged means that files are not what was once written.
	ErrDamaged = errors.New("the store is damaged")
	// ErrClosed means that the store was closed.
	ErrClosed = errors.New("the store is closed")
)

// Options of a store. A zero field has its default.
type Options struct {
	// Sync is how long a row may wait until it also survives power loss, 20 ms. If it is negative, Write returns after that.
	Sync time.Duration
	// MaxBytes is how much may be in use: 1 GiB, or half of what the disk has for it if that is less. Beyond it Write
	// returns ErrFull, except for rows that are deleted. It counts pages of the table and rows of the journals, so it can be
	// passed by what rounding to pages makes of 8 MiB of rows. Files do not shrink; what was freed in them is used again.
	// A disk that is full itself takes nothing, not even that something is deleted, until there is room.
	MaxBytes int64

	foldAt int                             // bytes of a journal, 4 MiB or an eighth of MaxBytes
	create func(path string) (file, error) // makes a journal
	now    func() time.Time                // for when a room was used
}

func (o Options) withDefaults(dir string) Options {
	if o.Sync == 0 {
		o.Sync = 20 * time.Millisecond
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = min(1<<30, available(dir)/2)
	}
	if o.foldAt <= 0 {
		o.foldAt = int(min(4<<20, max(o.MaxBytes/8, 64<<10)))
	}
	if o.create == nil {
		o.create = createFile
	}
	if o.now == nil {
		clock := steady.New(time.Now()) // one that is put wrong for a moment makes no room old
		o.now = func() time.Time { return clock.At(time.Now()) }
	}
	return o
}

// Store is a directory. It is safe for concurrent use.
type Store struct {
	// Static after Open.
	dir     string
	o       Options
	lock    *os.File
	table   *table
	damage  error
	queue   chan *request
	closing chan struct{}
	done    chan struct{} // closed when run has returned
	once    sync.Once
	err     error // of closing; read after done

	// Owned by run.
	journal  *journal    // the newest
	older    []*journal  // removed when they are folded, oldest first
	broken   error       // a journal cannot be trusted any more; until all is folded nothing is written
	foldErr  error       // the fold of folding failed, or could not begin
	retryAt  time.Time   // not to try again in vain before
	inFlight bool        // a fold, for folded
	syncing  bool        // for synced
	armed    bool        // the timer
	timer    *time.Timer // for the next sync
	buf      []byte
	folded   chan error
	synced   chan error
	tasks    sync.WaitGroup

	mu sync.RWMutex
	// Guarded by mu; written by run only.
	active  *layer // what the newest journal says
	folding *layer // what older journals say that are on their way into the table; never changed, nil if there are none
}

var _ datachannel.Store = (*Store)(nil)

// Open opens or makes the store in a directory. One that another server has is ErrInUse at once. Files that are damaged
// are set aside in a directory beside them, and the store goes on with what is whole: see Damage.
func Open(dir string, o Options) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	held, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	s := &Store{
		dir: dir, o: o.withDefaults(dir), lock: held, active: newLayer(),
		queue: make(chan *request, 64), closing: make(chan struct{}), done: make(chan struct{}),
		synced: make(chan error, 1), folded: make(chan error, 1),
	}
	err = lock(held)
	if err == nil {
		err = s.load()
	}
	if err != nil {
		if s.table != nil {
			_ = s.table.db.Close() // the error that matters is said already
		}
		_ = held.Close()
		return nil, fmt.Errorf("store in %s: %w", dir, named(err))
	}
	go s.run()
	return s, nil
}

// Damage is what was wrong with the files when they were opened, and where they are now. It is nil, or wraps ErrDamaged;
// whoever opened the store says it to whoever runs the server.
func (s *Store) Damage() error { return s.damage }

// Used is how much of MaxBytes is in use.
func (s *Store) Used() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	used := s.table.used.Load() + int64(s.active.bytes)
	if s.folding != nil {
		used += int64(s.folding.bytes)
	}
	return used
}

// Write implements datachannel.Store. Writes that come while the disk is busy go to it together.
func (s *Store) Write(rows []datachannel.Row) error {
	if len(rows) == 0 {
		return nil
	}
	record, grows, err := encode(rows, s.o.now().Unix())
	if err != nil {
		return err
	}
	return s.put(&request{record: record, grows: grows, result: make(chan error, 1)})
}

// Forget implements datachannel.Store.
func (s *Store) Forget(room string) error {
	return s.put(&request{record: encodeForget(room, s.o.now().Unix()), result: make(chan error, 1)})
}

func (s *Store) put(w *request) error {
	select {
	case <-s.closing:
		return ErrClosed
	default:
	}
	select {
	case s.queue <- w:
	case <-s.done:
		return ErrClosed
	}
	select {
	case err := <-w.result:
		return err
	case <-s.done:
	}
	select {
	case err := <-w.result:
		return err
	default:
		return ErrClosed // it came to the queue as run returned
	}
}

// Read implements datachannel.Store. The rows are those of one moment; f may call the store.
func (s *Store) Read(room string, f func(datachannel.Row) error) error {
	var above changes
	var rows []datachannel.Row
	err := s.view(func(layers ...*layer) {
		above = over(room, layers...)
	}, func(tx *bolt.Tx) error {
		rows = read(tx, room, &above)
		return nil
	})
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := f(r); err != nil {
			return err
		}
	}
	return nil
}

// Has implements datachannel.Store.
func (s *Store) Has(room string) (there bool, err error) {
	forgotten := false
	err = s.view(func(layers ...*layer) {
		for _, l := range layers {
			if c := l.rooms[room]; c != nil {
				forgotten = forgotten || c.forgotten
				there = c.put || there && !c.forgotten
			}
		}
	}, func(tx *bolt.Tx) error {
		there = there || !forgotten && tx.Bucket([]byte(roomPrefix+room)) != nil
		return nil
	})
	return there, err
}

// Rooms implements datachannel.Store. A room is there from its first row until it is forgotten; "" is none. It may have
// been written to up to a minute later than is said. f may call the store.
func (s *Store) Rooms(f func(room string, used int64) error) error {
	type hint struct{ forgotten, put bool }
	hints := map[string]hint{}
	newer := map[string]int64{}
	var all map[string]int64
	err := s.view(func(layers ...*layer) {
		for _, l := range layers {
			for room, c := range l.rooms {
				h := hints[room]
				if c.forgotten {
					h = hint{forgotten: true}
				}
				h.put = h.put || c.put
				hints[room] = h
				newer[room] = max(newer[room], c.used)
			}
		}
	}, func(tx *bolt.Tx) (err error) {
		all, err = rooms(tx)
		return err
	})
	if err != nil {
		return err
	}
	for room, h := range hints {
		if h.forgotten {
			delete(all, room)
		}
		if used, there := all[room]; there || h.put {
			all[room] = max(used, newer[room])
		}
	}
	delete(all, "")
	for room, used := range all {
		if err := f(room, used); err != nil {
			return err
		}
	}
	return nil
}

// view has above look at the layers, oldest first, and then below at the table that they lie on.
func (s *Store) view(above func(layers ...*layer), below func(*bolt.Tx) error) error {
	return guard(func() error {
		s.mu.RLock()
		layers := []*layer{s.active}
		if s.folding != nil {
			layers = []*layer{s.folding, s.active}
		}
		above(layers...)
		tx, err := s.table.db.Begin(false) // before a fold can take its layer away
		s.mu.RUnlock()
		if errors.Is(err, berrors.ErrDatabaseNotOpen) {
			return ErrClosed
		}
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }() // there is nothing to roll back
		return below(tx)
	})
}

// Close implements datachannel.Store. Writes that are waiting are written; those that come later get ErrClosed.
func (s *Store) Close() error {
	s.once.Do(func() { close(s.closing) })
	<-s.done
	return s.err
}
