package datachannel

import (
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parlorhq/parlor/internal/metrics"
	"github.com/parlorhq/parlor/internal/steady"
)

// LogConfig says how much a log remembers, and where. A zero field has its default. Whichever bound is reached first
// cuts the tail.
type LogConfig struct {
	MaxEntries int           // 250,000
	MaxBytes   int           // 64 MiB, of what is encoded plus a share for each entry
	MaxAge     time.Duration // 10 min
	Tick       time.Duration // 30 ms: readers of a busy room wait no longer, and two thirds of it if packets are full
	Budget     *Budget       // of all logs together; nil: none
	State      StateConfig
	History    HistoryConfig
	Room       string  // under which Keeper keeps it
	Keeper     *Keeper // nil: memory only
	Metrics    *metrics.Metrics
}

func (c LogConfig) withDefaults() LogConfig {
	orDefault(&c.MaxEntries, 250_000)
	orDefault(&c.MaxBytes, 64<<20)
	if c.MaxAge <= 0 {
		c.MaxAge = 10 * time.Minute
	}
	if c.Tick <= 0 {
		c.Tick = 30 * time.Millisecond
	}
	return c
}

// Log is the order of all that is said and happens in one room, and what has become of its state. It numbers entries
// from 1, remembers the last of them and wakes who waits for more. A reader is an offset and holds nothing.
//
// With a Keeper, readers see an entry once it is written: head is up to where they do, last is the newest that has a
// number.
//
// It calls nobody under its lock: a wake-up is a send to a channel with room for one, and is dropped if one waits there.
// Of the entry of a session it only notes that readers are to be told, by the link that brought it (waker).
type Log struct {
	// Static after NewLog.
	cfg   LogConfig
	clock steady.Clock // of ages and times to live

	mu sync.RWMutex
	// Guarded by mu.
	ring    []record // len is a power of two; the record of offset o is at o & (len-1)
	tail    uint64   // offset of the oldest record; last+1 if there is none
	head    uint64   // offset of the newest that readers see
	last    uint64   // offset of the newest
	bytes   int
	closed  bool
	epochs  epochs
	notes   map[string][]byte // as they were read
	state   *State
	history *history
	keep    keeping
	before  sizer // of what readers see next

	wake   waker
	shared atomic.Pointer[sharedFrame]
}

// NewLog returns an empty log with an epoch of its own. With a Keeper it is what is kept under its name; an error is the
// store's then.
func NewLog(c LogConfig) (*Log, error) {
	l := &Log{cfg: c.withDefaults(), tail: 1, ring: make([]record, 16), notes: make(map[string][]byte)}
	c.State.Stored = c.Keeper != nil
	l.clock = steady.New(time.Now())
	l.state, l.history = NewState(c.State), newHistory(c.History, l.clock)
	l.wake.most, l.wake.entries = l.cfg.Tick, uint64(max(1, l.cfg.MaxEntries/8))
	l.cfg.Budget.join()
	if c.Keeper != nil {
		if err := l.load(time.Now()); err != nil {
			l.cfg.Budget.leave(l.bytes, 0)
			return nil, err
		}
	}
	l.epochs.begin(rand.Text()[:12], l.head)
	if c.Keeper != nil {
		l.keep.epochs = true
	}
	return l, nil
}

// Close gives back what the log holds of its Budget. Nothing may be appended afterwards; what waits to be written is.
func (l *Log) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.closed = true
		l.cfg.Budget.leave(l.bytes, l.keep.waiting)
	}
}

// holdLocked counts bytes that the log holds, or gives up.
func (l *Log) holdLocked(bytes int) {
	l.bytes += bytes
	if !l.closed {
		l.cfg.Budget.take(bytes)
	}
}

// waitLocked counts those of them that readers do not see yet.
func (l *Log) waitLocked(bytes int) {
	l.keep.waiting += bytes
	if !l.closed {
		l.cfg.Budget.wait(bytes)
	}
}

// Epoch is the word that tells this log's offsets from those of another.
func (l *Log) Epoch() string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.epochs.now
}

// Head is the offset of the newest entry that readers see, 0 before the first.
func (l *Log) Head() uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.head
}

