package disk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	tableName     = "table.db"
	smallestTable = 8 << 10
)

// load makes the store what its files say.
func (s *Store) load() error {
	numbers, err := listJournals(s.dir)
	if err != nil {
		return err
	}
	folded, err := s.loadTable(len(numbers) > 0)
	if errors.Is(err, ErrDamaged) {
		// What the journals say belongs on what is lost: alone it would be rooms with holes.
		if err = s.setAside(err, append(journalNames(numbers), tableName)); err != nil {
			return err
		}
		numbers = nil
		folded, err = s.loadTable(false)
	}
	if err != nil {
		return err
	}
	last, err := s.loadJournals(numbers, folded)
	if err != nil {
		return err
	}
	path := journalPath(s.dir, last+1)
	f, err := s.o.create(path)
	if err != nil {
		return err
	}
	s.journal = &journal{path: path, number: last + 1, file: f}
	// So that the table is known to have been there: an empty one beside journals is a damaged one.
	return syncDir(s.dir)
}

func (s *Store) loadTable(hadJournals bool) (folded uint64, err error) {
	path := filepath.Join(s.dir, tableName)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist) && hadJournals:
		return 0, fmt.Errorf("%w: there are journals but no %s", ErrDamaged, tableName)
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return 0, err
	case info.Size() < smallestTable && (hadJournals || info.Size() > 0): // an empty one alone was just about to be made
		return 0, fmt.Errorf("%w: %s has %d bytes", ErrDamaged, tableName, info.Size())
	}
	s.table, folded, err = openTable(path)
	return folded, err
}

// loadJournals takes what is not in the table yet. Nothing is taken from beyond a hole: a journal was whole and synced before
// the next one was begun.
func (s *Store) loadJournals(numbers []uint64, folded uint64) (last uint64, err error) {
	last = folded
	end := endsWhole
	for i, n := range numbers {
		path := journalPath(s.dir, n)
		if n <= folded {
			if err := os.Remove(path); err != nil {
				return 0, err
			}
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return 0, err
		}
		if n != last+1 || end == endsTorn && info.Size() > 0 {
			return s.cutShort(numbers[i:], fmt.Errorf("%w: %s does not go on from what was before", ErrDamaged, filepath.Base(path)))
		}
		if end, err = replay(path, s.active); err != nil {
			return 0, err
		}
		s.older = append(s.older, &journal{path: path, number: n})
		if end == endsEarly {
			return s.cutShort(numbers[i:], fmt.Errorf("%w: %s cannot be read to its end", ErrDamaged, filepath.Base(path)))
		}
		last = n
	}
	if s.active.bytes > 0 {
		return last, nil
	}
	for _, j := range slices.Backward(s.older) { // they say nothing; the newest first leaves no hole
		if err := os.Remove(j.path); err != nil {
			return 0, err
		}
	}
	s.older = nil
	return folded, nil
}

// cutShort keeps what was read and sets the rest aside.
func (s *Store) cutShort(rest []uint64, cause error) (last uint64, err error) {
	last = rest[len(rest)-1]
	if err := s.table.fold(s.active, last); err != nil {
		return 0, err
	}
	s.table.measure()
	s.active = newLayer()
	for _, j := range s.older {
		if j.number < rest[0] {
			if err := os.Remove(j.path); err != nil {
				return 0, err
			}
		}
	}
	s.older = nil
	return last, s.setAside(cause, journalNames(rest))
}

// setAside moves files into a directory of their own, where somebody who knows more may read them.
func (s *Store) setAside(cause error, names []string) error {
	aside, err := os.MkdirTemp(s.dir, "damaged-"+time.Now().UTC().Format("20060102T150405Z")+"-")
	if err != nil {
		return errors.Join(cause, err)
	}
	for _, name := range names {
		if err := os.Rename(filepath.Join(s.dir, name), filepath.Join(aside, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return errors.Join(cause, err)
		}
	}
	s.damage = errors.Join(s.damage, fmt.Errorf("%w; moved to %s", cause, aside))
	return syncDir(s.dir)
}

func journalNames(numbers []uint64) (names []string) {
	for _, n := range numbers {
		names = append(names, filepath.Base(journalPath("", n)))
	}
	return names
}
