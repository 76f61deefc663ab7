package disk

import (
	"errors"
	"time"

	"github.com/parlorhq/parlor/datachannel"
)

// request is what a caller waits for.
type request struct {
	record []byte
	grows  bool // it takes room, and is refused if there is none
	result chan error
}

const (
	groupWrites = 256     // that go to the disk together
	groupBytes  = 1 << 20 // or this much
	retryAfter  = 100 * time.Millisecond
)

// run is the only one that writes.
func (s *Store) run() {
	defer close(s.done)
	s.timer = time.NewTimer(time.Hour)
	s.timer.Stop()
	for {
		select {
		case w := <-s.queue:
			s.commit(s.gather(w))
		case <-s.timer.C:
			s.startSync()
		case err := <-s.synced:
			s.finishSync(err)
		case err := <-s.folded:
			s.finishFold(err)
		case <-s.closing:
			s.end()
			return
		}
	}
}

// gather is w and what waits behind it.
func (s *Store) gather(w *request) []*request {
	group := []*request{w}
	for size := len(w.record); len(group) < groupWrites && size < groupBytes; size += len(w.record) {
		select {
		case w = <-s.queue:
			group = append(group, w)
		default:
			return group
		}
	}
	return group
}

// commit writes a group and tells everyone in it what came of it.
func (s *Store) commit(group []*request) {
	if s.broken != nil && s.settle() != nil {
		refuse(group, s.broken)
		return
	}
	if err := s.makeWay(); err != nil {
		group = s.refuseGrowing(group, err)
		if s.active.bytes >= 2*s.o.foldAt {
			refuse(group, named(err))
			return
		}
	}
	group = s.refuseBeyondCap(group)
	if group = s.reserve(group); len(group) == 0 {
		return
	}
	s.buf = s.buf[:0]
	for _, w := range group {
		s.buf = append(s.buf, w.record...)
	}
	if err := s.add(s.buf); err != nil {
		refuse(group, named(err))
		return
	}
	s.mu.Lock()
	for _, w := range group {
		_ = s.active.apply(w.record) // it is as encode made it
	}
	s.mu.Unlock()
	for _, w := range group {
		w.result <- nil
	}
	if cap(s.buf) > 2*groupBytes {
		s.buf = nil
	}
}

// add puts b into the journal, all of it or nothing.
func (s *Store) add(b []byte) error {
	err, undo := s.journal.append(b)
	if err != nil {
		s.broken = undo
		return err
	}
	if s.o.Sync > 0 {
		s.journal.dirty = true
		s.armSync()
		return nil
	}
	if err := s.journal.sync(); err != nil {
		s.broken = err // what the disk has of the journal is not known any more
		return errors.Join(err, s.journal.takeBack(len(b)))
	}
	return nil
}

// makeWay folds when the journal is long enough. It waits only if the fold before is not done when the next is due
// for long.
func (s *Store) makeWay() error {
	if s.active.bytes < s.o.foldAt {
		return nil
	}
	if s.inFlight {
		if s.active.bytes < 2*s.o.foldAt {
			return nil
		}
		s.finishFold(<-s.folded)
	}
	if s.foldErr != nil {
		return s.settle()
	}
	if err := s.rotate(); err != nil {
		s.failed(err)
		return err
	}
	l, number := s.folding, s.journal.number-1
	s.inFlight = true
	s.tasks.Go(func() { s.folded <- s.table.fold(l, number) })
	return nil
}

// refuseGrowing refuses what takes room, and returns the rest.
func (s *Store) refuseGrowing(group []*request, err error) (rest []*request) {
	for _, w := range group {
		if w.grows {
			w.result <- named(err)
		} else {
			rest = append(rest, w)
		}
	}
	return rest
}

func refuse(group []*request, err error) {
	for _, w := range group {
		w.result <- err
	}
}

// refuseBeyondCap refuses what would go beyond MaxBytes. What was deleted counts until it is folded: so that is done first.
func (s *Store) refuseBeyondCap(group []*request) (rest []*request) {
	used, settled := s.Used(), false
	for _, w := range group {
		size := int64(len(w.record))
		if w.grows && used+size > s.o.MaxBytes && !settled && s.shrinks() {
			settled = true
			before := s.Used()
			if s.settle() == nil {
				used += s.Used() - before
			}
		}
		if w.grows && used+size > s.o.MaxBytes {
			w.result <- datachannel.ErrFull
			continue
		}
		used += size
		rest = append(rest, w)
	}
	return rest
}