// Tail is the offset of the oldest entry that is remembered, one more than the newest's if there is none.
func (l *Log) Tail() uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.tail
}

// Written says whether all there is is in the store, or there is none.
func (l *Log) Written() bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.cfg.Keeper == nil || l.keep.stored == l.last
}

// Append gives e its number and remembers it; readers are woken when they may see it. Nothing of e is kept but its strings.
//
// Errors: ErrTooLarge, ErrNotStored, and of a change of state its Refusal. The number is used only if there is none.
func (l *Log) Append(e Entry, now time.Time) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, err := l.recordLocked(&e, now)
	if err != nil {
		return 0, err
	}
	o := l.appendLocked(r, now)
	if len(e.Rows) > 0 && l.cfg.Keeper != nil {
		l.cfg.Keeper.with(l, o, e.Rows)
	}
	if e.Session == "" {
		l.wake.ring()
	}
	return o, nil
}

// recordLocked makes the record that e would be.
func (l *Log) recordLocked(e *Entry, now time.Time) (record, error) {
	offset := l.last + 1
	if e.Kind == EntryMessage || e.Kind == EntryState {
		if err := l.mayLocked(); err != nil {
			return record{}, err
		}
	}
	r := record{
		session: e.Session, n: e.N, to: e.To, direct: e.direct(), kind: e.Kind, patient: e.Patient, at: l.clock.At(now).UnixNano(),
	}
	if e.Kind == EntryState {
		var err error
		if r.cells, err = l.state.Merge(e.From, e.Ops, offset, l.clock.At(now)); err != nil {
			return record{}, err
		}
		r.direct = len(r.cells) == 0 // nothing changed, which only its sender needs to know
	}
	r.body = appendEntry(make([]byte, 0, entrySize(e)), e, r.cells, offset, now)
	if e.Bytes != nil {
		r.payload = append([]byte{}, e.Bytes...)
	}
	if len(r.body)+len(r.payload) > maxEntry {
		return record{}, fmt.Errorf("entry of %d bytes: %w", len(r.body)+len(r.payload), ErrTooLarge)
	}
	if e.Kind == EntryMessage && !r.direct && l.history.wants(e.Type) {
		r.recall = &recall{typ: e.Type, name: e.Name}
	}
	return r, nil
}

func (l *Log) appendLocked(r record, now time.Time) uint64 {
	if l.last-l.tail+1 == uint64(len(l.ring)) {
		l.growLocked()
	}
	l.last++
	size := r.size()
	l.holdLocked(size)
	l.waitLocked(size)
	*l.atLocked(l.last) = r
	if l.cfg.Keeper == nil || l.keep.failing {
		l.showLocked(l.last, now)
	} else {
		l.cfg.Keeper.wants(l)
	}
	l.trimLocked(now)
	return l.last
}

// showLocked lets readers see the entries up to upTo.
func (l *Log) showLocked(upTo uint64, now time.Time) {
	n := news{head: upTo, patient: true}
	for o := l.head + 1; o <= upTo; o++ {
		r := l.atLocked(o)
		n.bytes += l.before.size(r, o)
		n.patient = n.patient && r.patient
		l.waitLocked(-r.size())
		if r.cells != nil {
			for range l.state.Commit(r.cells) {
				l.cfg.Metrics.Dropped("tombstones")
			}
		}
		if r.recall != nil {
			l.history.add(o, r, now)
		}
		if l.cfg.Keeper == nil || o <= l.keep.stored {
			r.release()
		}
	}
	l.head = upTo
	l.wake.note(n, now)
}

// Trim forgets what is too old. Append does so too; a room that is silent needs this.
func (l *Log) Trim(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.trimLocked(now)
	l.history.trim(now)
	if l.cfg.Keeper != nil && (l.keep.erased < l.erasableLocked(l.keep.stored) || len(l.history.gone) > 0) {
		l.cfg.Keeper.wants(l)
	}
}

