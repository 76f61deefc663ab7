package files

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/parlorhq/parlor/internal/metrics"
)

const kib = 1 << 10

// open is a store with small limits: two files of 64 KiB in a room, three in all.
func open(t *testing.T, dir string, now func() time.Time) *Store {
	t.Helper()
	s, err := Open(Config{
		Dir: dir, now: now, Metrics: metrics.New(),
		Limits: Limits{File: 64 * kib, Room: 128 * kib, Total: 192 * kib, Age: time.Hour * 24},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// both runs a test for either shelf.
func both(t *testing.T, f func(t *testing.T, dir string)) {
	t.Run("memory", func(t *testing.T) { f(t, "") })
	t.Run("disk", func(t *testing.T) { f(t, t.TempDir()) })
}

func put(t *testing.T, s *Store, room, name string, content []byte) File {
	t.Helper()
	f, err := s.Put(room, name, "", int64(len(content)), bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func read(t *testing.T, s *Store, id string) (File, []byte) {
	t.Helper()
	f, c, err := s.Get(id)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return f, b
}

func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

func TestPutAndGet(t *testing.T) {
	both(t, func(t *testing.T, dir string) {
		s := open(t, dir, nil)
		for _, size := range []int{1, sniffed, sniffed + 1, 64 * kib} {
			want := noise(size)
			f := put(t, s, "r", "a.bin", want)
			got, content := read(t, s, f.ID)
			if !bytes.Equal(content, want) || got.Name != "a.bin" || got.Size != int64(size) || got.Type != Any || got.Room != "r" {
				t.Errorf("%d bytes came back as %d: %+v", size, len(content), got)
			}
			s.Forget("r")
			if _, _, err := s.Get(f.ID); !errors.Is(err, ErrNotFound) {
				t.Errorf("after its room was forgotten: %v", err)
			}
		}
		if s.used != 0 || len(s.rooms) != 0 || len(s.byID) != 0 {
			t.Errorf("left: %d bytes, %d rooms, %d files", s.used, len(s.rooms), len(s.byID))
		}
		if dir != "" {
			if left, _ := os.ReadDir(dir); len(left) != 0 {
				t.Errorf("left on the disk: %v", left)
			}
		}
	})
}

func TestBounds(t *testing.T) {
	both(t, func(t *testing.T, dir string) {
		s := open(t, dir, nil)
		try := func(room string, size int64) error {
			_, err := s.Put(room, "a", "", size, bytes.NewReader(noise(max(0, int(size)))))
			return err
		}
		for _, c := range []struct {
			room string
			size int64
			want error
		}{
			{"a", 0, ErrEmpty},
			{"a", -1, ErrEmpty},
			{"a", 64*kib + 1, ErrTooLarge},
			{"a", 64 * kib, nil},
			{"a", 63 * kib, nil},
			{"a", 1, ErrFull}, // a small one counts 16 KiB
			{"b", 48 * kib, nil},
			{"c", 16 * kib, nil},
			{"c", 1, ErrFull}, // the server's
		} {
			if err := try(c.room, c.size); !errors.Is(err, c.want) {
				t.Errorf("%d bytes in %s: %v, not %v", c.size, c.room, err, c.want)
			}
		}
		s.Forget("a")
		if err := try("c", 64*kib); err != nil {
			t.Errorf("after a room gave its place back: %v", err)
		}
	})
}

// Who did not send what they announced has taken no place.
func TestWhatDoesNotComeWhole(t *testing.T) {
	broken := errors.New("broken")
	both(t, func(t *testing.T, dir string) {
		s := open(t, dir, nil)
		for _, r := range []io.Reader{
			strings.NewReader(""),
			strings.NewReader("short"),
			bytes.NewReader(noise(63 * kib)),
			io.MultiReader(bytes.NewReader(noise(20*kib)), iotest.ErrReader(broken)),
		} {
			if _, err := s.Put("r", "a", "", 64*kib, r); !errors.Is(err, ErrShort) {
				t.Errorf("%v", err)
			}
		}
		if s.used != 0 || len(s.rooms) != 0 {
			t.Errorf("%d bytes in %d rooms are taken by nothing", s.used, len(s.rooms))
		}
		if dir != "" {
			if left, _ := os.ReadDir(dir); len(left) != 0 {
				t.Errorf("left on the disk: %v", left)
			}
		}
	})
}

// However many come at once, bounds hold at every moment.
func TestManyAtOnce(t *testing.T) {
	both(t, func(t *testing.T, dir string) {
		s := open(t, dir, nil)
		var taken [3]int
		var mu sync.Mutex
		var all sync.WaitGroup
		for i := range 60 {
			all.Go(func() {
				room := i % 3
				_, err := s.Put(string(rune('a'+room)), "f", "", 32*kib, bytes.NewReader(noise(32*kib)))
				if err != nil && !errors.Is(err, ErrFull) {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					taken[room]++
				}
			})
		}
		all.Wait()
		if taken[0]+taken[1]+taken[2] != 6 || max(taken[0], taken[1], taken[2]) > 4 || s.used != 192*kib {
			t.Errorf("taken %v, %d bytes", taken, s.used)
		}
	})
}

// A file that is on its way while its room is forgotten does not stay.
func TestForgottenMeanwhile(t *testing.T) {
	both(t, func(t *testing.T, dir string) {
		s := open(t, dir, nil)
		content := noise(40 * kib)
		r := io.MultiReader(bytes.NewReader(content[:10*kib]), call(func() { s.Forget("r") }), bytes.NewReader(content[10*kib:]))
		if _, err := s.Put("r", "a", "", 40*kib, r); !errors.Is(err, ErrNotFound) {
			t.Errorf("%v", err)
		}
		put(t, s, "r", "of the next room of this name", content)
		if s.used != 40*kib || len(s.byID) != 1 {
			t.Errorf("%d bytes, %d files", s.used, len(s.byID))
		}
	})
}

type call func()

func (c call) Read([]byte) (int, error) { c(); return 0, io.EOF }

func TestSweep(t *testing.T) {
	both(t, func(t *testing.T, dir string) {
		now := time.Now()
		s := open(t, dir, func() time.Time { return now })
		asked, old, elsewhere := put(t, s, "r", "asked", noise(9)), put(t, s, "r", "old", noise(9)), put(t, s, "gone", "x", noise(9))
		now = now.Add(23 * time.Hour)
		read(t, s, asked.ID)
		s.Sweep(func(room string) bool { return room == "r" })
		if _, _, err := s.Get(elsewhere.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("a file of a room that is gone: %v", err)
		}
		s.mu.Lock()
		if len(s.byID) != 2 {
			t.Errorf("%d files before their time", len(s.byID))
		}
		s.mu.Unlock()
		now = now.Add(2 * time.Hour)
		if dir != "" { // what was asked for is known after a restart too
			s = open(t, dir, func() time.Time { return now })
		}
		s.Sweep(func(string) bool { return true })
		if _, _, err := s.Get(old.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("a file that nobody asked for in a day: %v", err)
		}
		read(t, s, asked.ID)
		if s.used != leastCharge || s.cfg.Metrics.DroppedCount("file_age") != 1 {
			t.Errorf("%d bytes are taken, %v were dropped", s.used, s.cfg.Metrics.DroppedCount("file_age"))
		}
	})
}

func TestRestart(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	want := append([]byte("GIF89a"), noise(30*kib)...)
	kept := put(t, s, "ein Raum/\n", "Bild\n.gif", want)
	cut := put(t, s, "r", "cut", noise(10*kib))
	if err := os.Truncate(filepath.Join(dir, cut.ID), 5*kib); err != nil {
		t.Fatal(err)
	}
	junk := put(t, s, "r", "junk", noise(10))
	for name, content := range map[string]string{
		junk.ID: "no line", strings.Repeat("A", 26) + ".part": "half", strings.Repeat("B", 26): "{}\n", "README": "not ours",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s = open(t, dir, nil)
	f, content := read(t, s, kept.ID)
	if !bytes.Equal(content, want) || f.Room != "ein Raum/\n" || f.Name != "Bild.gif" || f.Type != "image/gif" {
		t.Errorf("came back as %+v, %d bytes", f, len(content))
	}
	left, _ := os.ReadDir(dir)
	if len(left) != 2 || len(s.byID) != 1 || s.used != charge(f.Size) {
		t.Errorf("left: %v, %d files, %d bytes", left, len(s.byID), s.used)
	}
}

func TestFullDisk(t *testing.T) {
	if err := fullOr(&os.PathError{Op: "write", Err: syscall.ENOSPC}); !errors.Is(err, ErrFull) {
		t.Error(err)
	}
	if err := fullOr(io.ErrClosedPipe); errors.Is(err, ErrFull) {
		t.Error(err)
	}
	// What cannot be written is no fault of who sends it.
	s := open(t, t.TempDir(), nil)
	d := s.shelf.(*disk)
	if err := os.RemoveAll(d.dir); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put("r", "a", "", 9, bytes.NewReader(noise(9))); err == nil || errors.Is(err, ErrShort) || s.used != 0 {
		t.Errorf("%v, %d bytes", err, s.used)
	}
}
