package datachannel

import (
	"encoding/binary"
	"fmt"
	"time"
)

// load reads the log as it is kept. What it held in cells that had an end keeps it.
func (l *Log) load(now time.Time) error {
	first := true
	err := l.cfg.Keeper.store.Read(l.cfg.Room, func(row Row) error {
		switch row.Table {
		case TableMeta:
			return l.epochs.unmarshal(row.Value)
		case TableEntries:
			return l.loadEntry(row, &first)
		case TableHistory:
			var m remembered
			if err := m.unmarshal(keyOffset(row.Key), row.Value); err != nil {
				return err
			}
			l.history.put(m)
		case TableCells:
			c, err := unmarshalCell(string(row.Key), row.Value)
			if err != nil {
				return err
			}
			l.state.Load(c)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("room %s: %w", l.cfg.Room, err)
	}
	// Without an entry there may still be state and history: offsets go on beyond theirs, and the epoch's before.
	l.last = max(l.last, l.state.Newest(), l.history.newest(), l.epochs.newest())
	if first {
		l.tail = l.last + 1
	}
	l.state.LoadFloor(l.last)
	l.head = l.last
	l.keep.stored, l.keep.erased = l.last, l.tail-1
	l.trimLocked(now)
	l.history.trim(now)
	return nil
}

func (l *Log) loadEntry(row Row, first *bool) error {
	r, err := readRecord(row.Value)
	if err != nil {
		return err
	}
	o := keyOffset(row.Key)
	switch {
	case *first:
		*first = false
		l.tail = o
	case o != l.last+1:
		// Written while the disk was full, with a hole before it: nobody can go on from beyond the hole.
		l.cfg.Budget.take(-l.bytes)
		clear(l.ring)
		l.bytes, l.tail = 0, o
	}
	l.last = o
	if l.last-l.tail+1 > uint64(len(l.ring)) {
		l.last-- // grow copies what is there
		l.growLocked()
		l.last++
	}
	*l.atLocked(o) = r
	l.bytes += r.size()
	l.cfg.Budget.take(r.size())
	return nil
}

func keyOffset(key []byte) uint64 {
	if len(key) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(key)
}
