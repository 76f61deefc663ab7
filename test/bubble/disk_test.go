package bubble_test

import (
	"errors"
	"sync"

	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/datachannel/storetest"
)

var errDied = errors.New("the server is dead")

// disk is the store of one life of a server, which may end at any write: what was written by then is what the next
// life finds.
type disk struct {
	*storetest.Store

	mu sync.Mutex
	// Guarded by mu.
	died   *storetest.Store // what the next life finds; nil while this one goes on
	trap   int              // the server dies at this write from now on; 0: at none
	late   bool             // when it has done its work
	sprung func()
}

func newDisk(s *storetest.Store) *disk { return &disk{Store: s} }

// set has the server die at the n-th write from now, just before or just after it has done its work. sprung is called
// then, before anybody hears of the write.
func (d *disk) set(n int, late bool, sprung func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.trap, d.late, d.sprung = n, late, sprung
}

// die ends the life now, if it has not ended, and gives what the next one finds.
func (d *disk) die() *storetest.Store {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.died == nil {
		d.died = d.Clone()
	}
	d.trap = 0
	return d.died
}

// Write implements datachannel.Store.
func (d *disk) Write(rows []datachannel.Row) error {
	return d.change(func() error { return d.Store.Write(rows) })
}

// Forget implements datachannel.Store.
func (d *disk) Forget(room string) error {
	return d.change(func() error { return d.Store.Forget(room) })
}

func (d *disk) change(f func() error) error {
	d.mu.Lock()
	fatal := d.trap == 1
	if d.trap > 0 {
		d.trap--
	}
	late, sprung, dead := d.late, d.sprung, d.died != nil
	d.mu.Unlock()
	if dead {
		return errDied
	}
	if !fatal {
		if err := f(); err != nil {
			return err
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.died != nil {
			return errDied // it died meanwhile: whether this was written nobody knows
		}
		return nil
	}
	if late {
		_ = f() // a disk that is full dies full
	}
	d.die()
	sprung()
	return errDied
}
