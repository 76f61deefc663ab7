package disk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parlorhq/parlor/datachannel"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(child(dir))
	}
	goleak.VerifyTestMain(m)
}

func open(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func row(room string, table datachannel.Table, key, value string) datachannel.Row {
	return datachannel.Row{Room: room, Table: table, Key: []byte(key), Value: []byte(value)}
}

func gone(room string, table datachannel.Table, key string) datachannel.Row {
	return datachannel.Row{Room: room, Table: table, Key: []byte(key)}
}

// entry is a row as a log has many of.
func entry(n uint64, size int) datachannel.Row {
	return datachannel.Row{
		Room: "r", Table: datachannel.TableEntries, Key: binary.BigEndian.AppendUint64(nil, n), Value: bytes.Repeat([]byte("x"), size),
	}
}

func write(t testing.TB, s *Store, rows ...datachannel.Row) {
	t.Helper()
	if err := s.Write(rows); err != nil {
		t.Fatal(err)
	}
}

// dump is a room in one line for each row.
func dump(t testing.TB, s *Store, room string) (lines []string) {
	t.Helper()
	err := s.Read(room, func(r datachannel.Row) error {
		if r.Room != room || r.Value == nil {
			t.Errorf("row %+v of room %q", r, room)
		}
		lines = append(lines, fmt.Sprintf("%d %s=%s", r.Table, r.Key, r.Value))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func roomsOf(t testing.TB, s *Store) map[string]int64 {
	t.Helper()
	all := map[string]int64{}
	if err := s.Rooms(func(room string, used int64) error { all[room] = used; return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	const cells, entries, sessions = datachannel.TableCells, datachannel.TableEntries, datachannel.TableSessions
	tests := []struct {
		name   string
		writes [][]datachannel.Row
		forget string // after the writes
		want   []string
		rooms  []string
	}{
		{name: "nothing"},
		{
			name:   "by table, then by key",
			writes: [][]datachannel.Row{{row("r", cells, "b", "1"), row("r", cells, "a", "2")}, {row("r", entries, "z", "3")}},
			want:   []string{"2 z=3", "4 a=2", "4 b=1"}, rooms: []string{"r"},
		},
		{
			name:   "the later row holds, within a write too",
			writes: [][]datachannel.Row{{row("r", cells, "a", "1"), row("r", cells, "a", "2")}, {row("r", cells, "b", "1")}, {row("r", cells, "b", "2")}},
			want:   []string{"4 a=2", "4 b=2"}, rooms: []string{"r"},
		},
		{
			name:   "a value may be empty",
			writes: [][]datachannel.Row{{row("r", cells, "", ""), row("r", cells, "a", "")}},
			want:   []string{"4 =", "4 a="}, rooms: []string{"r"},
		},
		{
			name:   "deleted",
			writes: [][]datachannel.Row{{row("r", cells, "a", "1"), row("r", cells, "b", "1")}, {gone("r", cells, "a"), gone("r", cells, "never")}},
			want:   []string{"4 b=1"}, rooms: []string{"r"},
		},
		{
			name:   "deleting makes no room",
			writes: [][]datachannel.Row{{gone("r", cells, "a")}},
		},
		{
			name:   "rooms are apart, and sessions of all are no room",
			writes: [][]datachannel.Row{{row("r", cells, "a", "1"), row("r2", cells, "a", "2"), row("", sessions, "s", "3")}},
			want:   []string{"4 a=1"}, rooms: []string{"r", "r2"},
		},
		{
			name:   "forgotten",
			writes: [][]datachannel.Row{{row("r", cells, "a", "1"), row("r2", cells, "a", "1")}},
			forget: "r", rooms: []string{"r2"},
		},
	}
	for _, test := range tests {
		// The same whether it is in memory, in the table, or half here and half there.
		for _, fold := range []string{"never", "each", "between"} {
			t.Run(test.name+"/"+fold, func(t *testing.T) {
				dir := t.TempDir()
				o := Options{}
				if fold == "each" {
					o.foldAt = 1
				}
				s := open(t, dir, o)
				for i, w := range test.writes {
					write(t, s, w...)
					if fold == "between" && i == 0 {
						_ = s.Close()
						s = open(t, dir, o)
					}
				}
				if test.forget != "" {
					if err := s.Forget(test.forget); err != nil {
						t.Fatal(err)
					}
				}
				for range 2 {
					if got := dump(t, s, "r"); !slices.Equal(got, test.want) {
						t.Errorf("got %q, want %q", got, test.want)
					}
					if got := slices.Sorted(maps.Keys(roomsOf(t, s))); !slices.Equal(got, test.rooms) {
						t.Errorf("rooms %q, want %q", got, test.rooms)
					}
					if err := s.Close(); err != nil {
						t.Fatal(err)
					}
					s = open(t, dir, o)
				}
			})
		}
	}
}

func TestRowsThatCannotBe(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	for _, r := range []datachannel.Row{
		row(strings.Repeat("r", maxRoom+1), datachannel.TableCells, "k", "v"),
		row("r", datachannel.TableCells, strings.Repeat("k", maxKey+1), "v"),
		row("r", 0, "k", "v"),
	} {
		if err := s.Write([]datachannel.Row{row("r", 1, "good", "v"), r}); err == nil {
			t.Errorf("took table %d, room of %d, key of %d bytes", r.Table, len(r.Room), len(r.Key))
		}
	}
	longest := row(strings.Repeat("r", maxRoom), datachannel.TableCells, strings.Repeat("k", maxKey), strings.Repeat("v", 2<<20))
	write(t, s, longest)
	if got := dump(t, s, "r"); got != nil {
		t.Errorf("half a write was taken: %q", got)
	}
	_ = s.Close()
	if got := dump(t, open(t, s.dir, Options{}), longest.Room); len(got) != 1 || len(got[0]) < 2<<20 {
		t.Errorf("%d rows", len(got))
	}
}

func TestRoomsSayWhenTheyWereUsed(t *testing.T) {
	var now int64 = 1_000_000
	o := Options{now: func() time.Time { return time.Unix(now, 0) }}
	s := open(t, t.TempDir(), o)
	steps := []struct{ at, want int64 }{
		{1_000_000, 1_000_000},
		{1_000_030, 1_000_000}, // at most one touch a minute
		{1_000_061, 1_000_061},
	}
	for _, step := range steps {
		now = step.at
		write(t, s, row("r", datachannel.TableCells, "k", "v"))
		if got := roomsOf(t, s)["r"]; got != step.at {
			t.Errorf("used at %d while in memory, want %d", got, step.at)
		}
		_ = s.Close()
		s = open(t, s.dir, o)
		if got := roomsOf(t, s)["r"]; got != step.want {
			t.Errorf("used at %d once folded, want %d", got, step.want)
		}
	}
}

func TestCallbacksMayCallAndEnd(t *testing.T) {
	s := open(t, t.TempDir(), Options{foldAt: 1})
	write(t, s, row("r", 1, "a", "1"), row("r", 1, "b", "1"))
	stop := errors.New("enough")
	calls := 0
	err := s.Read("r", func(r datachannel.Row) error {
		calls++
		write(t, s, gone("r", 1, "b"))
		return stop
	})
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
	if err := s.Rooms(func(string, int64) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("rooms: %v", err)
	}
}

func TestClosed(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, err := range map[string]error{
		"write":  s.Write([]datachannel.Row{row("r", 1, "a", "1")}),
		"forget": s.Forget("r"),
		"read":   s.Read("r", func(datachannel.Row) error { return nil }),
		"rooms":  s.Rooms(func(string, int64) error { return nil }),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOneServerForADirectory(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	start := time.Now()
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v", err)
	}
	if d := time.Since(start); d > time.Second {
		t.Errorf("said so after %s", d)
	}
	_ = s.Close()
	open(t, dir, Options{})
}

func TestOpeningLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	for range 5 {
		s := open(t, dir, Options{})
		_ = s.Close()
	}
	if numbers, err := listJournals(dir); err != nil || len(numbers) != 1 {
		t.Errorf("journals %d, %v", numbers, err)
	}
}

func TestDirectoryThatCannotBe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, Options{}); err == nil {
		t.Error("opened a file as a directory")
	}
}

func TestManyWriters(t *testing.T) {
	const writers, each = 16, 200
	dir := t.TempDir()
	s := open(t, dir, Options{foldAt: 20_000, Sync: time.Millisecond})
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			room := fmt.Sprintf("r%d", w%4)
			for i := range each {
				key := fmt.Sprintf("%02d-%04d", w, i)
				if err := s.Write([]datachannel.Row{row(room, 2, key, "x"), row(room, 4, key, "x")}); err != nil {
					t.Error(err)
					return
				}
			}
		})
		group.Go(func() {
			for range 20 {
				var tables [8]int
				err := s.Read("r0", func(r datachannel.Row) error { tables[r.Table]++; return nil })
				if err != nil || tables[2] != tables[4] {
					t.Errorf("%v: saw part of a write: %v", err, tables)
				}
				roomsOf(t, s)
			}
		})
	}
	group.Wait()
	for range 2 {
		for r := range 4 {
			if got := len(dump(t, s, fmt.Sprintf("r%d", r))); got != writers/4*each*2 {
				t.Errorf("room %d has %d rows", r, got)
			}
		}
		_ = s.Close()
		s = open(t, dir, Options{})
	}
}

func TestClosingWhileWriting(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	var mu sync.Mutex
	var acked []string
	var group sync.WaitGroup
	for w := range 8 {
		group.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%d-%04d", w, i)
				err := s.Write([]datachannel.Row{row("r", 2, key, "x")})
				if errors.Is(err, ErrClosed) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				acked = append(acked, "2 "+key+"=x")
				if len(acked) == 500 {
					group.Go(func() { _ = s.Close() })
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	slices.Sort(acked)
	if got := dump(t, open(t, dir, Options{}), "r"); !slices.Equal(got, acked) {
		t.Errorf("%d rows, %d were acknowledged", len(got), len(acked))
	}
}
