package datachannel

import (
	"encoding/binary"
	"errors"
	"time"
)

// keeping is what a log knows of its rows in the store. The log's mu guards it.
type keeping struct {
	stored  uint64 // entries up to here are written
	erased  uint64 // entries up to here are deleted, or never were
	epochs  bool   // are to be written
	queued  bool   // the log is in the Keeper's queue, once
	failing bool   // the last write failed: messages are refused until one succeeds
}

// pendingEntries is how many may wait to be written before messages are refused.
const pendingEntries = 10_000

// mayLocked says whether a message can be taken, that is, whether it can be expected to be written.
func (k *keeping) mayLocked(l *Log) error {
	if l.cfg.Keeper == nil {
		return nil
	}
	if k.failing || l.last-l.head > pendingEntries {
		return ErrNotStored
	}
	return nil
}

func offsetKey(o uint64) []byte { return binary.BigEndian.AppendUint64(nil, o) }

// collect adds the rows that are to be written to b, and says up to which entry they go. It wants about limit bytes.
func (l *Log) collect(b *batch, limit int) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep.queued = false
	room := l.cfg.Room
	row := func(t Table, key, value []byte) { b.rows = append(b.rows, Row{room, t, key, value}) }
	if l.keep.epochs {
		row(TableMeta, []byte("epochs"), l.epochs.marshal())
	}
	for _, key := range l.state.Forgotten() {
		row(TableCells, []byte(key), nil)
	}
	taken := make(map[string]uint64)
	upTo := max(l.keep.stored, l.tail-1)
	for size := 0; upTo < l.last && size < limit; upTo++ {
		o := upTo + 1
		r := l.atLocked(o)
		size += r.size()
		row(TableEntries, offsetKey(o), appendRecord(nil, r))
		b.stamped = append(b.stamped, r.rows...)
		for _, c := range r.cells {
			row(TableCells, []byte(c.Key), marshalCell(nil, c))
		}
		if r.recall != nil && r.kind == EntryMessage {
			m := remembered{o, r.recall.typ, r.recall.name, r.body, r.payload, r.at}
			row(TableHistory, offsetKey(o), m.marshal())
		}
		if r.session != "" {
			taken[r.session] = r.n
		}
	}
	for id, n := range taken {
		b.rows = append(b.rows, Row{"", TableTaken, []byte(id), binary.AppendUvarint(nil, n)})
	}
	for o := l.keep.erased + 1; o <= l.erasableLocked(); o++ {
		row(TableEntries, offsetKey(o), nil)
	}
	for _, o := range l.history.gone {
		row(TableHistory, offsetKey(o), nil)
	}
	return upTo
}

// erasableLocked is up to where rows are not needed. The newest stays, however old: it says where the log had got to.
func (l *Log) erasableLocked() uint64 { return min(l.tail, max(l.last, 1)) - 1 }

// settle is what became of the rows of collect.
func (l *Log) settle(upTo uint64, err error, now time.Time) (more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.failedLocked(err, now)
		return false
	}
	wasFailing := l.keep.failing
	l.keep.failing, l.keep.epochs = false, false
	l.keep.stored = max(l.keep.stored, upTo)
	l.keep.erased = max(l.keep.erased, l.erasableLocked())
	l.history.gone = nil
	for o := max(l.head+1, l.tail); o <= upTo; o++ {
		r := l.atLocked(o)
		if r.cells != nil {
			l.state.Commit(r.cells)
		}
		if r.recall != nil {
			l.history.add(o, r, now)
		}
	}
	for o := l.tail; o <= upTo && wasFailing; o++ {
		l.atLocked(o).release()
	}
	for o := max(l.head+1, l.tail); o <= upTo; o++ {
		l.atLocked(o).release()
	}
	if upTo > l.head {
		l.head = upTo
		l.wake.note(l.head, now)
		l.wake.ring()
	}
	if l.keep.failing = wasFailing && l.last > upTo; l.keep.failing {
		return true
	}
	return l.last > upTo
}

// release forgets what was only needed to write the record.
func (r *record) release() { r.cells, r.rows, r.recall = nil, nil, nil }

// failedLocked refuses what could not be written and nobody has seen. What happened in the room goes on in memory: it is
// written when that is possible again.
func (l *Log) failedLocked(err error, now time.Time) {
	code, text := codeNotStored, "the message could not be written"
	if errors.Is(err, ErrFull) {
		text = "the disk is full"
	}
	for o := l.head + 1; o <= l.last; o++ {
		r := l.atLocked(o)
		if r.kind != EntryMessage && r.kind != EntryState {
			continue
		}
		size := r.size()
		e := Entry{Kind: EntryRefused, N: r.n, Code: code, Text: text}
		r.kind, r.payload, r.cells, r.recall = EntryRefused, nil, nil, nil
		r.body = appendEntry(nil, &e, nil, o, now)
		l.bytes += r.size() - size
		l.cfg.Budget.take(r.size() - size)
		l.cfg.Metrics.Refused(code)
	}
	l.state.Abort()
	l.head = l.last
	l.keep.failing = true
	l.wake.note(l.head, now)
	l.wake.ring()
}
