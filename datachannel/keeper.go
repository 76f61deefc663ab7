package datachannel

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/internal/metrics"
)

// ErrNotStored means that a message was not taken because it could not be written.
var ErrNotStored = errors.New("the store does not write")

// How a Keeper works: how many bytes it writes at once, about, and how long it waits after a failure.
const (
	keepBytes  = 1 << 20
	retryAfter = time.Second
)

// Keeper writes to a Store what logs append, as it comes and all that is waiting at once, so that a store which takes
// its time makes batches larger instead of queues longer. One goroutine does it, for all logs.
type Keeper struct {
	// Static after NewKeeper.
	store   Store
	log     zerolog.Logger
	metrics *metrics.Metrics
	wake    chan struct{} // room for one
	done    chan struct{}
	ended   chan struct{}
	once    sync.Once
	stamps  atomic.Uint64

	mu sync.Mutex
	// Guarded by mu.
	logs []*Log       // have something to write
	rows []stamped    // of nobody's log
	wait []chan error // of those who asked for rows
	err  error        // of the last write
}

// stamped is a row that somebody else may write too: who asked last wins, whichever way they went.
type stamped struct {
	Row
	stamp uint64
}

// stamp makes stamped rows, the last so far.
func (k *Keeper) stamp(rows []Row) []stamped {
	out := make([]stamped, len(rows))
	for i, r := range rows {
		out[i] = stamped{r, k.stamps.Add(1)}
	}
	return out
}

// NewKeeper starts a Keeper. Close ends it.
func NewKeeper(store Store, log zerolog.Logger, m *metrics.Metrics) *Keeper {
	k := &Keeper{
		store: store, log: log, metrics: m,
		wake: make(chan struct{}, 1), done: make(chan struct{}), ended: make(chan struct{}),
	}
	m.Gauge("parlor_store_failing", "1 while what is said cannot be written.", func() float64 {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.err != nil {
			return 1
		}
		return 0
	})
	go k.run()
	return k
}

// Store is where it writes.
func (k *Keeper) Store() Store { return k.store }

// Close writes what is waiting, and ends. The Store stays open.
func (k *Keeper) Close() {
	k.once.Do(func() { close(k.done) })
	<-k.ended
}

// Put writes rows that belong to no entry of a log. It returns when they are written, or with an error at once while the
// store fails; they are written then as soon as that is possible.
func (k *Keeper) Put(ctx context.Context, rows ...Row) error {
	wait := make(chan error, 1)
	k.mu.Lock()
	k.rows = append(k.rows, k.stamp(rows)...)
	if err := k.err; err != nil { // nobody is to wait for a disk to be mended
		k.mu.Unlock()
		return err
	}
	k.wait = append(k.wait, wait)
	k.mu.Unlock()
	k.wakeUp()
	select {
	case err := <-wait:
		return err
	case <-k.ended:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Later writes rows some time soon.
func (k *Keeper) Later(rows ...Row) {
	k.mu.Lock()
	k.rows = append(k.rows, k.stamp(rows)...)
	k.mu.Unlock()
	k.wakeUp()
}

// wants notes that l has something to write. l's mu is held.
func (k *Keeper) wants(l *Log) {
	if l.keep.queued {
		return
	}
	l.keep.queued = true
	k.mu.Lock()
	k.logs = append(k.logs, l)
	k.mu.Unlock()
	k.wakeUp()
}

func (k *Keeper) wakeUp() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *Keeper) run() {
	defer close(k.ended)
	for {
		select {
		case <-k.wake:
			if k.drain() != nil {
				k.rest()
			}
		case <-k.done:
			_ = k.drain() // what cannot be written now never is; note has said so
			return
		}
	}
}

// drain writes until nothing waits.
func (k *Keeper) drain() error {
	for {
		if more, err := k.flush(); err != nil || !more {
			return err
		}
	}
}

// rest gives the store time to recover, unless the Keeper is to end.
func (k *Keeper) rest() {
	timer := time.NewTimer(retryAfter)
	defer timer.Stop()
	select {
	case <-timer.C:
		k.wakeUp()
	case <-k.done:
	}
}

// flush writes what waits, up to a full batch, and says whether more may.
func (k *Keeper) flush() (more bool, err error) {
	k.mu.Lock()
	mine, wait := k.rows, k.wait
	k.rows, k.wait = nil, nil
	k.mu.Unlock()
	b := k.gather()
	if len(b.parts) == 0 && len(mine) == 0 {
		return false, nil
	}
	b.stamped = append(b.stamped, mine...)
	rows := b.ordered()
	err = k.store.Write(rows)
	now := time.Now()
	k.note(err)
	for _, p := range b.parts {
		p.log.settle(p, err, now)
	}
	for _, w := range wait {
		w <- err
	}
	if err != nil {
		if errors.Is(err, ErrFull) {
			k.free(rows)
		}
		k.mu.Lock()
		k.rows = append(mine, k.rows...)
		if over := len(k.rows) - pendingEntries; over > 0 {
			k.rows = k.rows[over:]
			k.metrics.Dropped("store_rows")
		}
		k.mu.Unlock()
	}
	return true, err
}

// gather has logs say what they have to write, one after another.
func (k *Keeper) gather() *batch {
	b := &batch{}
	k.mu.Lock()
	logs := k.logs
	k.logs = nil
	k.mu.Unlock()
	for _, l := range logs {
		b.size = 0
		b.parts = append(b.parts, l.collect(b))
	}
	return b
}

// batch is what is written at once.
type batch struct {
	parts   []part
	rows    []Row
	size    int // of rows, about
	stamped []stamped
}

// rowShare is what a row costs beside its key and value.
const rowShare = 32

func (b *batch) put(r Row) {
	b.rows = append(b.rows, r)
	b.size += len(r.Key) + len(r.Value) + rowShare
}

// ordered is the rows as the store is to have them: what was asked for last comes last.
func (b *batch) ordered() []Row {
	slices.SortFunc(b.stamped, func(x, y stamped) int { return cmp.Compare(x.stamp, y.stamp) })
	for _, r := range b.stamped {
		b.rows = append(b.rows, r.Row)
	}
	return b.rows
}

// free deletes what is to be deleted anyway: with what was to be added, all of it was refused.
func (k *Keeper) free(rows []Row) {
	gone := slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.Value != nil })
	if len(gone) > 0 {
		_ = k.store.Write(gone) // if it fails, it is tried again with the rest
	}
}

// note says once when the store begins to fail, and once when it is well again.
func (k *Keeper) note(err error) {
	k.mu.Lock()
	before := k.err
	k.err = err
	k.mu.Unlock()
	switch {
	case err != nil && before == nil:
		k.log.Error().Err(err).Msg("what is said cannot be written: messages are refused until it can")
	case err == nil && before != nil:
		k.log.Info().Msg("what is said is written again")
	}
}
