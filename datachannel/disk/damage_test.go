package disk

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parlorhq/parlor/datachannel"
)

func copyDir(t testing.TB, from, to string) {
	t.Helper()
	// The table first: a journal may be removed as soon as it is folded. Then the table's copy is older, and the journal
	// must be there still: so journals that vanish begin it anew.
	for {
		again := false
		names, err := os.ReadDir(from)
		if err != nil {
			t.Fatal(err)
		}
		for _, pass := range []bool{false, true} {
			for _, e := range names {
				if strings.HasPrefix(e.Name(), "journal-") == pass || e.IsDir() || e.Name() == "ballast" {
					continue
				}
				b, err := os.ReadFile(filepath.Join(from, e.Name()))
				if errors.Is(err, os.ErrNotExist) {
					again = true
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(to, e.Name()), b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		if !again {
			return
		}
	}
}

// filled is a directory with 200 rows in its table and 50 in its journal, as a kill leaves it.
func filled(t *testing.T) string {
	t.Helper()
	dir, killed := t.TempDir(), t.TempDir()
	s := open(t, dir, Options{})
	for n := range uint64(200) {
		write(t, s, entry(n, 300))
	}
	_ = s.Close()
	s = open(t, dir, Options{})
	for n := range uint64(50) {
		write(t, s, entry(200+n, 300))
	}
	copyDir(t, dir, killed)
	return killed
}

func rewrite(t *testing.T, path string, f func(b []byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, f(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDamagedTable(t *testing.T) {
	garbage := bytes.Repeat([]byte("garbage!"), 1<<10)
	tests := map[string]func(b []byte) []byte{
		"empty":             func(b []byte) []byte { return nil },
		"one byte":          func(b []byte) []byte { return b[:1] },
		"one page":          func(b []byte) []byte { return b[:4096] },
		"two pages":         func(b []byte) []byte { return b[:8192] },
		"a few pages":       func(b []byte) []byte { return b[:5*4096] },
		"cut in a page":     func(b []byte) []byte { return b[:6*4096+100] },
		"garbage":           func(b []byte) []byte { return bytes.Repeat(garbage, 8) },
		"garbage for metas": func(b []byte) []byte { return append(bytes.Clone(garbage[:8192]), b[8192:]...) },
		"garbage for pages": func(b []byte) []byte { return append(bytes.Clone(b[:8192]), bytes.Repeat(garbage, 20)...) },
		"zeros for pages":   func(b []byte) []byte { return append(bytes.Clone(b[:8192]), make([]byte, len(b)-8192)...) },
	}
	for name, damage := range tests {
		t.Run(name, func(t *testing.T) {
			dir := filled(t)
			rewrite(t, filepath.Join(dir, tableName), damage)
			s := open(t, dir, Options{})
			if err := s.Damage(); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), filepath.Join(dir, "damaged-")) {
				t.Errorf("damage is %v", err)
			}
			// The journal belongs to what is lost: it would begin in the middle.
			if rows := dump(t, s, "r"); len(rows) > 0 {
				t.Errorf("%d rows", len(rows))
			}
			aside, _ := filepath.Glob(filepath.Join(dir, "damaged-*", "*"))
			if len(aside) < 2 {
				t.Errorf("set aside: %q", aside)
			}
			write(t, s, entry(1, 10))
			_ = s.Close()
			s = open(t, dir, Options{})
			if s.Damage() != nil {
				t.Errorf("damaged again: %v", s.Damage())
			}
			holds(t, s, 1, 2)
		})
	}
	t.Run("gone", func(t *testing.T) {
		dir := filled(t)
		if err := os.Remove(filepath.Join(dir, tableName)); err != nil {
			t.Fatal(err)
		}
		if s := open(t, dir, Options{}); !errors.Is(s.Damage(), ErrDamaged) {
			t.Errorf("damage is %v", s.Damage())
		}
	})
}

// newest is the journal of filled.
func newest(t *testing.T, dir string) string {
	t.Helper()
	numbers, err := listJournals(dir)
	if err != nil || len(numbers) == 0 {
		t.Fatal("no journal", err)
	}
	return journalPath(dir, numbers[len(numbers)-1])
}

// TestTornJournal cuts the journal at many bytes: whole records before the cut remain, and nothing is wrong.
func TestTornJournal(t *testing.T) {
	dir := filled(t)
	whole, err := os.ReadFile(newest(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	each := len(whole) / 50
	for _, end := range []int{0, 1, 5, each - 1, each, each + 1, 10*each + 7, 49*each + 11, 50*each - 1, 50 * each} {
		for _, tail := range []string{"", "\x00\x00\x00\x00", "PLJ1\xff\xff"} {
			t.Run(fmt.Sprintf("%d%q", end, tail), func(t *testing.T) {
				torn := t.TempDir()
				copyDir(t, dir, torn)
				rewrite(t, newest(t, torn), func(b []byte) []byte { return append(b[:end:end], tail...) })
				want := uint64(200 + end/each)
				for round := range uint64(3) { // and it goes on, over more kills
					s := open(t, torn, Options{})
					if s.Damage() != nil {
						t.Fatal(s.Damage())
					}
					holds(t, s, 0, want+round)
					write(t, s, entry(1000+round, 10))
					next := t.TempDir()
					copyDir(t, torn, next)
					torn = next
				}
			})
		}
	}
}

// TestDamagedJournal changes what was whole: what came before is kept, what cannot be relied on is set aside.
func TestDamagedJournal(t *testing.T) {
	flip := func(at float64) func(b []byte) []byte {
		return func(b []byte) []byte { b[int(float64(len(b))*at)] ^= 4; return b }
	}
	for name, test := range map[string]struct {
		damage func(b []byte) []byte
		want   uint64
	}{
		"a bit at its start":  {flip(0), 200},
		"a bit in the middle": {flip(0.501), 225},
		"a hole":              {func(b []byte) []byte { clear(b[len(b)/5 : len(b)/2]); return b }, 210},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filled(t)
			rewrite(t, newest(t, dir), test.damage)
			s := open(t, dir, Options{})
			if !errors.Is(s.Damage(), ErrDamaged) {
				t.Errorf("damage is %v", s.Damage())
			}
			holds(t, s, 0, test.want)
			write(t, s, entry(1000, 10))
			_ = s.Close()
			s = open(t, dir, Options{})
			if s.Damage() != nil {
				t.Error(s.Damage())
			}
			holds(t, s, 0, test.want+1)
		})
	}
	t.Run("one ends too soon", func(t *testing.T) {
		dir := filled(t)
		s := open(t, dir, Options{})
		write(t, s, entry(250, 300))
		killed := t.TempDir()
		copyDir(t, dir, killed)
		numbers, _ := listJournals(killed)
		rewrite(t, journalPath(killed, numbers[0]), func(b []byte) []byte { return b[:len(b)-1] })
		s = open(t, killed, Options{})
		if len(numbers) != 2 || !errors.Is(s.Damage(), ErrDamaged) {
			t.Errorf("journals %d, damage is %v", numbers, s.Damage())
		}
		holds(t, s, 0, 249)
	})
	t.Run("one is missing", func(t *testing.T) {
		dir := filled(t)
		old := newest(t, dir)
		numbers, _ := listJournals(dir)
		if err := os.Rename(old, journalPath(dir, numbers[len(numbers)-1]+1)); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir, Options{})
		if !errors.Is(s.Damage(), ErrDamaged) {
			t.Errorf("damage is %v", s.Damage())
		}
		holds(t, s, 0, 200)
	})
}

// FuzzRecords reads what may be anything: it must end, and make sense of all of it or leave it.
func FuzzRecords(f *testing.F) {
	f.Add([]byte{}, []byte{})
	f.Add(encodeForget("room", 1)[recordHeader:], []byte("PLJ1"))
	if record, _, err := encode([]datachannel.Row{row("r", 1, "k", "v"), gone("r", 2, "k")}, 1); err == nil {
		f.Add(record[recordHeader:], record)
	}
	f.Fuzz(func(t *testing.T, payload, tail []byte) {
		b := append(seal(append(newRecord(0, 0)[:recordHeader], payload...)), tail...)
		l := newLayer()
		rest := l.applyAll(b)
		if !bytes.HasSuffix(b, rest) || l.bytes < len(b)-len(rest) {
			t.Errorf("%d of %d bytes are left after %d", len(rest), len(b), l.bytes)
		}
		_ = anyRecord(rest)
	})
}
