package files

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/internal/metrics"
	"github.com/parlorhq/parlor/internal/steady"
)

var (
	// ErrEmpty means that a file has no bytes.
	ErrEmpty = errors.New("the file is empty")
	// ErrTooLarge means that a file has more bytes than are taken.
	ErrTooLarge = errors.New("the file is too large")
	// ErrFull means that the room's or the server's place for files is used up.
	ErrFull = errors.New("there is no place for more files")
	// ErrNotFound means that there is no such file: there never was, or it is gone.
	ErrNotFound = errors.New("there is no such file")
	// ErrShort means that a file did not come whole.
	ErrShort = errors.New("the file did not come whole")
)

// leastCharge is what a small file counts: it costs more than its bytes.
const leastCharge = 16 << 10

// File is what is known of a file.
type File struct {
	ID   string    `json:"id"`
	Room string    `json:"room"`
	Name string    `json:"name"`
	Type string    `json:"type"` // as its bytes say for a picture, else as its owner says
	Size int64     `json:"size"`
	At   time.Time `json:"at"` // it was put
}

// Limits bound what is kept. All are bytes but Age.
type Limits struct {
	File  int64 // one file; 0: none is taken
	Room  int64 // those of one room
	Total int64 // all
	// Age is how long a file is kept that nobody asks for.
	Age time.Duration
}

// Config of a Store.
type Config struct {
	// Dir is where files are kept; empty: in memory.
	Dir     string
	Limits  Limits
	Log     zerolog.Logger
	Metrics *metrics.Metrics

	now func() time.Time // for ages; nil: a clock that nobody sets
}

// shelf is where the bytes of files are.
type shelf interface {
	// put takes exactly f.Size bytes of r, or leaves nothing behind.
	put(f File, r io.Reader) error
	// open gives a file's bytes.
	open(f File) (Content, error)
	// touch notes that a file was asked for.
	touch(id string, now time.Time)
	remove(id string)
}

// Content is a file's bytes.
type Content interface {
	io.ReadSeeker
	io.Closer
}

// Store keeps files. It is safe for concurrent use. A nil *Store has none and takes none.
type Store struct {
	// Static after Open.
	cfg   Config
	shelf shelf

	mu sync.Mutex
	// Guarded by mu.
	byID  map[string]*kept
	rooms map[string]*place
	used  int64 // charged in all
}

// kept is a file there is.
type kept struct {
	File
	used    time.Time // it was asked for, or put
	touched time.Time // the shelf was told so
}

// place is what a room has here. One that was forgotten is in no map any more, and takes nothing.
type place struct {
	used  int64 // charged
	files map[string]*kept
}

// Open returns a store with what is in its directory, if it has one, which nobody else may use.
func Open(cfg Config) (*Store, error) {
	if cfg.now == nil {
		clock := steady.New(time.Now())
		cfg.now = func() time.Time { return clock.At(time.Now()) }
	}
	s := &Store{cfg: cfg, byID: make(map[string]*kept), rooms: make(map[string]*place), shelf: newMemory()}
	if cfg.Dir != "" {
		d, found, err := openDisk(cfg.Dir, cfg.Log)
		if err != nil {
			return nil, err
		}
		s.shelf = d
		for _, k := range found {
			s.addLocked(s.placeLocked(k.Room), k)
			s.chargeLocked(s.rooms[k.Room], k.Size)
		}
	}
	cfg.Metrics.Gauge("parlor_files", "Files that are kept now.", func() float64 {
		s.mu.Lock()
		defer s.mu.Unlock()
		return float64(len(s.byID))
	})
	cfg.Metrics.Gauge("parlor_file_bytes", "Bytes that files take now, those among them that are on their way.", func() float64 {
		s.mu.Lock()
		defer s.mu.Unlock()
		return float64(s.used)
	})
	return s, nil
}

// Largest is how many bytes a file may have; 0: none is taken.
func (s *Store) Largest() int64 {
	if s == nil {
		return 0
	}
	return s.cfg.Limits.File
}