func (s *Store) shrinks() bool { return s.active.shrinks || s.folding != nil && s.folding.shrinks }

// reserve refuses everybody if the disk has no room, before anything is written.
func (s *Store) reserve(group []*request) []*request {
	size := 0
	for _, w := range group {
		size += len(w.record)
	}
	err := s.journal.reserve(size)
	if err != nil && s.active.bytes > 0 && s.settle() == nil {
		err = s.journal.reserve(size) // where the former journal was
	}
	if err != nil {
		refuse(group, named(err))
		return nil
	}
	return group
}

// rotate begins a new journal, once the disk has the one before: power loss must not leave a hole between them. What the
// older ones say is to be folded.
func (s *Store) rotate() error {
	if s.syncing {
		s.finishSync(<-s.synced)
	}
	if s.journal.dirty && s.broken == nil {
		s.journal.dirty = false
		s.broken = s.journal.sync()
	}
	number := s.journal.number + 1
	path := journalPath(s.dir, number)
	f, err := s.o.create(path)
	if err != nil {
		return err
	}
	s.older = append(s.older, s.journal)
	s.journal = &journal{path: path, number: number, file: f}
	s.mu.Lock()
	s.folding, s.active = s.active, newLayer()
	s.mu.Unlock()
	return nil
}

func (s *Store) finishFold(err error) {
	s.inFlight = false
	if err != nil {
		s.failed(err)
		return
	}
	s.foldErr = nil
	s.mu.Lock()
	s.folding = nil
	s.table.measure()
	s.mu.Unlock()
	for _, j := range s.older {
		_ = j.remove() // one that stays is known to be folded, and is removed by the next Open
	}
	s.older = nil
}

func (s *Store) failed(err error) {
	s.foldErr = err
	s.retryAt = time.Now().Add(retryAfter)
}

// settle folds everything and waits for it. After a failure it does nothing but say so again, for a moment.
func (s *Store) settle() error {
	if s.inFlight {
		s.finishFold(<-s.folded)
	}
	if s.foldErr != nil && time.Now().Before(s.retryAt) {
		return s.foldErr
	}
	if s.folding != nil {
		if s.finishFold(s.table.fold(s.folding, s.journal.number-1)); s.foldErr != nil {
			return s.foldErr
		}
	}
	if s.active.bytes == 0 && s.broken == nil {
		s.foldErr = nil
		return nil
	}
	if err := s.rotate(); err != nil {
		s.failed(err)
		return err
	}
	if s.finishFold(s.table.fold(s.folding, s.journal.number-1)); s.foldErr != nil {
		return s.foldErr
	}
	s.broken = nil
	return nil
}

func (s *Store) armSync() {
	if !s.syncing && !s.armed {
		s.armed = true
		s.timer.Reset(s.o.Sync)
	}
}

func (s *Store) startSync() {
	s.armed = false
	if !s.journal.dirty {
		return // it is a new one
	}
	j := s.journal
	j.dirty = false
	s.syncing = true
	s.tasks.Go(func() { s.synced <- j.sync() })
}

func (s *Store) finishSync(err error) {
	s.syncing = false
	if err != nil {
		s.broken = err // the rows are in memory: folding them is a second chance
	}
	if s.journal.dirty {
		s.armSync()
	}
}

// end writes what waits and closes all.
func (s *Store) end() {
	for more := true; more; {
		select {
		case w := <-s.queue:
			s.commit(s.gather(w))
		default:
			more = false
		}
	}
	s.timer.Stop()
	s.tasks.Wait()
	if s.syncing {
		s.finishSync(<-s.synced)
	}
	s.retryAt = time.Time{}
	if s.settle() != nil { // then it remains in the journals
		for _, j := range append(s.older, s.journal) {
			if j.file != nil {
				s.err = errors.Join(s.err, j.sync())
			}
		}
	}
	for _, j := range append(s.older, s.journal) {
		s.err = errors.Join(s.err, j.close())
	}
	s.err = errors.Join(s.err, guard(s.table.db.Close), s.lock.Close())
}
