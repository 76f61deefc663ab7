package datachannel

import (
	"encoding/binary"
	"fmt"
	"time"
)

// load reads the log as it is kept. What it held in cells that had an end keeps it.
func (l *Log) load(now time.Time) error {
	var first uint64
	err := l.cfg.Keeper.store.Read(l.cfg.Room, func(row Row) error {
		switch row.Table {
		case TableMeta:
			if string(row.Key) != epochsKey {
				l.notes[string(row.Key)] = append([]byte(nil), row.Value...)
				return nil
			}
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
	// Beyond the last entry there may still be state and history: offsets go on behind theirs, and the epoch's before.
	if newest := max(l.state.Newest(), l.history.newest(), l.epochs.newest()); newest > l.last {
		l.skipLocked(newest + 1)
	}
	l.state.LoadFloor(l.last)
	l.head = l.last
	l.wake.told = l.head
	l.keep.stored, l.keep.erased = l.last, l.last
	if first > 0 { // what is trimmed and skipped is deleted by and by
		l.keep.erased = first - 1
	}
	l.trimLocked(now)
	l.history.trim(now)
	return nil
}

func (l *Log) loadEntry(row Row, first *uint64) error {
	r, err := readRecord(row.Value)
	o := keyOffset(row.Key)
	switch {
	case err != nil:
		return err
	case o == 0:
		return errBadRow
	}
	if *first == 0 {
		*first = o
	}
	if o != l.last+1 { // written while the disk was full, with a hole before it: nobody can go on from beyond the hole
		l.skipLocked(o)
	}
	if o-l.tail == uint64(len(l.ring)) {
		l.growLocked()
	}
	l.last = o
	*l.atLocked(o) = r
	l.holdLocked(r.size())
	return nil
}

// skipLocked begins the log at next, without what it had.
func (l *Log) skipLocked(next uint64) {
	l.holdLocked(-l.bytes)
	clear(l.ring)
	l.tail, l.last = next, next-1
}

func keyOffset(key []byte) uint64 {
	if len(key) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(key)
}
