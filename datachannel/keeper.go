package datachannel

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/parlorhq/parlor/internal/metrics"
)

// ErrNotStored means that a message was not taken because it could not be written.
var ErrNotStored = errors.New("the store does not write")

// How a Keeper works: how many bytes it writes at once, about, how much may have been asked for beside entries, and how
// long it waits after a failure.
const (
	keepBytes   = 1 << 20
	pendingAsks = 10_000
	retryAfter  = time.Second
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

	mu sync.Mutex
	// Guarded by mu.
	logs []*Log // have something to write, each once
	asks asks
	err  error // of the last write
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
	if err := k.ask(ask{rows: rows, wait: wait}); err != nil {
		return err // nobody is to wait for a disk to be mended
	}
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
func (k *Keeper) Later(rows ...Row) { _ = k.ask(ask{rows: rows}) } // nobody waits

// with writes rows together with an entry of l, whose mu is held.
func (k *Keeper) with(l *Log, offset uint64, rows []Row) {
	_ = k.ask(ask{rows: rows, log: l, offset: offset})
}

// ask notes what is to be written. An error is that of the store; what was asked is written after all if it recovers.
func (k *Keeper) ask(a ask) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(a.rows) > 0 || a.wait != nil {
		k.asks = append(k.asks, a)
		k.boundLocked()
		k.wakeUp()
	}
	return k.err
}

// boundLocked gives up the oldest of what was asked if it is too much.
func (k *Keeper) boundLocked() {
	for len(k.asks) > pendingAsks {
		k.asks[0].tell(ErrNotStored)
		k.asks = k.asks[1:]
		k.metrics.Dropped("store_rows")
	}
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

// flush writes what waits, up to a full batch, and says whether there may be more.
func (k *Keeper) flush() (more bool, err error) {
	b := k.gather()
	if len(b.parts) == 0 && len(b.asks) == 0 {
		return false, nil
	}
	err = k.store.Write(b.rows)
	now := time.Now()
	k.note(err)
	if err != nil {
		k.failed(b, err, now)
		return true, err
	}
	for _, p := range b.parts {
		p.log.written(p, now)
	}
	for _, a := range b.asks {
		a.tell(nil)
	}
	return true, nil
}

// failed gives back what could not be written. All that waits is told, not only that: nobody is to wait for a disk to be
// mended.
func (k *Keeper) failed(b *batch, err error, now time.Time) {
	k.mu.Lock()
	others := slices.Clone(k.logs)
	k.asks = append(b.asks, k.asks...)
	for i := range k.asks {
		k.asks[i].tell(err)
	}
	k.boundLocked()
	k.mu.Unlock()
	for _, p := range b.parts {
		p.log.failed(p, err, now)
	}
	for _, l := range others {
		l.failed(part{}, err, now)
	}
	if errors.Is(err, ErrFull) {
		k.free(b.rows)
	}
}

// batch is what is written at once.
type batch struct {
	parts []part
	asks  []ask
	rows  []Row
	size  int // of rows, about
}

// rowShare is what a row costs beside its key and value.
const rowShare = 32

func (b *batch) put(rows ...Row) {
	b.rows = append(b.rows, rows...)
	for _, r := range rows {
		b.size += len(r.Key) + len(r.Value) + rowShare
	}
}

// gather makes a batch: what logs have to write, one after another until it is full, and what can go with that.
func (k *Keeper) gather() *batch {
	b := &batch{}
	k.mu.Lock()
	logs := k.logs
	k.mu.Unlock()
	for _, l := range logs {
		if b.size >= keepBytes {
			break
		}
		b.parts = append(b.parts, l.collect(b)) // from here on it may be in the queue again, behind the others
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.logs = slices.Delete(k.logs, 0, len(b.parts))
	b.asks = k.asks.take(b.parts)
	for _, a := range b.asks {
		b.put(a.rows...)
	}
	return b
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