// trimLocked forgets the oldest entries that are too old, or too much. What waits to be written is not too old.
func (l *Log) trimLocked(now time.Time) {
	oldest := l.clock.At(now).Add(-l.cfg.MaxAge).UnixNano()
	for l.tail <= l.head {
		r := l.atLocked(l.tail)
		full := l.fullLocked()
		fresh := r.at >= oldest || l.cfg.Keeper != nil && l.tail > l.keep.stored
		if fresh && full == "" {
			return
		}
		if fresh {
			l.cfg.Metrics.Dropped(full)
		}
		l.holdLocked(-r.size())
		*r = record{}
		l.tail++
	}
}

// fullLocked says which bound makes the log forget its oldest entry; nothing if none does. It never forgets the newest.
func (l *Log) fullLocked() string {
	held := l.last - l.tail + 1
	switch {
	case held == 1:
	case held > uint64(l.cfg.MaxEntries):
		return "log_entries"
	case l.bytes > l.cfg.MaxBytes:
		return "log_bytes"
	case l.cfg.Budget.over(l.bytes):
		return "log_total"
	}
	return ""
}

func (l *Log) atLocked(offset uint64) *record { return &l.ring[offset&uint64(len(l.ring)-1)] }

func (l *Log) growLocked() {
	old := l.ring
	l.ring = make([]record, 2*len(old))
	for o := l.tail; o <= l.last; o++ {
		*l.atLocked(o) = old[o&uint64(len(old)-1)]
	}
}

// reach says why a reader of an epoch cannot go on after position, or nothing if it can.
func (l *Log) reach(epoch string, position uint64) string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	end, known := l.epochs.end(epoch, l.last)
	switch {
	case !known:
		return resetEpoch
	case position > end:
		return resetAhead
	case position+1 < l.tail:
		return resetTrimmed
	}
	return ""
}

// taken is how many messages of a session, of which last were taken, are in the log up to position: the others are still
// to be seen there.
func (l *Log) taken(session string, position, last uint64) uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for o := max(position+1, l.tail); o <= l.last; o++ {
		if r := l.atLocked(o); r.session == session && r.n > 0 {
			return min(last, r.n-1)
		}
	}
	return last
}

// View is a room at one point of its log.
type View struct {
	Position uint64
	// Cells are the state: all of it if Full, else what changed since the position that was asked for, deletions among it.
	Cells []*Cell
	Full  bool
}

// View is the state for a reader that knows it as of since; 0 if it knows nothing.
func (l *Log) View(since uint64) View {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := View{Position: l.head}
	v.Cells, v.Full = l.state.Since(since)
	return v
}

// Leave deletes what belonged to a participant. The deletions are in the log when it returns, if it takes them.
func (l *Log) Leave(participant string, now time.Time) {
	l.delete(func() []Op { return l.state.Leave(participant) }, now)
}

// LeaveBut deletes what belongs to participants who are not present.
func (l *Log) LeaveBut(present func(participant string) bool, now time.Time) {
	l.mu.RLock()
	owners := l.state.Owners()
	l.mu.RUnlock()
	for _, id := range owners {
		if !present(id) {
			l.Leave(id, now)
		}
	}
}

// Expire deletes what has lived its time, and returns when to do so again, if there is more. That is in the past if the
// log does not take it.
func (l *Log) Expire(now time.Time) (next time.Time, more bool) {
	due := func() []Op { return l.state.Expired(l.clock.At(now)) }
	for l.delete(due, now) {
	}
	return l.NextExpiry()
}

// delete appends the deletions that find has, in entries as small as those of clients. It says whether something was
// done about them, so that there may be others.
func (l *Log) delete(find func() []Op, now time.Time) (done bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for ops := range slices.Chunk(find(), maxOps) {
		r, err := l.recordLocked(&Entry{Kind: EntryState, Ops: ops}, now)
		if err != nil {
			l.cfg.Metrics.Refused("state_cleaning") // a disk that does not write: next time
			return false
		}
		if len(r.cells) > 0 {
			l.appendLocked(r, now)
			l.wake.ring()
			done = true
		}
	}
	return done
}

// NextExpiry is when the next value of the state has lived its time.
func (l *Log) NextExpiry() (time.Time, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	next, more := l.state.NextExpiry()
	return l.clock.When(next), more
}
