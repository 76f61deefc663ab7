package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/parlorhq/parlor/datachannel"
)

// file is what a journal needs of a file; tests have one that fails.
type file interface {
	WriteAt(b []byte, at int64) (int, error)
	// Reserve makes sure that there is room for this many bytes from the start, without changing the size.
	Reserve(size int64) error
	Truncate(size int64) error
	Sync() error
	Close() error
}

type osFile struct{ *os.File }

func (f osFile) Reserve(size int64) error { return reserve(f.File, size) }

func createFile(path string) (file, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

// reserveStep is how much room a journal asks the disk for at a time: running out of it is heard of there, before
// anything is written.
const reserveStep = 1 << 20

// journal is a file of records that is only ever added to. It is used by one goroutine, but for sync.
type journal struct {
	// Static.
	path   string
	number uint64
	file   file

	size     int64 // of the whole records in it
	reserved int64
	dirty    bool // not synced since the last append
	entered  bool // its name is known to be on the disk; owned by whoever syncs
}

func journalPath(dir string, number uint64) string {
	return filepath.Join(dir, fmt.Sprintf("journal-%012d", number))
}

// listJournals are the numbers of the journals in dir, in order.
func listJournals(dir string) ([]uint64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var numbers []uint64
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), "journal-")
		if !ok {
			continue
		}
		if n, err := strconv.ParseUint(rest, 10, 64); err == nil && journalPath(dir, n) == filepath.Join(dir, e.Name()) {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// reserve makes sure that size more bytes can be written.
func (j *journal) reserve(size int) error {
	need := j.size + int64(size)
	if need <= j.reserved {
		return nil
	}
	steps := (need + reserveStep - 1) / reserveStep * reserveStep
	err := j.file.Reserve(steps)
	if err == nil {
		j.reserved = steps
	} else if err = j.file.Reserve(need); err == nil { // a small disk that is nearly full
		j.reserved = need
	}
	return err
}

// append writes b behind what is there, all of it or nothing. undo is not nil if what was written could not be taken back.
func (j *journal) append(b []byte) (err, undo error) {
	n, err := j.file.WriteAt(b, j.size)
	if err == nil {
		j.size += int64(len(b))
		return nil, nil
	}
	if n > 0 {
		undo = j.file.Truncate(j.size)
		j.reserved = 0 // it took the reserve along
	}
	return err, undo
}

// takeBack forgets the last size bytes.
func (j *journal) takeBack(size int) error {
	j.size -= int64(size)
	j.reserved = 0
	return j.file.Truncate(j.size)
}

func (j *journal) sync() error {
	if err := j.file.Sync(); err != nil {
		return err
	}
	if !j.entered {
		if err := syncDir(filepath.Dir(j.path)); err != nil {
			return err
		}
		j.entered = true
	}
	return nil
}

// close is for the end of a journal that was read as well, which has no file.
func (j *journal) close() error {
	if j.file == nil {
		return nil
	}
	return j.file.Close()
}

func (j *journal) remove() error { return errors.Join(j.close(), os.Remove(j.path)) }

// ending is how a journal ends.
type ending uint8

const (
	endsWhole ending = iota
	endsTorn         // with a write that never ended, which was cut off
	endsEarly        // before records that cannot be reached
)

// replay reads a journal into l, and makes sure that the disk has it.
func replay(path string, l *layer) (ending, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	rest := l.applyAll(b)
	if anyRecord(rest) {
		return endsEarly, nil
	}
	end := endsWhole
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	if len(rest) > 0 {
		end = endsTorn
		err = f.Truncate(int64(len(b) - len(rest)))
	}
	return end, errors.Join(err, f.Sync(), f.Close())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, fs.ErrInvalid) {
		err = nil // a file system that has no such thing
	}
	return errors.Join(err, d.Close())
}

// named turns the errors that mean there is no room into ErrFull.
func named(err error) error {
	if err == nil || errors.Is(err, datachannel.ErrFull) {
		return err
	}
	for _, full := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT} {
		// bbolt flattens some errors to text.
		if errors.Is(err, full) || strings.Contains(err.Error(), full.Error()) {
			return fmt.Errorf("%w: %w", datachannel.ErrFull, err)
		}
	}
	return err
}
