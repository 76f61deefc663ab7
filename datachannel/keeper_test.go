package datachannel

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

var errBroken = errors.New("broken")

// large is a message of which two fill what is written at once.
func large() Entry { return message(strings.Repeat("x", keepBytes*6/10)) }

// backlog appends so much while the store is busy that it takes several writes, once it is released.
func backlog(t *testing.T, s *shelf, l *Log) (release func()) {
	t.Helper()
	release = s.hold()
	mustAppend(t, l, message("first"), time.Now())
	synctest.Wait()
	for range 5 {
		mustAppend(t, l, large(), time.Now())
	}
	return release
}

// A write of a part of what waits may fail like any other.
func TestABacklogIsWrittenAfterAFailure(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		l, _ := open(t, s, LogConfig{})
		s.meet = func(write int, _ []Row) error {
			if write == 2 {
				return errBroken
			}
			return nil
		}
		backlog(t, s, l)()
		time.Sleep(2 * retryAfter)
		mustAppend(t, l, message("last"), time.Now())
		synctest.Wait()
		if again, _ := open(t, s.as(), LogConfig{}); again.Head() != 7 || l.Head() != 7 {
			t.Errorf("written up to %d of %d", again.Head(), l.Head())
		}
	})
}

// What comes while a part is written is not written twice.
func TestABacklogIsWrittenOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		l, _ := open(t, s, LogConfig{})
		s.meet = func(write int, rows []Row) error {
			seen := map[string]bool{}
			for _, r := range rows {
				name := fmt.Sprintf("%s %d %s", r.Room, r.Table, r.Key)
				if seen[name] {
					t.Errorf("write %d has %q twice", write, name)
				}
				seen[name] = true
			}
			if write > 1 && write < 10 {
				mustAppend(t, l, message("more"), time.Now())
			}
			return nil
		}
		backlog(t, s, l)()
		synctest.Wait()
		if l.Head() != 6+8 {
			t.Errorf("written up to %d", l.Head())
		}
	})
}

// Close writes all that waits, however much it is, and tries once more what has just failed.
func TestACloseWritesABacklog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		l, k := open(t, s, LogConfig{})
		backlog(t, s, l)()
		k.Close()
		if again, _ := open(t, s.as(), LogConfig{}); again.Head() != 6 {
			t.Errorf("written up to %d, want 6", again.Head())
		}

		s = newShelf()
		l, k = open(t, s, LogConfig{})
		s.fail(errBroken)
		mustAppend(t, l, Entry{Kind: EntryEvent, Type: "joined"}, time.Now())
		synctest.Wait()
		s.fail(nil)
		k.Close()
		if again, _ := open(t, s.as(), LogConfig{}); again.Head() != 1 {
			t.Error("what had failed was not tried again")
		}
	})
}

// A batch has about so many bytes, of however many logs, and all have their turn.
func TestABatchIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		k := NewKeeper(s, zerolog.Nop(), nil)
		defer k.Close()
		var logs []*Log
		for i := range 10 {
			l, err := NewLog(LogConfig{Keeper: k, Room: fmt.Sprint("room", i)})
			if err != nil {
				t.Fatal(err)
			}
			logs = append(logs, l)
		}
		most, began, ended := 0, map[string]int{}, map[string]int{}
		s.meet = func(write int, rows []Row) error {
			size := 0
			for _, r := range rows {
				size += len(r.Value)
				if r.Room != "" && began[r.Room] == 0 {
					began[r.Room] = write
				}
				ended[r.Room] = write
			}
			most = max(most, size)
			return nil
		}
		release := s.hold()
		mustAppend(t, logs[9], message("first"), time.Now())
		synctest.Wait()
		for range 3 {
			for _, l := range logs {
				mustAppend(t, l, large(), time.Now())
			}
		}
		release()
		synctest.Wait()
		for i, l := range logs {
			name := fmt.Sprint("room", i)
			if l.Head() < 3 {
				t.Errorf("log %d is at %d", i, l.Head())
			}
			for other, write := range ended {
				if other != "" && write < began[name] {
					t.Errorf("%s had to wait until %s was done", name, other)
				}
			}
		}
		if most > 2*keepBytes {
			t.Errorf("a write of %d bytes", most)
		}
	})
}

// Nobody waits for a store that fails to get to what they have said.
func TestAllAreToldOfAFailure(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		l, k := open(t, s, LogConfig{})
		other, err := NewLog(LogConfig{Keeper: k, Room: "other"})
		if err != nil {
			t.Fatal(err)
		}
		release := backlog(t, s, l)
		mustAppend(t, other, message("x"), time.Now())
		s.fail(errBroken)
		release()
		synctest.Wait()
		for _, l := range []*Log{l, other} {
			if _, err := l.Append(message("y"), time.Now()); l.Head() != l.last || !errors.Is(err, ErrNotStored) {
				t.Errorf("heard up to %d of %d; the next one: %v", l.Head(), l.last, err)
			}
		}
	})
}

// Rows by hand do not overtake those that wait with an entry behind others, and others are not kept waiting.
func TestRowsWaitForThoseBeforeThem(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		l, k := open(t, s, LogConfig{})
		release := backlog(t, s, l)
		session := Row{Table: TableSessions, Key: []byte("s_a"), Value: []byte("away")}
		if _, err := l.Append(Entry{Kind: EntryEvent, Type: "left", Rows: []Row{session}}, time.Now()); err != nil {
			t.Fatal(err)
		}
		session.Value = nil
		k.Later(session, Row{Table: TableTaken, Key: []byte("s_a")})
		waited := make(chan error, 1)
		go func() {
			waited <- k.Put(t.Context(), Row{Table: TableSessions, Key: []byte("s_b"), Value: []byte("here")})
		}()
		synctest.Wait()
		written := map[string]int{}
		s.meet = func(write int, rows []Row) error {
			for _, r := range rows {
				written[string(r.Key)] = write
			}
			return nil
		}
		release()
		synctest.Wait()
		if _, there := s.as().rows["\x00\x05s_a"]; there || l.Head() != 7 {
			t.Errorf("a session that was deleted is there, at %d", l.Head())
		}
		if err := <-waited; err != nil || written["s_b"] >= written["s_a"] {
			t.Errorf("%v; who asked for other rows waited for write %d of %d", err, written["s_b"], s.writes)
		}
	})
}

// What is asked for while the disk hangs is bounded, and who asked first is told that it was for nothing.
func TestAsksAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShelf()
		l, k := open(t, s, LogConfig{})
		release := s.hold()
		mustAppend(t, l, message("x"), time.Now())
		synctest.Wait()
		waited := make(chan error, 1)
		go func() {
			waited <- k.Put(t.Context(), Row{Table: TableSessions, Key: []byte("first"), Value: []byte("x")})
		}()
		synctest.Wait()
		for range pendingAsks + 4 {
			k.Later(Row{Table: TableSessions, Key: []byte("s"), Value: []byte("x")})
		}
		if err := <-waited; !errors.Is(err, ErrNotStored) {
			t.Errorf("who asked first is told %v", err)
		}
		if n := k.metrics.DroppedCount("store_rows"); n != 5 {
			t.Errorf("%v counted, want 5", n)
		}
		release()
		synctest.Wait()
		if n := s.count(TableSessions); n != 1 {
			t.Errorf("%d rows", n)
		}
	})
}
