package datachannel

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// LogConfig says how much a log remembers. A zero field has its default. Whichever is reached first cuts the tail.
type LogConfig struct {
	MaxEntries int           // 10,000
	MaxBytes   int           // 64 MiB, of what is encoded plus a share for each entry
	MaxAge     time.Duration // 10 min
}

// EntryKind is what an entry of the log is.
type EntryKind uint8

const (
	// EntryMessage is what a participant sent.
	EntryMessage EntryKind = iota + 1
	// EntryEvent is what happened in the room.
	EntryEvent
	// EntryRefused is a message that was not taken. Only the session that sent it sees the entry.
	EntryRefused
)

// Entry is what is appended. The log keeps nothing of it but its strings: Data is encoded at once.
type Entry struct {
	Kind    EntryKind
	From    string          // participant who sent it
	Session string          // session who sent it: it gets `ok` instead of the message
	N       uint64          // its number in that session
	To      []string        // participants who get it
	Direct  bool            // only To get it, even if that is nobody; a To that is not empty implies it
	Type    string          // of the message; of an event its name, unless Data says it
	Data    json.RawMessage // JSON of the message; of an event an object, whose members become the entry's
	Code    string          // of a refusal
	Text    string          // of a refusal
}

func (e *Entry) direct() bool { return e.Direct || len(e.To) > 0 }

// Log is the order of all that is said and happens in one room. It numbers entries from 1, remembers the last of them
// and wakes who waits for more. A reader is an offset and holds nothing.
//
// It calls nobody: a wake-up is a send to a channel with room for one, and is dropped if one waits there already.
type Log struct {
	// Static after NewLog.
	max   LogConfig
	epoch string

	mu sync.RWMutex
	// Guarded by mu.
	ring  []record // len is a power of two; the record of offset o is at o & (len-1)
	tail  uint64   // offset of the oldest record; head+1 if there is none
	head  uint64   // offset of the newest
	bytes int

	waiters atomic.Pointer[[]chan struct{}] // copied on write, under mu
}

// record is an entry as it is remembered: encoded, and who may see it.
type record struct {
	body    []byte // the whole JSON object, shared by all readers
	session string
	n       uint64
	to      []string
	direct  bool
	kind    EntryKind
	at      int64 // nanoseconds since 1970, for the age
}

// recordShare is what an entry costs beside its body.
const recordShare = 128

// NewLog returns an empty log with an epoch of its own.
func NewLog(c LogConfig) *Log {
	orDefault(&c.MaxEntries, 10_000)
	orDefault(&c.MaxBytes, 64<<20)
	if c.MaxAge <= 0 {
		c.MaxAge = 10 * time.Minute
	}
	l := &Log{max: c, epoch: rand.Text()[:12], tail: 1, ring: make([]record, 16)}
	l.waiters.Store(new([]chan struct{}))
	return l
}

// Epoch is the word that tells this log's offsets from those of another.
func (l *Log) Epoch() string { return l.epoch }

// Head is the offset of the newest entry, 0 before the first.
func (l *Log) Head() uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.head
}

// Tail is the offset of the oldest entry that is remembered, Head+1 if there is none.
func (l *Log) Tail() uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.tail
}

// Append gives e its number, remembers it and wakes every reader.
func (l *Log) Append(e Entry, now time.Time) (uint64, error) {
	l.mu.Lock()
	offset := l.head + 1
	body := appendEntry(make([]byte, 0, entrySize(&e)), &e, offset, now)
	if len(body) > maxEntry {
		l.mu.Unlock()
		return 0, fmt.Errorf("entry of %d bytes: %w", len(body), ErrTooLarge)
	}
	if l.head-l.tail+1 == uint64(len(l.ring)) {
		l.growLocked()
	}
	l.head = offset
	l.bytes += len(body) + recordShare
	*l.atLocked(offset) = record{
		body: body, session: e.Session, n: e.N, to: e.To, direct: e.direct(), kind: e.Kind, at: now.UnixNano(),
	}
	l.trimLocked(now)
	waiters := *l.waiters.Load()
	l.mu.Unlock()

	for _, c := range waiters {
		select {
		case c <- struct{}{}:
		default: // it has not looked since the last one
		}
	}
	return offset, nil
}

// Trim forgets what is too old. Append does so too; a room that is silent needs this.
func (l *Log) Trim(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trimLocked(now)
}

func (l *Log) trimLocked(now time.Time) {
	oldest := now.Add(-l.max.MaxAge).UnixNano()
	for l.tail <= l.head {
		r := l.atLocked(l.tail)
		held := l.head - l.tail + 1
		if held <= uint64(l.max.MaxEntries) && (l.bytes <= l.max.MaxBytes || held == 1) && r.at >= oldest {
			return
		}
		l.bytes -= len(r.body) + recordShare
		*r = record{}
		l.tail++
	}
}

func (l *Log) atLocked(offset uint64) *record { return &l.ring[offset&uint64(len(l.ring)-1)] }

func (l *Log) growLocked() {
	old := l.ring
	l.ring = make([]record, 2*len(old))
	for o := l.tail; o <= l.head; o++ {
		*l.atLocked(o) = old[o&uint64(len(old)-1)]
	}
}

// reach says why a reader cannot go on after position, or nothing if it can.
func (l *Log) reach(position uint64) string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	switch {
	case position > l.head:
		return resetAhead
	case position+1 < l.tail:
		return resetTrimmed
	}
	return ""
}

// watch wakes c at every entry until unwatch. c must have room for one.
func (l *Log) watch(c chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := append(slices.Clone(*l.waiters.Load()), c)
	l.waiters.Store(&next)
}

// unwatch ends a watch. c may be woken once more.
func (l *Log) unwatch(c chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := slices.DeleteFunc(slices.Clone(*l.waiters.Load()), func(w chan struct{}) bool { return w == c })
	l.waiters.Store(&next)
}
