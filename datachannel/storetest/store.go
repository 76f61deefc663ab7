// Package storetest has a [datachannel.Store] for tests: rows in a map, and faults to order.
//
// It knows what a Store promises. It does not know disks, and outlives no process.
package storetest

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parlorhq/parlor/datachannel"
)

// ErrClosed is what a store says that was closed.
var ErrClosed = errors.New("the store is closed")

// Store keeps rows in memory. It can be told to fail and to stand still. A new one is New.
type Store struct {
	mu sync.Mutex
	// Guarded by mu.
	rows    map[key][]byte
	used    map[string]int64
	fault   error
	blocked chan struct{} // closed by Unblock; nil if writes may pass
	waiting int
	writes  int
	failed  int
	closed  bool
	changed chan struct{} // closed and made anew when a write begins to wait
}

type key struct {
	room  string
	table datachannel.Table
	key   string
}

var _ datachannel.Store = (*Store)(nil)

// New returns an empty store that works.
func New() *Store {
	return &Store{rows: map[key][]byte{}, used: map[string]int64{}, changed: make(chan struct{})}
}

// Fail makes every Write and Forget from now on return err and do nothing else, until Fail(nil). Take
// datachannel.ErrFull for a full disk and syscall.EIO for a broken one. Reading goes on.
func (s *Store) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = err
}

// Block makes every Write and Forget from now on wait until Unblock.
func (s *Store) Block() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blocked == nil {
		s.blocked = make(chan struct{})
	}
}

// Unblock lets those go on that wait.
func (s *Store) Unblock() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blocked != nil {
		close(s.blocked)
		s.blocked = nil
	}
}

// Waiting returns when n writes wait for Unblock.
func (s *Store) Waiting(n int) {
	for {
		s.mu.Lock()
		changed, waiting := s.changed, s.waiting
		s.mu.Unlock()
		if waiting >= n {
			return
		}
		<-changed
	}
}

// Writes is how many calls of Write and Forget succeeded, and how many failed.
func (s *Store) Writes() (done, failed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes, s.failed
}

// Clone is a working store with the same rows: what a server finds that is started after this one was killed.
func (s *Store) Clone() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := New()
	maps.Copy(c.rows, s.rows)
	maps.Copy(c.used, s.used)
	return c
}

// Write implements datachannel.Store.
func (s *Store) Write(rows []datachannel.Row) error {
	return s.change(func() {
		for _, r := range rows {
			k := key{r.Room, r.Table, string(r.Key)}
			if r.Value == nil {
				delete(s.rows, k)
			} else {
				s.rows[k] = append([]byte{}, r.Value...)
			}
			if _, there := s.used[r.Room]; there || r.Value != nil {
				s.used[r.Room] = time.Now().Unix()
			}
		}
	})
}

// Forget implements datachannel.Store.
func (s *Store) Forget(room string) error {
	return s.change(func() {
		for k := range s.rows {
			if k.room == room {
				delete(s.rows, k)
			}
		}
		delete(s.used, room)
	})
}

func (s *Store) change(f func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.blocked != nil && !s.closed {
		blocked := s.blocked
		s.waiting++
		close(s.changed)
		s.changed = make(chan struct{})
		s.mu.Unlock()
		<-blocked
		s.mu.Lock()
		s.waiting--
	}
	err := s.fault
	if s.closed {
		err = ErrClosed
	}
	if err != nil {
		s.failed++
		return err
	}
	s.writes++
	f()
	return nil
}

// Read implements datachannel.Store.
func (s *Store) Read(room string, f func(datachannel.Row) error) error {
	s.mu.Lock()
	var rows []datachannel.Row
	for k, v := range s.rows {
		if k.room == room {
			rows = append(rows, datachannel.Row{Room: room, Table: k.table, Key: []byte(k.key), Value: slices.Clone(v)})
		}
	}
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return ErrClosed
	}
	slices.SortFunc(rows, func(a, b datachannel.Row) int {
		if a.Table != b.Table {
			return int(a.Table) - int(b.Table)
		}
		return bytes.Compare(a.Key, b.Key)
	})
	for _, r := range rows {
		if err := f(r); err != nil {
			return err
		}
	}
	return nil
}

// Has implements datachannel.Store.
func (s *Store) Has(room string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false, ErrClosed
	}
	_, there := s.used[room]
	return there, nil
}

// Rooms implements datachannel.Store.
func (s *Store) Rooms(f func(room string, used int64) error) error {
	s.mu.Lock()
	type room struct {
		name string
		used int64
	}
	var rooms []room
	for name, used := range s.used {
		if name != "" {
			rooms = append(rooms, room{name, used})
		}
	}
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return ErrClosed
	}
	slices.SortFunc(rooms, func(a, b room) int { return strings.Compare(a.name, b.name) })
	for _, r := range rooms {
		if err := f(r.name, r.used); err != nil {
			return err
		}
	}
	return nil
}

// Close implements datachannel.Store. Writes that wait fail.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.blocked != nil {
		close(s.blocked)
		s.blocked = nil
	}
	return nil
}
