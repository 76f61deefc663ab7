package datachannel

import (
	"encoding/binary"
	"errors"
	"time"
)

// keeping is what a log knows of its rows in the store. The log's mu guards it.
type keeping struct {
	stored  uint64 // entries up to here are written, but for those forgotten before they could be
	erased  uint64 // rows of entries up to here are deleted, or never were
	waiting int    // bytes of entries that readers do not see before they are written
	epochs  bool   // are to be written
	queued  bool   // the log is in the Keeper's queue, once
	failing bool   // the last write failed: messages are refused until one succeeds
}

// pendingEntries is how many may wait to be written before messages are refused. Their bytes are bounded like those of
// what is remembered.
const pendingEntries = 10_000

// mayLocked says whether a message can be taken, that is, whether it can be expected to be written.
func (l *Log) mayLocked() error {
	switch {
	case l.cfg.Keeper == nil:
		return nil
	case l.keep.failing, l.last-l.head > pendingEntries,
		l.keep.waiting > l.cfg.MaxBytes, l.cfg.Budget.jammed(l.keep.waiting):
		return ErrNotStored
	}
	return nil
}

func offsetKey(o uint64) []byte { return binary.BigEndian.AppendUint64(nil, o) }

// part is what a batch has of a log. Until it is written, the log has given it away; if it is not, it is given back.
type part struct {
	log       *Log
	upTo      uint64   // the newest entry that is written then
	erased    uint64   // rows of entries up to here are deleted
	gone      []uint64 // offsets of the history
	forgotten []string // keys of the state
}

// eraseAtOnce is how many rows of entries are deleted at once. It is more than a batch has entries, so what is to be
// deleted does not become more and more.
const eraseAtOnce = 10_000

// collect adds the rows that are to be written to b until that is full, but one entry at least.
func (l *Log) collect(b *batch) part {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep.queued = false
	room := l.cfg.Room
	p := part{log: l, upTo: l.keep.stored, erased: l.keep.erased, gone: l.history.gone, forgotten: l.state.Forgotten()}
	l.history.gone = nil
	if l.keep.epochs {
		b.put(Row{room, TableMeta, []byte(epochsKey), l.epochs.marshal()})
	}
	for _, key := range p.forgotten {
		b.put(Row{room, TableCells, []byte(key), nil})
	}
	taken := make(map[string]uint64)
	for o := max(l.keep.stored+1, l.tail); o <= l.last && (b.size < keepBytes || p.upTo == l.keep.stored); o++ {
		r := l.atLocked(o)
		p.upTo = o
		b.put(Row{room, TableEntries, offsetKey(o), appendRecord(nil, r)})
		for _, c := range r.cells {
			b.put(Row{room, TableCells, []byte(c.Key), marshalCell(nil, c)})
		}
		if r.recall != nil && r.kind == EntryMessage {
			m := remembered{o, r.recall.typ, r.recall.name, r.body, r.payload, r.at}
			b.put(Row{room, TableHistory, offsetKey(o), m.marshal()})
		}
		if r.session != "" {
			taken[r.session] = r.n
		}
	}
	for id, n := range taken {
		b.put(Row{"", TableTaken, []byte(id), binary.AppendUvarint(nil, n)})
	}
	for _, o := range p.gone {
		b.put(Row{room, TableHistory, offsetKey(o), nil})
	}
	for end := min(l.erasableLocked(p.upTo), p.erased+eraseAtOnce); p.erased < end; {
		p.erased++
		b.put(Row{room, TableEntries, offsetKey(p.erased), nil})
	}
	return p
}

// erasableLocked is up to where rows are not needed once entries up to stored are written. The newest stays, however
// old: it says where the log had got to.
func (l *Log) erasableLocked(stored uint64) uint64 { return min(l.tail, max(stored, 1)) - 1 }

// written is what becomes of the log when a part of it is.
func (l *Log) written(p part, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep.epochs = false
	l.keep.stored, l.keep.erased = p.upTo, p.erased
	if l.keep.failing { // readers have seen it long ago
		for o := l.tail; o <= p.upTo; o++ {
			l.atLocked(o).release()
		}
		l.keep.failing = l.last > p.upTo
	}
	if p.upTo > l.head {
		l.showLocked(p.upTo, now)
		l.wake.ring()
	}
	if l.last > l.keep.stored || l.keep.erased < l.erasableLocked(l.keep.stored) {
		l.cfg.Keeper.wants(l)
	}
}

// failed is what becomes of the log when a part of it, which may be empty, could not be written: that is tried again.
func (l *Log) failed(p part, err error, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.history.gone = append(p.gone, l.history.gone...)
	l.state.Unforgotten(p.forgotten)
	l.refuseLocked(err, now)
	l.cfg.Keeper.wants(l)
}

// release forgets what was only needed to write the record.
func (r *record) release() { r.cells, r.recall = nil, nil }

// refuseLocked refuses what could not be written and nobody has seen. What happened in the room goes on in memory: it is
// written when that is possible again.
func (l *Log) refuseLocked(err error, now time.Time) {
	code, text := codeNotStored, "the message could not be written"
	if errors.Is(err, ErrFull) {
		text = "the disk is full"
	}
	for o := l.head + 1; o <= l.last; o++ {
		r := l.atLocked(o)
		if r.kind != EntryMessage && r.kind != EntryState {
			continue
		}
		grown := -r.size()
		e := Entry{Kind: EntryRefused, N: r.n, Code: code, Text: text}
		r.kind, r.payload, r.cells, r.recall = EntryRefused, nil, nil, nil
		r.body = appendEntry(nil, &e, nil, o, now)
		grown += r.size()
		l.holdLocked(grown)
		l.waitLocked(grown)
		l.cfg.Metrics.Refused(code)
	}
	l.state.Abort()
	l.keep.failing = true
	l.showLocked(l.last, now)
	l.wake.ring()
}
