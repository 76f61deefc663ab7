package disk

import (
	"errors"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/parlorhq/parlor/datachannel"
)

// faults is what is wrong with a disk.
type faults struct {
	mu                            sync.Mutex
	write, sync, truncate, create error // what these return
	short                         int   // bytes that a failing write writes
	syncs                         int
	synced                        chan struct{} // has one for each sync, if there is room
}

func (f *faults) set(change func(f *faults)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *faults) open(path string) (file, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.create != nil {
		return nil, f.create
	}
	real, err := createFile(path)
	return &faulty{real, f}, err
}

type faulty struct {
	file
	f *faults
}

func (f *faulty) WriteAt(b []byte, at int64) (int, error) {
	f.f.mu.Lock()
	defer f.f.mu.Unlock()
	if f.f.write == nil {
		return f.file.WriteAt(b, at)
	}
	n, _ := f.file.WriteAt(b[:min(f.f.short, len(b))], at)
	return n, f.f.write
}

func (f *faulty) Sync() error {
	f.f.mu.Lock()
	defer f.f.mu.Unlock()
	f.f.syncs++
	select {
	case f.f.synced <- struct{}{}:
	default:
	}
	return errors.Join(f.f.sync, f.file.Sync())
}

func (f *faulty) Truncate(size int64) error {
	f.f.mu.Lock()
	defer f.f.mu.Unlock()
	if f.f.truncate != nil {
		return f.f.truncate
	}
	return f.file.Truncate(size)
}

func TestFailedWrite(t *testing.T) {
	tests := map[string]func(f *faults){
		"nothing written":                      func(f *faults) { f.write = syscall.EIO },
		"half written":                         func(f *faults) { f.write, f.short = syscall.EIO, 30 },
		"all written and not taken back":       func(f *faults) { f.write, f.short, f.truncate = syscall.EIO, 1<<20, syscall.EIO },
		"no room":                              func(f *faults) { f.write, f.short = syscall.ENOSPC, 30 },
		"over quota":                           func(f *faults) { f.write, f.short = syscall.EDQUOT, 30 },
		"not synced, when that is asked for":   func(f *faults) { f.sync = syscall.EIO },
		"nor synced nor taken back":            func(f *faults) { f.sync, f.truncate = syscall.EIO, syscall.EIO },
		"not synced, and no new journal to be": func(f *faults) { f.sync, f.create = syscall.EIO, syscall.EIO },
	}
	for name, fault := range tests {
		t.Run(name, func(t *testing.T) {
			dir, f := t.TempDir(), &faults{}
			s := open(t, dir, Options{create: f.open, Sync: -1})
			write(t, s, row("r", 2, "a", "1"))
			f.set(fault)
			for range 3 {
				err := s.Write([]datachannel.Row{row("r", 2, "b", "1")})
				if err == nil {
					t.Fatal("no error")
				}
				if full := f.write != nil && !errors.Is(f.write, syscall.EIO); errors.Is(err, datachannel.ErrFull) != full {
					t.Errorf("full is %t, but the error %v", full, err)
				}
				if got := dump(t, s, "r"); !slices.Equal(got, []string{"2 a=1"}) {
					t.Errorf("read %q", got)
				}
			}
			f.set(func(f *faults) { f.write, f.sync, f.truncate, f.create = nil, nil, nil, nil })
			waitUntil(t, func() bool { return s.Write([]datachannel.Row{row("r", 2, "c", "1")}) == nil })
			copied := t.TempDir()
			copyDir(t, dir, copied) // a kill at this moment
			for _, s := range []*Store{s, open(t, copied, Options{})} {
				if got := dump(t, s, "r"); s.Damage() != nil || !slices.Equal(got, []string{"2 a=1", "2 c=1"}) {
					t.Errorf("read %q, damage %v", got, s.Damage())
				}
			}
		})
	}
}

// TestFailedSync has the sync fail that comes after Write: what was acknowledged is in memory, and is written anew.
func TestFailedSync(t *testing.T) {
	f := &faults{synced: make(chan struct{}, 1), sync: syscall.EIO}
	dir := t.TempDir()
	s := open(t, dir, Options{create: f.open, Sync: time.Millisecond})
	write(t, s, row("r", 2, "a", "1"))
	<-f.synced
	waitUntil(t, func() bool { // the rows go to the table, and the journal that failed goes
		if err := s.Write([]datachannel.Row{row("r", 2, "b", "1")}); err != nil {
			t.Fatal(err) // the table is another file and works
		}
		numbers, err := listJournals(dir)
		return err == nil && numbers[0] > 1
	})
	f.set(func(f *faults) { f.sync = nil })
	copied := t.TempDir()
	copyDir(t, dir, copied)
	if got := dump(t, open(t, copied, Options{}), "r"); !slices.Equal(got, []string{"2 a=1", "2 b=1"}) {
		t.Errorf("read %q", got)
	}
}

func TestSync(t *testing.T) {
	t.Run("in the background, once for many", func(t *testing.T) {
		f := &faults{synced: make(chan struct{}, 1)}
		s := open(t, t.TempDir(), Options{create: f.open, Sync: 50 * time.Millisecond})
		start := time.Now()
		for n := range uint64(100) {
			write(t, s, entry(n, 10))
		}
		<-f.synced
		if d := time.Since(start); d < 40*time.Millisecond {
			t.Errorf("synced after %s", d)
		}
		f.set(func(f *faults) {
			if f.syncs > 2 {
				t.Errorf("%d syncs for 100 writes", f.syncs)
			}
		})
	})
	t.Run("before Write returns", func(t *testing.T) {
		f := &faults{}
		s := open(t, t.TempDir(), Options{create: f.open, Sync: -1})
		for n := range uint64(10) {
			write(t, s, entry(n, 10))
			f.set(func(f *faults) {
				if f.syncs != int(n+1) {
					t.Errorf("%d syncs after %d writes", f.syncs, n+1)
				}
			})
		}
	})
}
