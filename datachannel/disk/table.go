package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/parlorhq/parlor/datachannel"
)

// table is what is kept, but for what the newest journals say: a B+tree in one file, a bucket for each room. It is
// written to in few large transactions that are synced, so it can be opened whatever happened.
type table struct {
	db   *bolt.DB
	used atomic.Int64 // bytes of pages that hold something
}

const (
	metaBucket = "meta"
	roomPrefix = "r" // before a room's name: a bucket must have one

	foldedKey = "folded" // in metaBucket

	usedKey    = "\x00" // in a room's bucket; no table of rows is 0, so it sorts before all of them
	touchEvery = int64(time.Minute / time.Second)
)

// guard runs what reads the mapped file. A page that is not what it should be panics, one that is not there faults:
// both become ErrDamaged.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, r)
		}
	}()
	return f()
}

// openTable opens or makes a table and looks at every row of it. It says which journals are in it.
func openTable(path string) (t *table, folded uint64, err error) {
	t = &table{}
	err = guard(func() error {
		t.db, err = bolt.Open(path, 0o600, &bolt.Options{Timeout: 500 * time.Millisecond, FreelistType: bolt.FreelistMapType})
		if err != nil {
			return err
		}
		t.db.AllocSize = 1 << 20
		return t.db.View(func(tx *bolt.Tx) error {
			folded, err = whole(tx, path)
			return err
		})
	})
	switch {
	case err == nil:
		t.measure()
		return t, folded, nil
	case errors.Is(err, berrors.ErrTimeout):
		err = ErrInUse
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if t.db != nil {
		_ = guard(t.db.Close) // the error is said already
	}
	return nil, 0, err
}

// whole touches all that there is.
func whole(tx *bolt.Tx, path string) (folded uint64, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	if info.Size() < tx.Size() {
		return 0, fmt.Errorf("%w: %d bytes of %d", ErrDamaged, info.Size(), tx.Size())
	}
	err = tx.ForEach(func(_ []byte, b *bolt.Bucket) error {
		return b.ForEach(func(k, v []byte) error {
			if len(v) > 0 {
				_ = castagnoli(v[len(v)-1:]) // a row may lie on many pages: the last of them
			}
			if len(k) == 0 || v == nil {
				return fmt.Errorf("%w: a row without a key or a value", ErrDamaged)
			}
			return nil
		})
	})
	if err != nil {
		return 0, err
	}
	if b := tx.Bucket([]byte(metaBucket)); b != nil {
		if v := b.Get([]byte(foldedKey)); len(v) == 8 {
			folded = binary.BigEndian.Uint64(v)
		}
	}
	return folded, nil
}

// fold makes what l says durable, together with the number of the last journal that it came from.
func (t *table) fold(l *layer, journal uint64) error {
	return guard(func() error {
		return t.db.Update(func(tx *bolt.Tx) error {
			for _, room := range slices.Sorted(maps.Keys(l.rooms)) {
				if err := foldRoom(tx, room, l.rooms[room]); err != nil {
					return fmt.Errorf("room %q: %w", room, err)
				}
			}
			b, err := tx.CreateBucketIfNotExists([]byte(metaBucket))
			if err != nil {
				return err
			}
			return b.Put([]byte(foldedKey), binary.BigEndian.AppendUint64(nil, journal))
		})
	})
}

func foldRoom(tx *bolt.Tx, room string, c *changes) error {
	name := []byte(roomPrefix + room)
	if c.forgotten {
		if err := tx.DeleteBucket(name); err != nil && !errors.Is(err, berrors.ErrBucketNotFound) {
			return err
		}
	}
	b := tx.Bucket(name)
	if b == nil {
		if !c.put {
			return nil // nothing was there to delete
		}
		var err error
		if b, err = tx.CreateBucket(name); err != nil {
			return err
		}
	}
	b.FillPercent = 0.9 // most rows are added at the end
	for _, k := range c.keys() {
		v := c.rows[k]
		var err error
		if v == nil {
			err = b.Delete([]byte(k))
		} else {
			err = b.Put([]byte(k), v)
		}
		if err != nil {
			return err
		}
	}
	if c.used-lastUsed(b) < touchEvery {
		return nil
	}
	return b.Put([]byte(usedKey), binary.BigEndian.AppendUint64(nil, uint64(c.used)))
}

func lastUsed(b *bolt.Bucket) int64 {
	if v := b.Get([]byte(usedKey)); len(v) == 8 {
		return int64(binary.BigEndian.Uint64(v))
	}
	return 0
}

// read copies the rows of a room in tx, as they are under c.
func read(tx *bolt.Tx, room string, c *changes) []datachannel.Row {
	var rows []datachannel.Row
	add := func(k, v []byte) {
		if v == nil {
			return // deleted
		}
		b := append(append(make([]byte, 0, len(k)+len(v)), k...), v...)
		rows = append(rows, datachannel.Row{
			Room: room, Table: datachannel.Table(k[0]), Key: b[1:len(k):len(k)], Value: b[len(k):],
		})
	}
	above := c.keys()
	aboveUntil := func(k string) {
		for ; len(above) > 0 && above[0] < k; above = above[1:] {
			add([]byte(above[0]), c.rows[above[0]])
		}
	}
	if b := tx.Bucket([]byte(roomPrefix + room)); b != nil && !c.forgotten {
		cursor := b.Cursor()
		for k, v := cursor.Seek([]byte{1}); k != nil; k, v = cursor.Next() { // 1: beyond usedKey
			aboveUntil(string(k))
			if len(above) > 0 && above[0] == string(k) {
				v = c.rows[above[0]]
				above = above[1:]
			}
			add(k, v)
		}
	}
	for _, k := range above {
		add([]byte(k), c.rows[k])
	}
	return rows
}

// rooms are all in tx, and when they were last written to.
func rooms(tx *bolt.Tx) (map[string]int64, error) {
	all := map[string]int64{}
	err := tx.ForEach(func(name []byte, b *bolt.Bucket) error {
		if name[0] == roomPrefix[0] {
			all[string(name[1:])] = lastUsed(b)
		}
		return nil
	})
	return all, err
}

// measure counts what is in use: the file itself never shrinks, its free pages are used again.
func (t *table) measure() {
	_ = t.db.View(func(tx *bolt.Tx) error { // it returns no error of its own
		s := t.db.Stats()
		t.used.Store(tx.Size() - int64(s.FreePageN+s.PendingPageN)*int64(t.db.Info().PageSize))
		return nil
	})
}
