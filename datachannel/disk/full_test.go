package disk

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/parlorhq/parlor/datachannel"
)

// fill writes rows until one is refused, and returns the first number that was.
func fill(t *testing.T, s *Store, n uint64) uint64 {
	t.Helper()
	for end := n + 1_000_000; n < end; n++ {
		err := s.Write([]datachannel.Row{entry(n, 1000)})
		if errors.Is(err, datachannel.ErrFull) {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("never full")
	return 0
}

// holds fails unless exactly the entries from first to before last are there.
func holds(t *testing.T, s *Store, first, last uint64) {
	t.Helper()
	rows := dump(t, s, "r")
	if got := uint64(len(rows)); got != last-first {
		t.Errorf("%d rows, want %d", got, last-first)
	}
}

func TestCap(t *testing.T) {
	dir := t.TempDir()
	o := Options{MaxBytes: 2 << 20}
	s := open(t, dir, o)
	n := fill(t, s, 1)
	if n < 1000 || s.Used() > o.MaxBytes*9/8 { // rows that were within it are rounded to pages
		t.Errorf("full after %d rows of 1000 bytes with %d in use", n, s.Used())
	}
	for i := uint64(1); i < n/2; i++ { // deleting must not need room
		write(t, s, gone("r", datachannel.TableEntries, string(entry(i, 0).Key)))
	}
	holds(t, s, n/2, n)
	end := fill(t, s, n)
	if end-n < n/3 {
		t.Errorf("%d rows fit where %d were", end-n, n/2)
	}
	holds(t, s, n/2, end)

	for i := n / 2; i < n; i++ { // some air: what is in use is counted in pages
		write(t, s, gone("r", datachannel.TableEntries, string(entry(i, 0).Key)))
	}
	holds(t, s, n, end)

	// Rows that live for a while and go, as a log's do, never fill it, and the file does not grow.
	for i := range 10 * n {
		write(t, s, gone("r", datachannel.TableEntries, string(entry(n+i, 0).Key)))
		write(t, s, entry(end+i, 1000))
	}
	if err := s.Forget("r"); err != nil {
		t.Fatal(err)
	}
	if again := fill(t, s, 1); again < n*9/10 {
		t.Errorf("%d rows fit after Forget, %d before", again, n)
	}
	_ = s.Close()
	info, err := os.Stat(filepath.Join(dir, tableName))
	if err != nil || info.Size() > 2*o.MaxBytes+1<<20 {
		t.Errorf("%v: the table is a file of %d bytes", err, info.Size())
	}
}

// tmpfs is a disk of a few MiB.
func tmpfs(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("mounting a small disk needs root on Linux")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=6m"); err != nil {
		t.Skipf("cannot mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestFullDisk(t *testing.T) {
	for name, o := range map[string]Options{"folding never": {MaxBytes: 1 << 30}, "folding all the time": {MaxBytes: 1 << 30, foldAt: 100_000}} {
		t.Run(name, func(t *testing.T) {
			dir := tmpfs(t)
			ballast := filepath.Join(dir, "ballast")
			if err := os.WriteFile(ballast, make([]byte, 2<<20), 0o600); err != nil {
				t.Fatal(err)
			}
			s := open(t, dir, o)
			n := fill(t, s, 1)
			if n < 500 {
				t.Errorf("full after %d rows", n)
			}
			holds(t, s, 1, n)
			// A server that starts on a full disk has what was said.
			copied := t.TempDir()
			copyDir(t, dir, copied)
			holds(t, open(t, copied, o), 1, n)

			if err := os.Remove(ballast); err != nil {
				t.Fatal(err)
			}
			waitUntil(t, func() bool { return s.Write([]datachannel.Row{entry(n, 1000)}) == nil })
			end := fill(t, s, n+1)
			if end-n < 500 {
				t.Errorf("%d rows fit into the 2 MiB that were freed", end-n)
			}
			holds(t, s, 1, end)
			if err := s.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
			s = open(t, dir, o)
			holds(t, s, 1, end)

			if err := s.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
	t.Run("not reached by default", func(t *testing.T) {
		dir := tmpfs(t)
		s := open(t, dir, Options{})
		n := fill(t, s, 1)
		for i := uint64(1); i < n; i++ {
			write(t, s, gone("r", datachannel.TableEntries, string(entry(i, 0).Key)))
		}
		if again := fill(t, s, n); again-n < n*9/10 {
			t.Errorf("%d rows fit where %d were", again-n, n)
		}
	})
}

// waitUntil tries for a few seconds. It is for what a real disk does in its own time.
func waitUntil(t *testing.T, f func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); runtime.Gosched() {
		if f() {
			return
		}
	}
	t.Fatal("waited in vain")
}