// Put takes a file of a room: size bytes of r, which may take their time. What it is called and of what type it is its
// owner says; see CleanName and typeOf for what becomes of it.
//
// Errors: ErrEmpty, ErrTooLarge, ErrFull, ErrShort with what r said, ErrNotFound if the room was forgotten meanwhile, and the
// disk's.
func (s *Store) Put(room, name, declared string, size int64, r io.Reader) (File, error) {
	switch {
	case size <= 0:
		return File{}, ErrEmpty
	case size > s.cfg.Limits.File:
		return File{}, fmt.Errorf("%w: at most %d bytes are taken", ErrTooLarge, s.cfg.Limits.File)
	}
	p, err := s.reserve(room, size)
	if err != nil {
		return File{}, err
	}
	f := File{ID: rand.Text(), Room: room, Name: CleanName(name), Size: size, At: s.cfg.now()}
	head := make([]byte, min(size, sniffed))
	if _, err = io.ReadFull(r, head); err != nil {
		err = fmt.Errorf("%w: %w", ErrShort, err)
	} else {
		f.Type = typeOf(head, declared)
		err = s.shelf.put(f, io.MultiReader(bytes.NewReader(head), r))
	}
	s.mu.Lock()
	if err == nil && s.rooms[room] == p {
		s.addLocked(p, &kept{File: f, used: f.At, touched: f.At})
		s.mu.Unlock()
		return f, nil
	}
	s.releaseLocked(room, p, size)
	s.mu.Unlock()
	if err == nil {
		s.shelf.remove(f.ID)
		err = fmt.Errorf("%w: the room is gone", ErrNotFound)
	}
	return File{}, err
}

// Get gives a file and its bytes, which are to be closed. Errors: ErrNotFound, and the disk's.
func (s *Store) Get(id string) (File, Content, error) {
	if s == nil {
		return File{}, nil, ErrNotFound
	}
	now := s.cfg.now()
	s.mu.Lock()
	k := s.byID[id]
	if k == nil {
		s.mu.Unlock()
		return File{}, nil, ErrNotFound
	}
	k.used = now
	tell := now.Sub(k.touched) >= touchEvery
	if tell {
		k.touched = now
	}
	f := k.File
	s.mu.Unlock()
	content, err := s.shelf.open(f)
	if err != nil {
		return File{}, nil, err
	}
	if tell {
		s.shelf.touch(id, now)
	}
	return f, content, nil
}

// touchEvery is how exactly the shelf knows when a file was last asked for.
const touchEvery = time.Hour

// Forget deletes what a room has here.
func (s *Store) Forget(room string) {
	s.mu.Lock()
	p := s.rooms[room]
	if p == nil {
		s.mu.Unlock()
		return
	}
	delete(s.rooms, room)
	var gone []string
	for id, k := range p.files {
		delete(s.byID, id)
		s.used -= charge(k.Size)
		p.used -= charge(k.Size)
		gone = append(gone, id)
	}
	s.mu.Unlock()
	s.remove(gone)
}

// Sweep deletes files that nobody has asked for in long, and those of rooms that are not there any more. To be called every
// minute or so.
func (s *Store) Sweep(there func(room string) bool) {
	oldest := s.cfg.now().Add(-s.cfg.Limits.Age)
	s.mu.Lock()
	var gone []string
	rooms := make([]string, 0, len(s.rooms))
	for room, p := range s.rooms {
		for id, k := range p.files {
			if k.used.Before(oldest) {
				delete(p.files, id)
				delete(s.byID, id)
				s.releaseLocked(room, p, k.Size)
				gone = append(gone, id)
			}
		}
		rooms = append(rooms, room)
	}
	s.mu.Unlock()
	for range gone {
		s.cfg.Metrics.Dropped("file_age")
	}
	s.remove(gone)
	for _, room := range rooms {
		if !there(room) {
			s.Forget(room)
		}
	}
}

func (s *Store) remove(ids []string) {
	for _, id := range ids {
		s.shelf.remove(id)
	}
}

// charge is what a file counts.
func charge(size int64) int64 { return max(size, leastCharge) }

// reserve keeps place for a file that is on its way.
func (s *Store) reserve(room string, size int64) (*place, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var used int64
	if p := s.rooms[room]; p != nil {
		used = p.used
	}
	switch l := s.cfg.Limits; {
	case used+charge(size) > l.Room:
		return nil, fmt.Errorf("%w: this room has %d bytes of files", ErrFull, used)
	case s.used+charge(size) > l.Total:
		return nil, fmt.Errorf("%w on this server", ErrFull)
	}
	p := s.placeLocked(room)
	s.chargeLocked(p, size)
	return p, nil
}

func (s *Store) placeLocked(room string) *place {
	p := s.rooms[room]
	if p == nil {
		p = &place{files: make(map[string]*kept)}
		s.rooms[room] = p
	}
	return p
}

func (s *Store) chargeLocked(p *place, size int64) {
	p.used += charge(size)
	s.used += charge(size)
}

// releaseLocked gives a file's place back; a room without any has none.
func (s *Store) releaseLocked(room string, p *place, size int64) {
	p.used -= charge(size)
	s.used -= charge(size)
	if p.used == 0 && s.rooms[room] == p {
		delete(s.rooms, room)
	}
}

func (s *Store) addLocked(p *place, k *kept) {
	p.files[k.ID] = k
	s.byID[k.ID] = k
}
